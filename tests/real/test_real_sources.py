"""What holds of a source whatever protocol it speaks, against real servers: Cyrus over IMAP and JMAP, Dovecot over IMAP."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import mail_servers
import pytest
from mail_servers import ADMIN, PASSWORD, MailServer
from real_mail import DAY, NOW, letter, letters, listed, numbers, stopping_after

from detection.mail.message import Folder, Skip, SkipReason
from onboarding.sources.base import SourceError
from onboarding.sources.imap import content as imap_content
from onboarding.sources.imap.source import ImapSource
from onboarding.sources.jmap import content as jmap_content
from onboarding.sources.jmap import listing as jmap_listing
from onboarding.sources.jmap.source import JmapSource
from onboarding.sources.registry import open_source

pytestmark = pytest.mark.slow

USERS = [f"user{number:02d}" for number in range(10)]


@dataclass
class Served:
    """A server and the protocol it is read over."""

    server: MailServer
    scheme: str
    users: Iterator[str]

    @property
    def content(self) -> ModuleType:
        """Where our source reads what messages say."""
        return imap_content if self.scheme == "imap" else jmap_content


@pytest.fixture(scope="module", params=["cyrus over imap", "dovecot over imap", "cyrus over jmap"])
def served(request: pytest.FixtureRequest) -> Iterator[Served]:
    name, _, scheme = request.param.partition(" over ")
    missing = mail_servers.missing_cyrus() if name == "cyrus" else mail_servers.missing_dovecot()
    if missing:
        pytest.skip(missing)
    server = mail_servers.cyrus(USERS) if name == "cyrus" else mail_servers.dovecot(USERS)
    yield Served(server, scheme, iter(USERS))
    mail_servers.remove(server)


@pytest.fixture
def server(served: Served) -> MailServer:
    return served.server


@pytest.fixture
def user(served: Served) -> str:
    """A mailbox that no other test uses."""
    return next(served.users)


Source = ImapSource | JmapSource
Open = Callable[[], Source]


@pytest.fixture
def opened(served: Served, user: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Open]:
    """Our source for the server: over IMAP entering mailboxes as its admin, over JMAP with their own passwords."""
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("GATEHOUSE_SECRET_IMAP_USERNAME", ADMIN)
    monkeypatch.setenv("GATEHOUSE_SECRET_IMAP_PASSWORD", PASSWORD)
    monkeypatch.setenv("GATEHOUSE_SECRET_JMAP_USERS", f"{user} {PASSWORD}")
    made: list[Source] = []

    def source() -> Source:
        server = served.server
        if served.scheme == "jmap":
            uri = f"jmap:127.0.0.1:{server.http_port}?login=own&tls=none"
        else:
            login = "admin" if server.name == "cyrus" else "master"
            uri = f"imap:127.0.0.1:{server.imap_port}?login={login}&tls=none&include={user}"
        one = open_source(uri)
        assert isinstance(one, ImapSource | JmapSource)
        one._sleep = lambda seconds: time.sleep(min(seconds, 0.2))
        made.append(one)
        return one

    yield source
    for one in made:
        if isinstance(one, JmapSource):
            one.close()


@pytest.fixture
def small_pages(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages of seven messages."""
    monkeypatch.setattr(imap_content, "PAGE_MESSAGES", 7)
    monkeypatch.setattr(jmap_content, "GROUP", 7)
    monkeypatch.setattr(jmap_listing, "MOST_LISTED", 10)


def test_history_comes_from_the_newest_back_over_all_folders_with_their_kinds(
    server: MailServer, user: str, opened: Open
) -> None:
    server.append(user, "INBOX", letters(range(30)))
    server.append(user, "Sent", letters(range(100, 130)))
    server.append(user, "Junk", letters(range(200, 205)))
    server.append(user, "Projects", letters(range(300, 305)))
    client = server.client(user)
    client.append("INBOX", letter(400), ("$Junk",))
    client.append("Junk", letter(500), ("$NotJunk",))
    client.logout()
    messages = listed(opened().pages(user, None))
    every = [*range(30), *range(100, 130), *range(200, 205), *range(300, 305), 400, 500]
    assert sorted(numbers(messages)) == every
    times = [message.time_hint or 0 for message in messages]
    assert times == sorted(times, reverse=True)
    kinds = {number // 100: message.folder for number, message in zip(numbers(messages), messages, strict=True)}
    # What an owner, or a filter, wrote on a message goes before the folder that it lies in.
    assert kinds == {
        0: Folder.INBOX,
        1: Folder.SENT,
        2: Folder.JUNK,
        3: Folder.OTHER,
        4: Folder.JUNK,
        5: Folder.INBOX,
    }
    assert len({message.path for message in messages}) == len(messages)


@pytest.mark.usefixtures("small_pages")
def test_reading_stopped_anywhere_goes_on_there_also_among_messages_of_one_second(
    server: MailServer, user: str, opened: Open
) -> None:
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


def test_the_lookback_is_kept_and_that_there_is_older_mail_is_told(server: MailServer, user: str, opened: Open) -> None:
    server.append(user, "INBOX", letters(range(10), first=60) + letters(range(100, 110), first=5))
    messages = listed(opened().history(user, None, NOW - 10 * DAY))
    assert sorted(numbers(messages)) == [-1, *range(100, 110)]
    (older,) = [one for one in messages if isinstance(one.content, Skip)]
    assert older.content == Skip(SkipReason.OUTSIDE_LOOKBACK)


@pytest.mark.usefixtures("small_pages")
def test_a_server_killed_in_the_middle_is_waited_for(server: MailServer, user: str, opened: Open) -> None:
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
    user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_SECRET_IMAP_PASSWORD", "not-this-one-at-all")
    monkeypatch.setenv("GATEHOUSE_SECRET_JMAP_USERS", f"{user} not-this-one-at-all")
    source = opened()
    said = r"refuses the login for user.*(imap-username and imap-password|jmap-users)"
    with pytest.raises(SourceError, match=said) as refused:
        list(source.pages(user, None))
    assert "not-this-one-at-all" not in str(refused.value)
    if isinstance(source, ImapSource):
        assert source.counts.requests == 1
    else:
        # To the session's well-known place, which sends on, and there: one try.
        assert [client.counts.requests for client in source._clients.values()] == [2]
    wrong = [one for one in source.check() if not one.granted and not one.optional]
    assert [one.name for one in wrong] == ["permission to read mail"]
    assert wrong[0].remedy


def test_a_message_of_30_mb_comes_whole_and_a_larger_than_the_cap_is_accounted_for(
    served: Served, user: str, opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    large = letter(1, size=30_000_000)
    served.server.append(user, "INBOX", [(letter(2), NOW - 2 * DAY), (large, NOW - DAY)])
    first, second = listed(opened().pages(user, None))
    assert first.content == large
    assert numbers([second]) == [2]
    monkeypatch.setattr(served.content, "MESSAGE_BYTES", 1_000_000)
    capped, _ = listed(opened().pages(user, None))
    assert isinstance(capped.content, Skip)
    assert capped.content.reason is SkipReason.TOO_LARGE


def test_a_mailbox_of_5000_messages_is_read_whole(server: MailServer, user: str, opened: Open) -> None:
    if not os.environ.get("GATEHOUSE_TEST_LARGE"):
        pytest.skip("putting 5,000 messages into a mailbox takes a minute: set GATEHOUSE_TEST_LARGE=1")
    server.append(user, "INBOX", letters(range(5000), first=600))
    pages = list(opened().pages(user, None))
    assert sorted(numbers(listed(pages))) == list(range(5000))
    assert max(len(page.messages) for page in pages) <= 1000
    assert max(len(page.cursor) for page in pages) < 1000
