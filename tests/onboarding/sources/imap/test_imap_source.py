"""The IMAP source without a server to install: its options, folders and cursors, and faults that real servers show rarely."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from imap_at_hand import PASSWORD, Box, FakeImap
from provider_at_hand import read_with_stops

from detection.mail.message import Folder, Skip
from onboarding.sources.base import CursorLostError, Listed, SourceError
from onboarding.sources.imap import content
from onboarding.sources.imap import cursor as cursors
from onboarding.sources.imap.content import named
from onboarding.sources.imap.cursor import Cursor, Place
from onboarding.sources.imap.source import ImapSource
from onboarding.sources.registry import open_source

Serve = Callable[[FakeImap], ImapSource]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Our source for a server in this process."""
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("GATEHOUSE_SECRET_IMAP_USERS", f"ann {PASSWORD}")
    with ExitStack() as stack:

        def start(fake: FakeImap) -> ImapSource:
            stack.enter_context(fake.running())
            source = open_source(f"imap:127.0.0.1:{fake.port}?tls=none")
            assert isinstance(source, ImapSource)
            source._sleep = lambda seconds: None
            return source

        yield start


def mail(*numbers: int) -> dict[int, bytes]:
    return {number: b"Subject: %d\r\n\r\nhello\r\n" % number for number in numbers}


def subjects(messages: list[Listed]) -> list[int]:
    return [-1 if isinstance(one.content, Skip) else int(one.content[9:].split(b"\r\n")[0]) for one in messages]


def read(source: ImapSource, cursor: str | None = None) -> tuple[list[Listed], str]:
    pages = list(source.pages("ann", cursor))
    return [message for page in pages for message in page.messages], pages[-1].cursor if pages else str(cursor)


def test_folders_are_told_by_special_use_then_by_name_and_views_and_drafts_are_left_out(serve: Serve) -> None:
    folders = {
        "INBOX": Box(messages=mail(1)),
        "INBOX/Work": Box(messages=mail(2)),
        "Verschickt": Box(messages=mail(3), flags="\\Sent"),
        "Spam": Box(messages=mail(4)),
        "Starred": Box(messages=mail(5), flags="\\Flagged"),
        "Entw&APw-rfe": Box(messages=mail(6)),
        "Gone": Box(messages=mail(7), flags="\\Noselect"),
        "Everything": Box(messages=mail(8), flags="\\All"),
    }
    messages, _ = read(serve(FakeImap(folders)))
    kinds = {number: message.folder for number, message in zip(subjects(messages), messages, strict=True)}
    assert kinds == {1: Folder.INBOX, 2: Folder.OTHER, 3: Folder.SENT, 4: Folder.JUNK, 8: Folder.OTHER}


@pytest.mark.parametrize(
    ("command", "fault"),
    [
        ("FETCH", "break"),
        ("SEARCH", "NO [UNAVAILABLE] later"),
        ("SELECT", "break"),
        ("EXAMINE", "NO [INUSE] wait"),
        ("LOGIN", "NO [UNAVAILABLE] no"),
        ("LOGIN", "break"),
        ("LOGIN", "NO [LIMIT] too many connections"),
        ("STATUS", "NO [SERVERBUG] oops"),
        ("LIST", "break"),
    ],
)
def test_trouble_that_passes_is_waited_for(serve: Serve, command: str, fault: str) -> None:
    source = serve(FakeImap({"INBOX": Box(messages=mail(1, 2, 3))}, {command: [fault, fault]}))
    assert sorted(subjects(read(source)[0])) == [1, 2, 3]


@pytest.mark.parametrize("seed", range(2))
def test_reading_stopped_anywhere_amid_drawn_trouble_lists_everything_once(
    serve: Serve, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "PAGE_MESSAGES", 5)
    monkeypatch.setattr(content, "CHUNK", 4)
    chance = random.Random(seed)
    fake = FakeImap({name: Box(messages=mail(*range(1, count))) for name, count in (("INBOX", 25), ("Sent", 13))})
    source = serve(fake)
    fake.chance = random.Random(1000 + seed)

    def delivered(_: int, __: str | None) -> None:
        for _ in range(chance.randint(0, 4)):
            box = fake.folders[chance.choice(["INBOX", "Sent"])]
            box.messages |= mail(max(box.messages) + chance.randint(1, 3))

    recorded = read_with_stops(source, "ann", chance, delivered)
    there = {f"ann/{name};UIDVALIDITY=1/;UID={uid}" for name, box in fake.folders.items() for uid in box.messages}
    assert set(recorded) == there
    assert max(recorded.values()) == 1


def test_a_throttle_never_fails_a_mailbox(serve: Serve) -> None:
    source = serve(FakeImap({"INBOX": Box(messages=mail(1))}, {"SEARCH": ["NO [THROTTLED] slow down"] * 40}))
    assert subjects(read(source)[0]) == [1]


def test_a_message_that_cannot_be_given_does_not_cost_its_neighbours(serve: Serve) -> None:
    refusal = "NO [EXPUNGEISSUED] some are gone"
    fake = FakeImap({"INBOX": Box(messages=mail(1, 2, 3))})
    source = serve(fake)
    # The first FETCH asks for times and sizes; the second for contents of all, the third for the newest alone.
    fake.faults["FETCH"] = Faults([None, refusal, refusal])
    assert sorted(subjects(read(source)[0])) == [-1, 1, 2]


class Faults(list[str]):
    """Faults of which some are none: the command is then answered."""

    def __init__(self, answers: list[str | None]) -> None:
        super().__init__(answer or "" for answer in answers)

    def __bool__(self) -> bool:
        if self[:1] == [""]:
            del self[0]
            return False
        return len(self) > 0


def test_a_wrong_password_is_tried_once(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_SECRET_IMAP_USERS", "ann wrong-password-wrong")
    fake = FakeImap({"INBOX": Box(messages=mail(1))})
    with pytest.raises(SourceError, match=r"refuses the login for ann.*imap-users"):
        read(serve(fake))
    assert fake.logins == 1


def test_a_folder_numbered_anew_loses_the_cursor_unless_nothing_of_it_was_read(serve: Serve) -> None:
    fake = FakeImap({"INBOX": Box(messages=mail(1, 2)), "Empty": Box()})
    source = serve(fake)
    _, cursor = read(source)
    fake.folders["Empty"] = Box(validity=2, messages=mail(5))
    messages, after = read(source, cursor)
    assert subjects(messages) == [5]
    fake.folders["INBOX"].validity = 9
    with pytest.raises(CursorLostError):
        read(source, after)


def test_a_cursor_comes_back_as_it_was_and_a_strange_one_is_lost() -> None:
    state = Cursor(True, {"INBOX": Place(1, 50, 20, 7), "Gel&APY-scht": Place(4294967295, 4294967294, 1)})
    assert cursors.read(state.text(), "ann") == state
    for strange in ("", "1:", "2:abc", "1:!!!", Cursor(False).text()[:-4]):
        with pytest.raises(CursorLostError):
            cursors.read(strange, "ann")


def test_a_path_names_folder_and_number_and_a_strange_one_is_refused() -> None:
    assert named("ann@acme.example/a%2Fb%3B;UIDVALIDITY=7/;UID=12") == ("a/b;", 7, 12)
    for strange in ("", "ann/INBOX", "ann/INBOX;UIDVALIDITY=x/;UID=1"):
        with pytest.raises(SourceError):
            named(strange)


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("imap:mail.acme.example?tls=none", "in the clear"),
        ("imap:mail.acme.example?tls=maybe", "none of"),
        ("imap:mail.acme.example?login=magic", "none of"),
        ("imap:mail.acme.example?connections=0", "no number"),
        ("imap:mail.acme.example?users=here", "whole path"),
        ("imap:mail.acme.example?password=hunter2", "no option"),
        ("imap://ann:hunter2@mail.acme.example", "server's name"),
        ("imaps://ann:hunter2@mail.acme.example?password=hunter2", "no kind of source"),
        ("imap:", "write imap:"),
        ("imap:not a host", "server's name"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(uri: str, why: str) -> None:
    with pytest.raises(SourceError, match=why) as refused:
        open_source(uri)
    assert "hunter2" not in str(refused.value)


def test_a_uri_is_canonical_and_safe_by_default() -> None:
    source = open_source("imap:mail.acme.example?login=master&exclude=b@*,A@*")
    assert source.uri == "imap:mail.acme.example?exclude=a@*,b@*&login=master"
    assert isinstance(source, ImapSource)
    assert (source.server.port, source.server.tls) == (993, "implicit")
