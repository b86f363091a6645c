"""The JMAP source against a real Cyrus."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mail_servers
import pytest
from mail_servers import PASSWORD, MailServer
from real_mail import DAY, NOW, letter, letters, listed, numbers

from detection.mail.message import Folder
from onboarding.sources.base import SourceError
from onboarding.sources.jmap import content, listing
from onboarding.sources.jmap.cursor import New, read
from onboarding.sources.jmap.source import JmapSource
from onboarding.sources.registry import open_source

USERS = [f"user{number:02d}" for number in range(20)]

pytestmark = pytest.mark.skipif(
    mail_servers.missing_cyrus() is not None, reason=mail_servers.missing_cyrus() or "a real Cyrus is there"
)


@pytest.fixture(scope="module")
def server() -> Iterator[MailServer]:
    started = mail_servers.cyrus(USERS)
    yield started
    mail_servers.remove(started)


@pytest.fixture(scope="module")
def users() -> Iterator[str]:
    return iter(USERS)


@pytest.fixture
def user(users: Iterator[str]) -> str:
    """A mailbox that no other test uses."""
    return next(users)


Open = Callable[..., JmapSource]


@pytest.fixture
def opened(server: MailServer, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Our source for the server, entering the mailbox with its own password."""
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GATEHOUSE_SECRET_JMAP_USERNAME", "reader")
    monkeypatch.setenv("GATEHOUSE_SECRET_JMAP_PASSWORD", PASSWORD)
    monkeypatch.setenv("GATEHOUSE_SECRET_JMAP_USERS", f"{user} {PASSWORD}")
    made: list[JmapSource] = []

    def source(**options: str) -> JmapSource:
        given = {"login": "own", "tls": "none"} | options
        query = "&".join(f"{name}={value}" for name, value in given.items())
        one = open_source(f"jmap:127.0.0.1:{server.http_port}?{query}")
        assert isinstance(one, JmapSource)
        one._sleep = lambda seconds: time.sleep(min(seconds, 0.2))
        made.append(one)
        return one

    yield source
    for one in made:
        one.close()


def test_what_is_put_there_while_history_is_read_comes_once(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "GROUP", 5)
    monkeypatch.setattr(listing, "MOST_LISTED", 5)
    server.append(user, "INBOX", letters(range(20)))
    pages = opened().pages(user, None)
    found = listed([next(pages)])
    server.append(user, "INBOX", [(letter(100), NOW - 59 * DAY), (letter(101), NOW - DAY), (letter(102), NOW + 60)])
    found += listed(pages)
    assert sorted(numbers(found)) == [*range(20), 100, 101, 102]


def test_a_state_that_the_server_no_longer_knows_means_a_bounded_resync(
    server: MailServer, user: str, opened: Open
) -> None:
    now = int(time.time())
    server.append(user, "INBOX", [*letters(range(10)), (letter(10), now - 20), (letter(11), now + 60)])
    source = opened()
    cursor = list(source.pages(user, None))[-1].cursor
    server.append(user, "INBOX", [(letter(number), now - 10) for number in (100, 101)])
    pages = list(source.pages(user, cursor))
    assert sorted(numbers(listed(pages))) == [100, 101]
    state = read(pages[-1].cursor, user)
    assert isinstance(state, New)
    # Of before reading began by its time, of now, and of the future by another's clock; all of it came since.
    server.append(user, "INBOX", [(letter(102), now - 60), (letter(103), int(time.time())), (letter(104), now + 100)])
    lost = New("nonsense", state.base, state.seen, state.drafts).text()
    again = list(source.pages(user, lost))
    assert sorted(numbers(listed(again))) == [102, 103, 104]
    assert list(source.pages(user, again[-1].cursor)) == []


def test_flags_and_moves_list_nothing_again_and_a_draft_is_mail_once_it_is_sent(
    server: MailServer, user: str, opened: Open
) -> None:
    server.append(user, "INBOX", letters(range(5)))
    client = server.client(user)
    client.append("INBOX", letter(50), ("\\Draft",))
    source = opened()
    first = list(source.pages(user, None))
    assert sorted(numbers(listed(first))) == list(range(5))
    client.select_folder("INBOX")
    client.add_flags([1, 2], ["\\Seen"])
    client.move([3], "Archive")
    client.delete_messages([4])
    client.expunge()
    unsent = list(source.pages(user, first[-1].cursor))
    assert listed(unsent) == []
    client.select_folder("INBOX")
    client.remove_flags(client.search("DRAFT"), ["\\Draft"])
    client.logout()
    assert numbers(listed(source.pages(user, unsent[-1].cursor))) == [50]


def test_messages_deleted_between_list_and_get_are_accounted_for(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.append(user, "INBOX", letters(range(10)))
    whole = content.Reader.read

    def read_late(self: content.Reader, entries: list[listing.Entry]) -> object:
        ids = [entry.id for entry in entries if entry.received in (entries[0].received, entries[4].received)]
        self.calls.one("a deletion", "Email/set", {"destroy": ids})
        return whole(self, entries)

    monkeypatch.setattr(content.Reader, "read", read_late)
    found = numbers(listed(opened().pages(user, None)))
    assert len(found) == 10
    # Cyrus may still give what was destroyed a moment ago.
    assert set(found) - {-1} <= set(range(10))
    assert found.count(-1) in (0, 2)


def test_accounts_that_are_shared_with_a_reader_are_read_and_moving_is_a_right_of_its_own(
    server: MailServer, user: str, opened: Open
) -> None:
    server.append(user, "INBOX", letters(range(3)))
    server.append(user, "Sent", letters(range(100, 102)))
    admin = server.client("", admin=True)
    for folder in ("", "/Sent", "/Junk"):
        admin.setacl(f"user/{user}{folder}", "reader", "lr")
    source = opened(login="shared")
    assert [box.name for box in source.mailboxes()] == [user]
    messages = listed(source.pages(user, None))
    assert sorted(numbers(messages)) == [0, 1, 2, 100, 101]
    (move,) = [one for one in source.check() if one.name == "permission to move mail"]
    assert not move.granted
    path = messages[0].path
    with pytest.raises(SourceError, match="does not move"):
        source.move(user, path, Folder.JUNK)
    for folder in ("", "/Junk"):
        admin.setacl(f"user/{user}{folder}", "reader", "lrswite")
    admin.logout()
    allowed = opened(login="shared")
    assert all(one.granted for one in allowed.check())
    assert allowed.move(user, path, Folder.JUNK) == path
    assert allowed.move(user, path, Folder.JUNK) == path
    kinds = {message.path: message.folder for message in listed(allowed.pages(user, None))}
    assert kinds[path] is Folder.JUNK
    allowed.move(user, path, Folder.INBOX)
    assert {one.folder for one in listed(allowed.pages(user, None)) if one.path == path} == {Folder.INBOX}
