"""An IMAP server as a source: the mailboxes that an admin, a reader or their owners' passwords open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import cached_property

from imapclient import IMAPClient

from detection.mail.message import Folder
from onboarding.redaction import guard_logs
from onboarding.settings import Settings, load
from onboarding.sources.base import MailboxInfo, Page, Requirement, SourceError
from onboarding.sources.imap import permissions
from onboarding.sources.imap.connection import Connection, RefusedError
from onboarding.sources.imap.folders import Namespace, folders_of, mailboxes_of_others, others
from onboarding.sources.imap.mailbox import open_mailbox
from onboarding.sources.imap.moves import move_message
from onboarding.sources.imap.server import Server, read_server
from onboarding.sources.network.counts import Counts
from onboarding.sources.network.logins import Login, read_logins
from onboarding.sources.network.rules import Address
from onboarding.sources.network.width import Gate, Width

LOGINS = (Login.OWN, Login.SHARED, Login.MASTER, Login.ADMIN, Login.XOAUTH2, Login.OAUTHBEARER)

RESUMED = 5
"""How often reading goes on by itself after folders were renamed or deleted under it."""

COUNTED_MOST = 500
"""Of more mailboxes the messages are not counted beforehand: each would cost a login."""


class ImapSource:
    """The mailboxes of one server. Safe to use from many threads: each mailbox has a line of its own."""

    def __init__(
        self, address: Address, settings: Settings | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Raises SourceError for options that make no sense."""
        self.address = address
        self.settings = settings or load()
        self.server: Server = read_server(read_logins("imap", address, self.settings, LOGINS))
        most = address.options.get("connections", str(self.settings.mailboxes_at_once))
        if not most.isascii() or not most.isdigit() or not 1 <= int(most) <= 256:
            raise SourceError(f"cannot open the source '{self.uri}': connections={most} is no number from 1 to 256")
        self.mailboxes_at_once = int(most)
        self.counts = Counts()
        self._gate = Gate(Width(int(most), int(most)))
        self._sleep = sleep
        self._lock = threading.Lock()

    @property
    def uri(self) -> str:
        return self.address.uri("imap")

    def check(self) -> list[Requirement]:
        """What is needed, what is there, how that is known, what to do."""
        return permissions.check(self.server, self._names, lambda name: (self._line(name), self._below(name)))

    def mailboxes(self) -> list[MailboxInfo]:
        """Every mailbox that the rules admit. Raises SourceError when they cannot be listed."""
        return [MailboxInfo(name) for name in self._names()]

    def mailboxes_since(self, since: int | None) -> list[MailboxInfo]:
        """As `mailboxes`, with the numbers of all their messages, where that is no great work."""
        names = self._names()
        if len(names) > COUNTED_MOST:
            return [MailboxInfo(name) for name in names]
        with ThreadPoolExecutor(self.mailboxes_at_once, thread_name_prefix="count") as threads:
            return [
                MailboxInfo(name, number) for name, number in zip(names, threads.map(self._number, names), strict=True)
            ]

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """As `history`, as far back as mail goes."""
        return self.history(mailbox, cursor, None)

    def history(self, mailbox: str, cursor: str | None, since: int | None) -> Iterator[Page]:
        """The pages of a mailbox behind a cursor: history from the newest back, then what is new. Raises SourceError."""
        with self._entered(mailbox) as connection:
            for attempt in range(RESUMED):
                try:
                    for page in open_mailbox(connection, mailbox, self._below(mailbox)).pages(cursor, since):
                        cursor = page.cursor
                        yield page
                    return
                except RefusedError as error:
                    # A folder was renamed or deleted under our hands: the folders are listed again, and reading goes on.
                    if not error.not_there or attempt == RESUMED - 1:
                        raise

    def move(self, mailbox: str, path: str, folder: Folder) -> str:
        """Moves a message to the inbox, junk or trash of its mailbox; its path changes. Raises SourceError."""
        if folder not in (Folder.INBOX, Folder.JUNK, Folder.TRASH, Folder.SENT):
            raise SourceError(f"a message can be moved to INBOX, JUNK, TRASH, SENT, not to {folder.name}")
        with self._entered(mailbox) as connection:
            return move_message(connection, mailbox, self._below(mailbox), path, folder)

    @contextmanager
    def _entered(self, mailbox: str) -> Iterator[Connection]:
        connection = self._line(mailbox)
        try:
            yield connection
        finally:
            connection.close()

    def _line(self, mailbox: str | None) -> Connection:
        guard_logs()
        return Connection(self.server, mailbox, self._gate, self.counts, self._sleep)

    def _names(self) -> list[str]:
        named = self.server.logins.named()
        if named is not None:
            return named
        connection = self._line(None)
        try:
            place = others(connection)
            if place is None:
                raise SourceError(
                    f"{self.server.host} does not say which mailboxes it has: name them in a file and give it as "
                    f"users=FILE, or give their addresses as include"
                )
            found = mailboxes_of_others(connection, place)
        finally:
            connection.close()
        return [name for name in found if self.address.rules.admit(name)]

    def _below(self, mailbox: str) -> Namespace | None:
        """Where a shared mailbox's folders begin; None for a mailbox that is entered as its owner."""
        if not self.server.shared:
            return None
        with self._lock:
            place = self._place_of_others
        return Namespace(place.prefix + mailbox, place.separator)

    @cached_property
    def _place_of_others(self) -> Namespace:
        connection = self._line(None)
        try:
            place = others(connection)
        finally:
            connection.close()
        if place is None:
            raise SourceError(f"{self.server.host} shows its reader no mailboxes of others: share them (RFC 4314)")
        return place

    def _number(self, mailbox: str) -> int | None:
        """How many messages a mailbox has; None when it does not say: that is found out when it is read."""

        def ask(client: IMAPClient) -> int:
            return sum(int(client.folder_status(one.name, ["MESSAGES"]).get(b"MESSAGES") or 0) for one in folders)

        try:
            with self._entered(mailbox) as connection:
                folders = folders_of(connection, self._below(mailbox))
                return connection.run("the numbers of messages", ask)
        except SourceError:
            return None
