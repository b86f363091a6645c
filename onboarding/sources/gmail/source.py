"""Gmail as a source: the mailboxes of a Google Workspace domain, read by a service account that its admin delegated to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from detection.mail.message import Folder
from onboarding.settings import Settings, load
from onboarding.sources.base import MailboxInfo, Page, Requirement, SourceError
from onboarding.sources.gmail import permissions
from onboarding.sources.gmail.content import id_of
from onboarding.sources.gmail.dialect import DIRECTORY, GMAIL, PER_DIRECTORY, PER_PROJECT, Costs
from onboarding.sources.gmail.labels import change
from onboarding.sources.gmail.listing import Lister
from onboarding.sources.gmail.mailbox import open_mailbox
from onboarding.sources.gmail.tokens import LIST_USERS, METADATA, MODIFY, READ, Issuer, issuer
from onboarding.sources.network.client import Client, Request
from onboarding.sources.network.faults import ProviderError
from onboarding.sources.network.pacer import Pacer
from onboarding.sources.network.pacing import Allowance
from onboarding.sources.network.rules import Address
from onboarding.sources.network.tokens import Tokens

_REMEDIES = {
    "failedprecondition": "it has no Gmail (no licence, or the service is off for it): leave it out with exclude in the "
    "source's URI",
    "notfound": "it is gone, or has no Gmail",
    "forbidden": "the service account may not act for it: `gatehouse source check` says what is granted",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """What is kept to, and how time passes: other values are for tests and measurements."""

    per_mailbox: Allowance | None = None
    """None: as the settings say."""
    per_app: Allowance = PER_PROJECT
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic


class GmailSource:
    """The mailboxes of one domain. Safe to use from many threads; holds connections from its first use on."""

    def __init__(self, address: Address, settings: Settings | None = None, pace: Pace | None = None) -> None:
        self.settings = settings or load()
        self.address = replace(address, place=address.place.lower())
        self.mailboxes_at_once = self.settings.mailboxes_at_once
        self.pace = pace or Pace()
        self.costs = Costs.of(self.settings)
        self._admin = self.address.options.get("admin") or None
        self._account = self.address.options.get("account", "gmail")
        self._lock = threading.RLock()
        self._asking = threading.Lock()
        self._issuer: Issuer | None = None
        self._clients: dict[str, Client] = {}
        self._reading_scope: str | None = None

    @property
    def uri(self) -> str:
        return self.address.uri("gmail")

    @property
    def issuer(self) -> Issuer:
        """Who gets this source's tokens."""
        with self._lock:
            if self._issuer is None:
                self._issuer = issuer(self.settings, self._account, self.pace.sleep, self.pace.now)
            return self._issuer

    def client(self, scope: str) -> Client:
        """The client that asks within one scope; its `counts` say what was asked. All share their budgets."""
        with self._lock:
            if scope not in self._clients:
                directory = scope == LIST_USERS
                self._clients[scope] = Client(
                    self.settings.google_directory_url if directory else self.settings.gmail_url,
                    DIRECTORY if directory else GMAIL,
                    self._pacer(directory),
                    self._tokens_of(scope),
                    sleep=self.pace.sleep,
                )
            return self._clients[scope]

    def close(self) -> None:
        """Gives the connections back."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            if self._issuer is not None:
                self._issuer.close()
                self._issuer = None

    def check(self) -> list[Requirement]:
        """What is needed, what is granted, how that is known, what to do."""
        try:
            for scope in (LIST_USERS, READ):
                self.client(scope)
            found = self.issuer
        except SourceError as error:
            remedy = "correct GATEHOUSE_GMAIL_URL, GATEHOUSE_GOOGLE_DIRECTORY_URL, GATEHOUSE_GOOGLE_TOKEN_URL"
            return [Requirement("addresses of Google's APIs", False, str(error), remedy)]
        return permissions.check(self._admin, found, lambda: next(self._names(), None), self.client, self.costs)

    def mailboxes(self) -> list[MailboxInfo]:
        """Every mailbox that the rules admit, by address. Raises SourceError when users cannot be listed."""
        return [MailboxInfo(name) for name in sorted(self._names())]

    def mailboxes_since(self, since: int | None) -> list[MailboxInfo]:
        """As `mailboxes`, with about how many messages came since a moment."""
        names = sorted(self._names())
        with ThreadPoolExecutor(self.mailboxes_at_once) as threads:
            counts = threads.map(lambda name: self._count(name, since), names)
            return [MailboxInfo(name, count) for name, count in zip(names, counts, strict=True)]

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """As `history`, thirteen months back."""
        return self.history(mailbox, cursor, None)

    def history(self, mailbox: str, cursor: str | None, since: int | None) -> Iterator[Page]:
        """The pages of a mailbox behind a cursor: from the newest mail back, then what is new. Raises SourceError."""
        try:
            scope = self._scope(mailbox)
            reading = open_mailbox(self.client(scope), mailbox, scope != METADATA, self.costs)
            with reading.reader.threads:
                yield from reading.pages(cursor, since)
        except ProviderError as error:
            raise _explained(error) from None

    def move(self, mailbox: str, path: str, folder: Folder) -> str:
        """Moves a message by its labels: to the inbox, spam or trash of its mailbox, else to where it is archived. Its path
        stays. Raises SourceError."""
        client = self.client(MODIFY)
        lister = Lister(client, mailbox, True, self.costs)
        try:
            labels = lister.minimal(id_of(path)).get("labelIds") or ()
            add, remove = change(labels, folder)
            if add or remove:
                client.json(
                    lister.request(
                        f"messages/{id_of(path)}/modify",
                        "the move of a message",
                        self.costs.modify,
                        method="POST",
                        body={"addLabelIds": add, "removeLabelIds": remove},
                    )
                )
        except ProviderError as error:
            raise _explained(error) from None
        return path

    def _pacer(self, directory: bool) -> Pacer:
        pace, name = self.pace, f"{self._account} {self.address.place}"
        if directory:
            return Pacer(
                self.settings.folder / "pacing",
                f"google directory {name}",
                PER_DIRECTORY,
                PER_DIRECTORY,
                pace.sleep,
                pace.now,
            )
        per_mailbox = pace.per_mailbox or Allowance(self.settings.gmail_user_units, 60.0)
        # The project's quota is one for all customers of a service account.
        return Pacer(
            self.settings.folder / "pacing", f"gmail {self._account}", per_mailbox, pace.per_app, pace.sleep, pace.now
        )

    def _tokens_of(self, scope: str) -> Callable[[str], Tokens]:
        if scope == LIST_USERS:
            return lambda _: self.issuer.tokens(self._admin, scope)
        return lambda mailbox: self.issuer.tokens(mailbox, scope)

    def _scope(self, mailbox: str) -> str:
        """The scope to read with: found by acting for this mailbox, and the same for all from then on."""
        with self._asking:
            if self._reading_scope is None:
                for scope in (READ, MODIFY, METADATA):
                    if self.issuer.granted(mailbox, scope):
                        self._reading_scope = scope
                        break
                else:
                    raise SourceError(
                        f"Google refuses tokens to read the mail of {mailbox}: `gatehouse source check` says what to grant"
                    )
            return self._reading_scope

    def _names(self) -> Iterator[str]:
        """Addresses of the mailboxes that the rules admit."""
        params = {"domain": self.address.place, "maxResults": "500", "projection": "basic", "orderBy": "email"}
        known: set[str] = set()
        tokens: set[str] = set()
        while True:
            request = Request(
                what=f"the users of {self.address.place}",
                mailbox="directory",
                url="admin/directory/v1/users",
                params=params,
            )
            page = self.client(LIST_USERS).json(request)
            for user in page.get("users") or ():
                name = str(user.get("primaryEmail") or "").lower()
                # Nobody can act for who is suspended or archived; who was never set up has no mailbox.
                if user.get("suspended") or user.get("archived") or user.get("isMailboxSetup") is False:
                    continue
                if name and name not in known and self.address.rules.admit(name):
                    known.add(name)
                    yield name
            token = str(page.get("nextPageToken") or "")
            if not token:
                return
            if token in tokens:
                raise ProviderError(
                    f"Google's Directory sends in circles while listing the users of {self.address.place}"
                )
            tokens.add(token)
            params = {**params, "pageToken": token}

    def _count(self, mailbox: str, since: int | None) -> int | None:
        """An estimate, or None: a mailbox that cannot be read says so when it is read."""
        try:
            scope = self._scope(mailbox)
            return Lister(self.client(scope), mailbox, scope != METADATA, self.costs).count(since)
        except SourceError:
            return None


def _explained(error: ProviderError) -> SourceError:
    remedy = _REMEDIES.get(error.code.lower())
    return ProviderError(f"{error}; {remedy}" if remedy else str(error), error.status, error.code)
