"""Microsoft Graph as a source: a customer's mailboxes, read by an app that its admin has consented to."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from detection.mail.message import Folder
from onboarding.settings import Settings, load
from onboarding.sources.base import MailboxInfo, Page, Requirement, SourceError
from onboarding.sources.graph import permissions
from onboarding.sources.graph.batch import Batches, Item
from onboarding.sources.graph.dialect import GRAPH, PER_APP, PER_MAILBOX
from onboarding.sources.graph.folders import id_of
from onboarding.sources.graph.listing import stamp
from onboarding.sources.graph.mailbox import FURTHEST_SECONDS, open_mailbox
from onboarding.sources.graph.tokens import Account, fetch, roles
from onboarding.sources.network.client import Client, Request
from onboarding.sources.network.faults import ProviderError
from onboarding.sources.network.pacer import Pacer
from onboarding.sources.network.pacing import Allowance
from onboarding.sources.network.rules import Address
from onboarding.sources.network.tokens import Tokens

DIRECTORY = "directory"
"""Whose budget pays for listing users."""

_WHERE = {Folder.INBOX: "inbox", Folder.JUNK: "junkemail", Folder.TRASH: "deleteditems", Folder.SENT: "sentitems"}

_REMEDIES = {
    "mailboxnotenabledforrestapi": "it has no mailbox in Exchange Online (no licence, or it is on-premises): "
    "leave it out with exclude in the source's URI",
    "request_resourcenotfound": "it is gone from the directory",
    "erroraccessdenied": "an access policy keeps the app from it, or consent is missing: `gatehouse source check` says which",
    "erroritemnotfound": "it is gone",
}


@dataclass(frozen=True, slots=True)
class Pace:
    """What is kept to, and how time passes: other values are for tests and measurements."""

    per_mailbox: Allowance = PER_MAILBOX
    per_app: Allowance = PER_APP
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], float] = time.monotonic


class GraphSource:
    """The mailboxes of one organisation. Safe to use from many threads; holds connections from its first use on."""

    def __init__(self, address: Address, settings: Settings | None = None, pace: Pace | None = None) -> None:
        self.address = address
        self.settings = settings or load()
        self.mailboxes_at_once = self.settings.mailboxes_at_once
        self.pace = pace or Pace()
        self._account = Account(address.options.get("account", "graph"))
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._with_body: bool | None = None
        self._tokens = Tokens(lambda: fetch(address.place, self._account, self.settings))

    @property
    def uri(self) -> str:
        return self.address.uri("graph")

    @property
    def client(self) -> Client:
        """The client of this source; its `counts` say what was asked."""
        with self._lock:
            if self._client is None:
                pace = self.pace
                pacer = Pacer(
                    self.settings.folder / "pacing",
                    f"graph {self.address.place}",
                    pace.per_mailbox,
                    pace.per_app,
                    pace.sleep,
                    pace.now,
                )
                self._client = Client(
                    self.settings.graph_url, GRAPH, pacer, lambda mailbox: self._tokens, sleep=pace.sleep
                )
            return self._client

    def close(self) -> None:
        """Gives the connections back."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def check(self) -> list[Requirement]:
        """What is needed, what is granted, how that is known, what to do."""
        try:
            client = self.client
        except SourceError as error:
            return [Requirement("an address of Microsoft Graph", False, str(error), "correct GATEHOUSE_GRAPH_URL")]
        return permissions.check(
            self.address.place, client, lambda: roles(self._tokens.current()), lambda: next(self._names(), None)
        )

    def mailboxes(self) -> list[MailboxInfo]:
        """Every mailbox that the rules admit, by address, with the number of messages of the last thirteen months."""
        return self.mailboxes_since(None)

    def mailboxes_since(self, since: int | None) -> list[MailboxInfo]:
        """As `mailboxes`, counting from a moment on. Raises SourceError when users cannot be listed."""
        names = sorted(self._names())
        low = stamp(since if since is not None else int(self.client.time_there()) - FURTHEST_SECONDS)
        counted: dict[str, int] = {}
        for start in range(0, len(names), 1000):
            counted |= self._counted(names[start : start + 1000], low)
        return [MailboxInfo(name, counted.get(name)) for name in names]

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """As `history`, thirteen months back."""
        return self.history(mailbox, cursor, None)

    def history(self, mailbox: str, cursor: str | None, since: int | None) -> Iterator[Page]:
        """The pages of a mailbox behind a cursor: history from the newest back, then what is new. Raises SourceError."""
        try:
            yield from open_mailbox(self.client, mailbox, self._reads_bodies()).pages(cursor, since)
        except ProviderError as error:
            raise self._explained(mailbox, error) from None

    def move(self, mailbox: str, path: str, folder: Folder) -> str:
        """Moves a message to the inbox, junk or trash of its mailbox; its path stays. Raises SourceError."""
        if folder not in _WHERE:
            raise SourceError(
                f"a message can be moved to {', '.join(one.name for one in _WHERE)}, not to {folder.name}"
            )
        where = f"users/{quote(mailbox)}/messages/{id_of(path)}"
        headers = {"Prefer": 'IdType="ImmutableId"'}

        def ask(what: str, url: str, **more: Any) -> Any:
            return self.client.json(Request(what=what, mailbox=mailbox, url=url, headers=headers, **more))

        target = ask(f"a folder of {mailbox}", f"users/{quote(mailbox)}/mailFolders/{_WHERE[folder]}")["id"]
        lies = ask(f"a message of {mailbox}", where, params={"$select": "parentFolderId"})["parentFolderId"]
        if lies != target:
            ask(f"the move of a message of {mailbox}", f"{where}/move", method="POST", body={"destinationId": target})
        return path

    def _reads_bodies(self) -> bool:
        with self._lock:
            if self._with_body is None:
                granted = roles(self._tokens.current())
                body, headers = granted & set(permissions.READ_BODY), granted & set(permissions.READ_HEADERS)
                # Neither: granted in Exchange, which no token says; what is allowed shows when it is read.
                self._with_body = bool(body) or not headers
            return self._with_body

    def _names(self) -> Iterator[str]:
        """Addresses of the mailboxes that the rules admit."""
        request = Request(
            what=f"the users of {self.address.place}",
            mailbox=DIRECTORY,
            url="users",
            params={"$select": "id,mail,userPrincipalName,userType", "$top": "999"},
        )
        known: set[str] = set()
        for page in self.client.pages(request, "@odata.nextLink"):
            for user in page:
                mail, principal = str(user.get("mail") or ""), str(user.get("userPrincipalName") or "")
                # A guest's mail lies elsewhere; a user without an address has none.
                if not mail or user.get("userType") == "Guest" or "#ext#" in principal.lower():
                    continue
                name = principal.lower() if "@" in principal else mail.lower()
                if name not in known and self.address.rules.admit(mail, principal):
                    known.add(name)
                    yield name

    def _counted(self, names: Sequence[str], low: str) -> dict[str, int]:
        """How many messages of each were received since; nothing for those that do not say."""
        query = f"messages?$count=true&$top=1&$select=id&$filter={quote(f'receivedDateTime ge {low}')}"
        items = [Item(name, f"users/{quote(name)}/{query}") for name in names]
        answers = Batches(self.client, DIRECTORY).get(items, "the numbers of messages")
        return {
            name: int(answer.document["@odata.count"])
            for name, answer in answers.items()
            if answer.good and isinstance(answer.document, dict) and "@odata.count" in answer.document
        }

    def _explained(self, mailbox: str, error: ProviderError) -> SourceError:
        remedy = _REMEDIES.get(error.code.lower())
        return ProviderError(f"{error}; {remedy}" if remedy else str(error), error.status, error.code)
