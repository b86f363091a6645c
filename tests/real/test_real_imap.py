"""The IMAP source against a real Cyrus and a real Dovecot."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import mail_servers
import pytest
from mail_servers import ADMIN, PASSWORD, MailServer
from real_mail import letters, listed, numbers, stopping_after

from detection.mail.message import Folder
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
