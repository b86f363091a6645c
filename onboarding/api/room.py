"""The bodies of requests, of which a process holds only so many bytes at a time: what comes beyond is refused, not kept.

A refusal is decided before the body is taken in where its length is declared, and in the middle of it where it is not.
What a refused client still sends is read and thrown away as it comes, since most clients that are still sending do not hear
an answer; one that sends `Expect: 100-continue` (RFC 9110, section 10.1.1) is refused before it begins.
"""

from __future__ import annotations

from asyncio import timeout
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from fastapi import Request

from onboarding.api.composed import MOST_BYTES
from onboarding.api.problems import Problem

LARGEST = 2 * MOST_BYTES
"""Bytes of one request."""

MOST_HELD = 128_000_000
"""Bytes of all requests that one process holds, those that wait for their decision included."""

DISCARDING_SECONDS = 10.0
"""For so long a refused body is still read; then the connection is closed."""


class Room:
    """How many bytes are held. One request always finds room, however large it is."""

    def __init__(self, most: int = MOST_HELD) -> None:
        self._most = most
        self._held = 0

    @property
    def held(self) -> int:
        """Bytes that are held or promised."""
        return self._held

    def take(self, size: int, own: int = 0) -> bool:
        """Takes so many bytes; whether there was room. `own` is what the same request has taken before."""
        if self._held > own and self._held + size > self._most:
            return False
        self._held += size
        return True

    def give(self, size: int) -> None:
        """Gives bytes back."""
        self._held -= size


@asynccontextmanager
async def held_body(
    request: Request, room: Room, busy: Callable[[], Problem], *, full: bool = False
) -> AsyncIterator[bytes]:
    """The whole body, held within the block. Raises Problem: 413 for one that is too large whoever else there is, and what
    `busy` gives where there is no room for it, or for anything (`full`)."""
    declared = _declared(request)
    if declared > LARGEST:
        raise Problem(413, "too-large", f"a request may have {LARGEST:,} bytes", {"Connection": "close"})
    taken = 0
    stream = request.stream()
    try:
        if full or not room.take(declared):
            raise await _refused(request, stream, busy())
        taken = declared
        pieces: list[bytes] = []
        size = 0
        async for piece in stream:
            size += len(piece)
            if size > LARGEST:
                raise Problem(413, "too-large", f"a request may have {LARGEST:,} bytes", {"Connection": "close"})
            if size > taken:
                if not room.take(size - taken, taken):
                    pieces.clear()
                    raise await _refused(request, stream, busy())
                taken = size
            pieces.append(piece)
        whole = [b"".join(pieces)]
        pieces.clear()
        # Nothing of it is kept here: what the block lets go of is gone.
        yield whole.pop()
    finally:
        room.give(taken)


def _declared(request: Request) -> int:
    length = request.headers.get("content-length", "")
    return int(length) if length.isascii() and length.isdigit() and len(length) < 20 else 0


async def _refused(request: Request, stream: AsyncIterator[bytes], problem: Problem) -> Problem:
    """The refusal, once what the client still sends was thrown away."""
    if request.headers.get("expect", "").lower() != "100-continue":
        with suppress(TimeoutError):
            async with timeout(DISCARDING_SECONDS):
                async for _ in stream:
                    pass
                return problem
    problem.headers = (problem.headers or {}) | {"Connection": "close"}
    return problem
