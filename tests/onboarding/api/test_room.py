"""Bodies of requests are held up to a bound; beyond it they are refused early, and nothing of them is kept."""

from __future__ import annotations

import asyncio
import tracemalloc
from typing import Any

import pytest
from fastapi import Request

from onboarding.api import room as held
from onboarding.api.problems import Problem
from onboarding.api.room import Room, held_body

PIECE = 64_000


def busy() -> Problem:
    return Problem(429, "busy", "try again", {"Retry-After": "1"})


class Client:
    """Sends a body in pieces; `took` of them were taken from it."""

    def __init__(self, size: int, *, declares: bool = True, expects: bool = False) -> None:
        self.took, self._left = 0, size
        headers = [(b"content-length", str(size).encode())] if declares else []
        headers += [(b"expect", b"100-continue")] if expects else []
        self.request = Request({"type": "http", "method": "POST", "path": "/", "headers": headers}, self._receive)

    async def _receive(self) -> dict[str, Any]:
        await asyncio.sleep(0)
        self.took += 1
        piece = bytes(min(PIECE, self._left))
        self._left -= len(piece)
        return {"type": "http.request", "body": piece, "more_body": self._left > 0}


def length_of(client: Client, room: Room, *, full: bool = False) -> int:
    async def read() -> int:
        async with held_body(client.request, room, busy, full=full) as body:
            assert room.held >= len(body)
            return len(body)

    return asyncio.run(read())


@pytest.mark.parametrize("declares", [True, False])
def test_what_finds_room_is_read_whole_and_given_back(declares: bool) -> None:
    room = Room(1_000_000)
    assert length_of(Client(900_000, declares=declares), room) == 900_000
    assert length_of(Client(5_000_000, declares=declares), room) == 5_000_000, "one alone always finds room"
    assert room.held == 0


@pytest.mark.parametrize("declares", [True, False])
def test_what_finds_no_room_is_refused_and_nothing_of_it_is_kept(declares: bool) -> None:
    room = Room(4_000_000)
    room.take(3_000_000)
    client = Client(2_000_000, declares=declares)
    with pytest.raises(Problem) as refused:
        length_of(client, room)
    assert (refused.value.status, room.held) == (429, 3_000_000)
    assert refused.value.headers == {"Retry-After": "1"}, "it was heard out, so the connection goes on"


def test_a_body_is_gone_when_the_block_lets_go_of_it() -> None:
    async def read() -> tuple[int, int]:
        async with held_body(Client(8_000_000).request, Room(), busy) as body:
            before = tracemalloc.get_traced_memory()[0]
            size = len(body)
            del body
            return size, before - tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        size, freed = asyncio.run(read())
    finally:
        tracemalloc.stop()
    assert freed > 0.9 * size


@pytest.mark.parametrize("full", [True, False])
def test_who_asks_first_is_refused_before_sending_anything(full: bool) -> None:
    room = Room(4_000_000)
    room.take(3_000_000)
    client = Client(2_000_000, expects=True)
    with pytest.raises(Problem) as refused:
        length_of(client, room, full=full)
    assert (refused.value.status, client.took) == (429, 0)
    assert refused.value.headers == {"Retry-After": "1", "Connection": "close"}


def test_a_refused_client_that_never_ends_is_not_heard_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "DISCARDING_SECONDS", 0.05)
    with pytest.raises(Problem) as refused:
        length_of(Client(10**15, declares=False), Room(4_000_000), full=True)
    assert refused.value.headers == {"Retry-After": "1", "Connection": "close"}


@pytest.mark.parametrize("declares", [True, False])
def test_too_large_is_too_large_for_anybody(declares: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(held, "LARGEST", 1_000_000)
    with pytest.raises(Problem, match="1,000,000 bytes") as refused:
        length_of(Client(2_000_000, declares=declares), Room())
    assert refused.value.status == 413


@pytest.mark.parametrize("declares", [True, False])
def test_memory_does_not_grow_with_what_is_offered(declares: bool) -> None:
    """60 clients offer 2 MB each at once to a process that holds 8 MB: 120 MB unbounded."""
    room, release = Room(8_000_000), asyncio.Event()

    async def one() -> int:
        try:
            async with held_body(Client(2_000_000, declares=declares).request, room, busy):
                await release.wait()
                return 200
        except Problem as problem:
            return problem.status

    async def all_at_once() -> tuple[list[int], int]:
        clients = [asyncio.create_task(one()) for _ in range(60)]
        for _ in range(200):
            await asyncio.sleep(0)
        _, peak = tracemalloc.get_traced_memory()
        release.set()
        return await asyncio.gather(*clients), peak

    tracemalloc.start()
    try:
        answers, peak = asyncio.run(all_at_once())
    finally:
        tracemalloc.stop()
    assert set(answers) <= {200, 429}
    assert answers.count(429) >= 56
    assert peak < 16_000_000, f"{peak:,} bytes at the peak"
    assert room.held == 0
