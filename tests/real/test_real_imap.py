"""The IMAP source against a real Cyrus and a real Dovecot."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mail_servers
import pytest
from mail_servers import ADMIN, PASSWORD, MailServer
from real_mail import DAY, NOW, letter, letters, listed, numbers, stopping_after

from detection.mail.message import Folder, Skip, SkipReason
from onboarding.sources.base import CursorLostError, SourceError
from onboarding.sources.imap import content
from onboarding.sources.imap.source import ImapSource
from onboarding.sources.registry import open_source

USERS = [f"user{number:02d}" for number in range(24)]
_users = iter(USERS)


@pytest.fixture(scope="module", params=["cyrus", "dovecot"])
def server(request: pytest.FixtureRequest) -> Iterator[MailServer]:
    missing = mail_servers.missing_cyrus() if request.param == "cyrus" else mail_servers.missing_dovecot()
    if missing:
        pytest.skip(missing)
    started = mail_servers.cyrus(USERS) if request.param == "cyrus" else mail_servers.dovecot(USERS)
    global _users
    _users = iter(USERS)
    yield started
    mail_servers.remove(started)


@pytest.fixture
def user(server: MailServer) -> str:
    """A mailbox that no other test uses."""
    return next(_users)


Open = Callable[..., ImapSource]


@pytest.fixture
def opened(server: MailServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Open:
    """Our source for the server, entering mailboxes as its admin may."""
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GATEHOUSE_SECRET_IMAP_USERNAME", ADMIN)
    monkeypatch.setenv("GATEHOUSE_SECRET_IMAP_PASSWORD", PASSWORD)

    def source(**options: str) -> ImapSource:
        given = {"login": "admin" if server.name == "cyrus" else "master", "tls": "none"} | options
        query = "&".join(f"{name}={value}" for name, value in given.items())
        made = open_source(f"imap:127.0.0.1:{server.imap_port}?{query}")
        assert isinstance(made, ImapSource)
        made._sleep = lambda seconds: time.sleep(min(seconds, 0.2))
        return made

    return source


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


def test_reading_stopped_anywhere_goes_on_there_and_follows_what_is_new(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "PAGE_MESSAGES", 7)
    server.append(user, "INBOX", letters(range(40)))
    server.append(user, "Sent", letters(range(100, 120)))
    source, cursor, found = opened(), None, []
    while True:
        pages, stopped = stopping_after(source.pages(user, cursor), 1)
        if not pages:
            break
        cursor = stopped
        found += listed(pages)
    assert sorted(numbers(found)) == [*range(40), *range(100, 120)]
    server.append(user, "INBOX", letters(range(500, 510), first=400))  # new by number, old by time
    new = list(source.pages(user, cursor))
    assert sorted(numbers(listed(new))) == list(range(500, 510))
    assert list(source.pages(user, new[-1].cursor)) == []


def test_the_lookback_is_kept_and_that_there_is_older_mail_is_told(server: MailServer, user: str, opened: Open) -> None:
    server.append(user, "INBOX", letters(range(10), first=60) + letters(range(100, 110), first=5))
    messages = listed(opened().history(user, None, NOW - 10 * DAY))
    assert sorted(numbers(messages)) == [-1, *range(100, 110)]
    (older,) = [one for one in messages if isinstance(one.content, Skip)]
    assert older.content == Skip(SkipReason.OUTSIDE_LOOKBACK)


def test_many_mailboxes_are_listed_and_none_is_written_to(
    server: MailServer, user: str, opened: Open, tmp_path: Path
) -> None:
    names = tmp_path / "names"
    names.write_text("\n".join(USERS) + "\n# all\n")
    source = opened(users=str(names), exclude="user1*")
    assert [box.name for box in source.mailboxes()] == [name for name in USERS if not name.startswith("user1")]
    if server.name == "cyrus":
        assert [box.name for box in opened().mailboxes()] == USERS
    server.append(user, "INBOX", letters(range(5)))
    assert {box.name: box.estimate for box in opened(users=str(names)).mailboxes_since(None)}[user] == 5
    listed(opened().pages(user, None))
    client = server.client(user)
    client.select_folder("INBOX", readonly=True)
    assert client.search("UNSEEN") == [1, 2, 3, 4, 5]
    client.logout()


def test_flags_that_change_and_messages_that_go_list_nothing_again(server: MailServer, user: str, opened: Open) -> None:
    server.append(user, "INBOX", letters(range(10)))
    first = list(opened().pages(user, None))
    client = server.client(user)
    client.select_folder("INBOX")
    client.add_flags([1, 2, 3], ["\\Seen", "\\Flagged"])
    client.delete_messages([4, 5])
    client.expunge()
    client.logout()
    assert listed(opened().pages(user, first[-1].cursor)) == []


def test_a_renamed_folder_is_known_again_and_a_new_one_is_new(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "PAGE_MESSAGES", 5)
    server.append(user, "Old", letters(range(12)))
    pages, cursor = stopping_after(opened().pages(user, None), 1)
    client = server.client(user)
    client.rename_folder("Old", "Renamed")
    client.logout()
    server.append(user, "Renamed", letters(range(100, 103)))
    server.append(user, "Another", letters(range(200, 203)))
    rest = listed(opened().pages(user, cursor))
    assert sorted(numbers(listed(pages) + rest)) == [*range(12), *range(100, 103), *range(200, 203)]


def test_a_folder_renamed_while_it_is_read_loses_nothing(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "PAGE_MESSAGES", 5)
    monkeypatch.setattr(content, "CHUNK", 5)
    server.append(user, "Old", letters(range(23)))
    server.append(user, "INBOX", letters(range(100, 123)))
    pages = opened().pages(user, None)
    found = listed([next(pages)])
    client = server.client(user)
    client.rename_folder("Old", "Renamed")
    client.logout()
    assert sorted(numbers(found + listed(pages))) == [*range(23), *range(100, 123)]


def test_a_folder_numbered_anew_loses_the_cursor_rather_than_mail(server: MailServer, user: str, opened: Open) -> None:
    server.append(user, "Work", letters(range(6)))
    cursor = list(opened().pages(user, None))[-1].cursor
    time.sleep(1.1)  # UIDVALIDITY is the second in which a folder is made
    client = server.client(user)
    client.delete_folder("Work")
    client.logout()
    server.append(user, "Work", letters(range(3, 9)))
    with pytest.raises(CursorLostError, match="numbers the folder Work anew"):
        list(opened().pages(user, cursor))
    assert sorted(numbers(listed(opened().pages(user, None)))) == list(range(3, 9))


def test_messages_deleted_between_list_and_fetch_are_accounted_for(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.append(user, "INBOX", letters(range(10)))
    whole = content.Reader.read

    def read(self: content.Reader, entries: list[content.Entry]) -> object:
        client = server.client(user)
        client.select_folder("INBOX")
        client.delete_messages([2, 5])
        client.expunge()
        client.logout()
        self.connection.close()  # a line that has the folder open may still be given what is gone
        return whole(self, entries)

    monkeypatch.setattr(content.Reader, "read", read)
    messages = listed(opened().pages(user, None))
    assert len(messages) == 10
    assert sorted(numbers(messages)) == [-1, -1, 0, 2, 3, 5, 6, 7, 8, 9]


def test_a_server_killed_in_the_middle_is_waited_for(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "PAGE_MESSAGES", 5)
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
    monkeypatch.setenv("GATEHOUSE_SECRET_IMAP_PASSWORD", "not-this-one-at-all")
    source = opened(include=user)
    with pytest.raises(SourceError, match=r"refuses the login for user.*imap-username and imap-password") as refused:
        list(source.pages(user, None))
    assert "not-this-one-at-all" not in str(refused.value)
    assert source.counts.requests == 1
    wrong = [one for one in source.check() if not one.granted and not one.optional]
    assert [one.name for one in wrong] == ["permission to read mail"]
    assert wrong[0].remedy


def test_what_is_granted_is_told(server: MailServer, user: str, opened: Open) -> None:
    found = {one.name: one for one in opened(include=user).check()}
    assert all(one.granted for one in found.values()), found
    assert set(found) == {
        "the server is reached",
        "mailboxes are listed",
        "permission to read mail",
        "sent mail is seen",
        "permission to move mail",
    }


def test_a_message_of_30_mb_comes_whole_and_a_larger_than_the_cap_is_accounted_for(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = letter(1, size=30_000_000)
    server.append(user, "INBOX", [(letter(2), NOW - 2 * DAY), (large, NOW - DAY)])
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
    client = server.client(user)
    for start in range(0, 5000, 500):
        server.append(user, "INBOX", [(letter(number), NOW - DAY) for number in range(start, start + 500)])
    client.logout()
    pages = list(opened().pages(user, None))
    assert sorted(numbers(listed(pages))) == list(range(5000))
    assert max(len(page.messages) for page in pages) <= 1000
    assert max(len(page.cursor) for page in pages) < 1000


def test_a_message_is_moved_to_junk_and_back_and_moving_it_twice_changes_nothing(
    server: MailServer, user: str, opened: Open
) -> None:
    server.append(user, "INBOX", letters(range(3)))
    source = opened()
    pages = list(source.pages(user, None))
    path = listed(pages)[1].path
    in_junk = source.move(user, path, Folder.JUNK)
    assert source.move(user, in_junk, Folder.JUNK) == in_junk
    with pytest.raises(SourceError, match="not there any more"):
        source.move(user, path, Folder.JUNK)
    (moved,) = listed(source.pages(user, pages[-1].cursor))
    assert (moved.path, moved.folder, numbers([moved])) == (in_junk, Folder.JUNK, [1])
    source.move(user, in_junk, Folder.INBOX)
    kinds = {numbers([one])[0]: one.folder for one in listed(source.pages(user, None))}
    assert kinds == {0: Folder.INBOX, 1: Folder.INBOX, 2: Folder.INBOX}


def test_mailboxes_are_entered_with_their_own_passwords(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.append(user, "INBOX", letters(range(3)))
    monkeypatch.setenv("GATEHOUSE_SECRET_IMAP_USERS", f"# names and passwords\n{user} {PASSWORD}")
    source = opened(login="own")
    assert [box.name for box in source.mailboxes()] == [user]
    assert sorted(numbers(listed(source.pages(user, None)))) == [0, 1, 2]


def test_a_reader_sees_what_is_shared_with_it_and_may_not_move_it(
    server: MailServer, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    if server.name != "cyrus":
        pytest.skip("this Dovecot is set up without shared folders")
    server.append(user, "INBOX", letters(range(3)))
    server.append(user, "Sent", letters(range(100, 102)))
    admin = server.client("", admin=True)
    for folder in ("", "/Sent"):
        admin.setacl(f"user/{user}{folder}", "reader", "lr")
    admin.logout()
    monkeypatch.setenv("GATEHOUSE_SECRET_IMAP_USERNAME", "reader")
    source = opened(login="shared")
    assert [box.name for box in source.mailboxes()] == [user]
    messages = listed(source.pages(user, None))
    assert sorted(numbers(messages)) == [0, 1, 2, 100, 101]
    assert {message.folder for message in messages} == {Folder.INBOX, Folder.SENT}
    (move,) = [one for one in source.check() if one.name == "permission to move mail"]
    assert not move.granted
    assert "without" in move.evidence
