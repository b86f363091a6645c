"""The JMAP source against a real Cyrus."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mail_servers
import pytest
from mail_servers import PASSWORD, MailServer
from real_mail import DAY, NOW, letter, letters, listed, numbers, stopping_after

from detection.mail.message import Folder, Skip, SkipReason
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


def test_history_comes_from_the_newest_back_over_all_folders_with_their_kinds(
    server: MailServer, user: str, opened: Open
) -> None:
    server.append(user, "INBOX", letters(range(30)))
    server.append(user, "Sent", letters(range(100, 130)))
    server.append(user, "Junk", letters(range(200, 205)))
    server.append(user, "Projects", letters(range(300, 305)))
    messages = listed(opened().pages(user, None))
    assert sorted(numbers(messages)) == [*range(30), *range(100, 130), *range(200, 205), *range(300, 305)]
    times = [message.time_hint or 0 for message in messages]
    assert times == sorted(times, reverse=True)
    kinds = {number // 100: message.folder for number, message in zip(numbers(messages), messages, strict=True)}
    assert kinds == {0: Folder.INBOX, 1: Folder.SENT, 2: Folder.JUNK, 3: Folder.OTHER}
    assert len({message.path for message in messages}) == len(messages)


def test_reading_stopped_anywhere_goes_on_there_also_among_messages_of_one_second(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "GROUP", 7)
    monkeypatch.setattr(listing, "MOST_LISTED", 10)
    server.append(user, "INBOX", [(letter(number), NOW - 3 * DAY) for number in range(25)])
    server.append(user, "Sent", letters(range(100, 120)))
    source, cursor, found = opened(), None, []
    while True:
        pages, stopped = stopping_after(source.pages(user, cursor), 1)
        if not pages:
            break
        cursor = stopped
        found += listed(pages)
    assert sorted(numbers(found)) == [*range(25), *range(100, 120)]
    server.append(user, "INBOX", letters(range(500, 510), first=400))  # put there now, received long ago
    new = list(source.pages(user, cursor))
    assert sorted(numbers(listed(new))) == list(range(500, 510))
    assert list(source.pages(user, new[-1].cursor)) == []


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


def test_the_lookback_is_kept_and_that_there_is_older_mail_is_told(server: MailServer, user: str, opened: Open) -> None:
    server.append(user, "INBOX", letters(range(10), first=60) + letters(range(100, 110), first=5))
    source = opened()
    messages = listed(source.history(user, None, NOW - 10 * DAY))
    assert sorted(numbers(messages)) == [-1, *range(100, 110)]
    (older,) = [one for one in messages if isinstance(one.content, Skip)]
    assert older.content == Skip(SkipReason.OUTSIDE_LOOKBACK)
    assert [(box.name, box.estimate) for box in source.mailboxes_since(NOW - 10 * DAY)] == [(user, 10)]


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


def test_a_server_killed_in_the_middle_is_waited_for(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "GROUP", 5)
    server.append(user, "INBOX", letters(range(40)))
    pages = opened().pages(user, None)
    found = listed([next(pages), next(pages)])
    server.down()
    back = threading.Timer(0.5, server.up)
    back.start()
    found += listed(pages)
    back.join()
    assert sorted(numbers(found)) == list(range(40))


def test_a_wrong_password_fails_at_once_and_says_what_to_do(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_SECRET_JMAP_USERS", f"{user} not-this-one-at-all")
    source = opened()
    with pytest.raises(SourceError, match=r"refuses the login for user.*jmap-users") as refused:
        list(source.pages(user, None))
    assert "not-this-one-at-all" not in str(refused.value)
    # To the session's well-known place, which sends on, and there: one try.
    assert [client.counts.requests for client in source._clients.values()] == [2]
    wrong = [one for one in source.check() if not one.granted and not one.optional]
    assert [one.name for one in wrong] == ["permission to read mail"]
    assert wrong[0].remedy


def test_a_message_of_30_mb_comes_whole_and_a_larger_than_the_cap_is_accounted_for(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = letter(1, size=30_000_000)
    server.append(user, "INBOX", [(large, NOW - DAY), (letter(2), NOW - 2 * DAY)])
    first, second = listed(opened().pages(user, None))
    assert first.content == large
    assert numbers([second]) == [2]
    monkeypatch.setattr(content, "MESSAGE_BYTES", 1_000_000)
    capped, _ = listed(opened().pages(user, None))
    assert isinstance(capped.content, Skip)
    assert capped.content.reason is SkipReason.TOO_LARGE


def test_a_mailbox_of_5000_messages_is_read_whole(server: MailServer, user: str, opened: Open) -> None:
    if not os.environ.get("GATEHOUSE_TEST_LARGE"):
        pytest.skip("putting 5,000 messages into a mailbox takes a minute: set GATEHOUSE_TEST_LARGE=1")
    server.append(user, "INBOX", letters(range(5000), first=600))
    pages = list(opened().pages(user, None))
    assert sorted(numbers(listed(pages))) == list(range(5000))
    assert max(len(page.cursor) for page in pages) < 1000


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
