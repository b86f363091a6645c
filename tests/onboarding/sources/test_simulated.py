"""The simulated organisation as a source: the same mail always, in pages that resume, consistent between mailboxes."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from hashlib import sha256
from itertools import chain

import pytest

from detection.mail.message import Folder
from onboarding.sources.base import Listed, SourceError
from onboarding.sources.simulated import SimulatedSource
from onboarding.sources.simulated.mailbox import Delivery

URI = "simulated:seed=11,mailboxes=24,days=20,rate=25,attacks=60,zones=london+sanfrancisco+sydney"


@pytest.fixture(scope="module")
def source() -> SimulatedSource:
    return SimulatedSource(URI)


@pytest.fixture(scope="module")
def history(source: SimulatedSource) -> dict[str, list[Listed]]:
    return {box.name: _read(source, box.name) for box in source.mailboxes()}


@pytest.fixture(scope="module")
def deliveries(source: SimulatedSource) -> dict[str, list[Delivery]]:
    return {box.name: list(source.deliveries(box.name)) for box in source.mailboxes()}


def _read(source: SimulatedSource, mailbox: str, cursor: str | None = None) -> list[Listed]:
    return list(chain.from_iterable(page.messages for page in source.pages(mailbox, cursor)))


def _bytes(listed: Listed) -> bytes:
    assert isinstance(listed.content, bytes)
    return listed.content


def _digest(messages: list[Listed]) -> str:
    return sha256(b"\0".join(message.path.encode() + _bytes(message) for message in messages)).hexdigest()


def test_another_process_reading_in_another_order_gives_the_same_bytes(history: dict[str, list[Listed]]) -> None:
    names = list(history)[::-3]
    program = (
        "import sys; from hashlib import sha256; from onboarding.sources.simulated import SimulatedSource\n"
        f"source = SimulatedSource({URI!r})\n"
        "for name in sys.argv[1:]:\n"
        "    messages = [m for page in source.pages(name, None) for m in page.messages]\n"
        "    print(sha256(b'\\0'.join(m.path.encode() + m.content for m in messages)).hexdigest())\n"
    )
    run = subprocess.run([sys.executable, "-c", program, *names], capture_output=True, text=True, check=True)
    assert run.stdout.split() == [_digest(history[name]) for name in names]


def test_another_seed_is_another_company(source: SimulatedSource) -> None:
    other = SimulatedSource(URI.replace("seed=11", "seed=12"))
    assert other.domains != source.domains
    assert {p.address for p in other.people}.isdisjoint(p.address for p in source.people)


def test_every_cursor_continues_where_its_page_ended(source: SimulatedSource) -> None:
    busy = SimulatedSource("simulated:mailboxes=5,days=12,rate=300")
    name = busy.mailboxes()[0].name
    pages = list(busy.pages(name, None))
    assert len(pages) > 2
    assert all(0 < len(page.messages) <= 500 for page in pages)
    for n, page in enumerate(pages):
        assert list(busy.pages(name, page.cursor)) == pages[n + 1 :]


def test_resuming_anywhere_gives_the_rest(source: SimulatedSource, history: dict[str, list[Listed]]) -> None:
    name = source.mailboxes()[3].name
    positions = [(d.day, d.number) for d in source.deliveries(name)]
    for at in (1, len(positions) // 3, len(positions) - 1):
        day, number = positions[at]
        assert _read(source, name, f"{day}.{number}") == history[name][at:]
    assert _read(source, name, "20.0") == _read(source, name, "999999.0") == []


@pytest.mark.parametrize("cursor", ["", "x", "3", "3.x", "-1.0", "1.-1", "٣.٠", "1.0.0"])
def test_a_foreign_cursor_is_refused(source: SimulatedSource, cursor: str) -> None:
    with pytest.raises(SourceError, match="not a cursor"):
        next(source.pages(source.mailboxes()[0].name, cursor))


def test_an_unknown_mailbox_is_refused(source: SimulatedSource) -> None:
    with pytest.raises(SourceError, match=r"no mailbox 'nobody@example\.com'"):
        next(source.pages("nobody@example.com", None))


def test_paths_are_unique_and_say_mailbox_folder_and_day(history: dict[str, list[Listed]]) -> None:
    paths = [message.path for messages in history.values() for message in messages]
    assert len(set(paths)) == len(paths)
    for name, messages in history.items():
        for message in messages:
            mailbox, folder, year, month, rest = message.path.split("/")
            assert (mailbox, folder, year) == (name, message.folder.name.lower(), "2026")
            assert rest.endswith(".eml")
            assert month in ("01", "02")


def test_history_lies_within_its_days_in_time_order(source: SimulatedSource, history: dict[str, list[Listed]]) -> None:
    first = source.options.first_second
    for messages in history.values():
        times = [message.time_hint or 0 for message in messages]
        assert times == sorted(times)
        assert all(first <= time < first + 20 * 86_400 for time in times)


def test_volume_is_what_was_asked_for() -> None:
    source = SimulatedSource("simulated:mailboxes=40,days=42,attacks=0")
    counts = {box.name: sum(1 for _ in source.deliveries(box.name)) for box in source.mailboxes()}
    assert sum(counts.values()) == pytest.approx(sum(box.estimate or 0 for box in source.mailboxes()), rel=0.15)


def test_whoever_is_addressed_has_the_mail(source: SimulatedSource, deliveries: dict[str, list[Delivery]]) -> None:
    """Each mailbox is worked out alone; yet a mail to several lies with all of them, and its author keeps a copy."""
    lies_with: dict[str, set[str]] = defaultdict(set)
    for name, found in deliveries.items():
        assert len({d.mail.message_id for d in found}) == len(found)
        for delivery in found:
            lies_with[delivery.mail.message_id].add(name)
    by_address = source.world.by_mailbox
    for found in deliveries.values():
        for delivery in found:
            mail = delivery.mail
            named = [a.address for a in (*mail.to, *mail.cc) if a.address in by_address]
            if mail.author is not None:
                named.append(source.people[mail.author].address)
            for address in named:
                assert by_address[address].present(delivery.day) == (address in lies_with[mail.message_id]), mail


def test_copies_differ_in_nothing_but_what_the_receiving_servers_wrote(history: dict[str, list[Listed]]) -> None:
    copies: dict[bytes, list[tuple[Folder, bytes]]] = defaultdict(list)
    for messages in history.values():
        for message in messages:
            raw = _bytes(message)
            start = raw.index(b"\r\nMessage-ID: ")
            copies[raw[start : raw.index(b"\r\n", start + 2)]].append((message.folder, raw))
    several = [found for found in copies.values() if len(found) > 1]
    assert len(several) > len(copies) / 10
    for found in several:
        assert len({_below_transport(raw) for _, raw in found}) == 1
        for folder, raw in found:
            assert (b"\r\nReceived:" in raw.partition(b"\r\n\r\n")[0]) == (folder is not Folder.SENT)


def _below_transport(raw: bytes) -> bytes:
    """The mail from the first header that its author's program wrote."""
    lines = raw.split(b"\r\n")
    first = next(i for i, line in enumerate(lines) if line.startswith((b"From: ", b"Date: ")))
    return b"\r\n".join(lines[first:])


def test_joiners_and_leavers_have_mail_only_while_they_are_there() -> None:
    source = SimulatedSource("simulated:mailboxes=150,days=60,rate=8")
    moved = [person for person in source.people if person.joined > 0 or person.left is not None]
    assert any(person.joined > 0 for person in moved)
    assert any(person.left is not None for person in moved)
    for person in moved:
        days = [delivery.day for delivery in source.deliveries(person.address)]
        assert days
        assert all(person.present(day) for day in days)


def test_a_giant_costs_no_more_for_one_mailbox_than_a_dwarf() -> None:
    giant = SimulatedSource("simulated:mailboxes=10000,days=5")
    assert len(giant.mailboxes()) == len({box.name for box in giant.mailboxes()}) == 10_000
    assert max(len(giant.world.circle(index)) for index in range(10_000)) < 60
    assert _read(giant, giant.mailboxes()[5_000].name)


def test_circles_are_symmetric(source: SimulatedSource) -> None:
    world = source.world
    for person in world.people:
        assert all(person.index in world.circle(other) for other in world.circle(person.index))


def test_it_needs_nothing(source: SimulatedSource) -> None:
    assert all(requirement.granted for requirement in source.check())
