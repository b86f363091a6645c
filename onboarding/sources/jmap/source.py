"""A JMAP server as a source: the accounts that a reader, a master user or their owners' credentials open."""

from __future__ import annotations

import base64
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx

from detection.mail.message import Folder
from onboarding.settings import Settings, load
from onboarding.sources.base import MailboxInfo, Page, Requirement, SourceError
from onboarding.sources.jmap import permissions
from onboarding.sources.jmap.calls import Calls
from onboarding.sources.jmap.content import Reader
from onboarding.sources.jmap.dialect import PER_APP, PER_MAILBOX, dialect
from onboarding.sources.jmap.folders import folders_of
from onboarding.sources.jmap.listing import Lister
from onboarding.sources.jmap.mailbox import MailboxReading
from onboarding.sources.jmap.moves import move_message
from onboarding.sources.jmap.session import Account, Session, discover, origin
from onboarding.sources.network.client import LOOPBACK, Client
from onboarding.sources.network.faults import ProviderError
from onboarding.sources.network.logins import STATIC_SECONDS, Login, read_logins
from onboarding.sources.network.pacer import Pacer
from onboarding.sources.network.rules import Address
from onboarding.sources.network.tokens import Token, Tokens

LOGINS = (Login.SHARED, Login.OWN, Login.MASTER, Login.OAUTHBEARER)

READER = "the reader"
COUNTED_MOST = 2_000


class JmapSource:
    """The accounts of one server. Safe to use from many threads; holds connections from its first use on."""

    def __init__(
        self, address: Address, settings: Settings | None = None, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Raises SourceError for options that make no sense."""
        self.address = address
        self.settings = settings or load()
        self.mailboxes_at_once = self.settings.mailboxes_at_once
        self.logins = read_logins("jmap", address, self.settings, LOGINS)
        self._base = _base(address)
        self._sleep = sleep
        self._lock = threading.Lock()
        self._clients: dict[str, Client] = {}
        self._tokens: dict[str, Tokens] = {}
        self._sessions: dict[str, Session] = {}
        self._bearer = self.logins.tokens()

    @property
    def uri(self) -> str:
        return self.address.uri("jmap")

    def close(self) -> None:
        """Gives the connections back."""
        with self._lock:
            for client in self._clients.values():
                client.close()
            self._clients.clear()
            self._sessions.clear()

    def check(self) -> list[Requirement]:
        """What is needed, what is there, how that is known, what to do."""
        return permissions.check(self.logins.login, lambda: [name for name, _ in self._named()], self._lister)

    def mailboxes(self) -> list[MailboxInfo]:
        """Every mailbox that the rules admit. Raises SourceError when they cannot be listed."""
        return [MailboxInfo(name) for name, _ in self._named()]

    def mailboxes_since(self, since: int | None) -> list[MailboxInfo]:
        """As `mailboxes`, with how many messages each received since."""
        names = [name for name, _ in self._named()]
        if len(names) > COUNTED_MOST:
            return [MailboxInfo(name) for name in names]

        def count(name: str) -> int | None:
            with contextlib.suppress(SourceError):  # that is found out when it is read
                return self._lister(name)[0].count(since)
            return None

        with ThreadPoolExecutor(self.mailboxes_at_once, thread_name_prefix="count") as threads:
            return [MailboxInfo(name, number) for name, number in zip(names, threads.map(count, names), strict=True)]

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """As `history`, as far back as mail goes."""
        return self.history(mailbox, cursor, None)

    def history(self, mailbox: str, cursor: str | None, since: int | None) -> Iterator[Page]:
        """The pages of a mailbox behind a cursor: history from the newest back, then what is new. Raises SourceError."""
        lister, _ = self._lister(mailbox)
        downloads = self._client(origin(lister.calls.session.download))
        reader = Reader(lister.calls, downloads, folders_of(lister.calls))
        yield from MailboxReading(lister, reader).pages(cursor, since)

    def move(self, mailbox: str, path: str, folder: Folder) -> str:
        """Moves a message to the inbox, junk or trash of its mailbox; its path stays. Raises SourceError."""
        if folder not in (Folder.INBOX, Folder.JUNK, Folder.TRASH, Folder.SENT):
            raise SourceError(f"a message can be moved to INBOX, JUNK, TRASH, SENT, not to {folder.name}")
        calls = self._lister(mailbox)[0].calls
        return move_message(calls, folders_of(calls), path, folder)

    def _lister(self, mailbox: str) -> tuple[Lister, Account]:
        session = self._session(mailbox)
        if self.logins.login is Login.SHARED:
            account = next((one for one in session.accounts if one.name == mailbox), None)
        else:
            account = next((one for one in session.accounts if one.primary), None)
        if account is None:
            raise SourceError(f"mailbox {mailbox}: {self.address.place} shows no account of it for mail (any more)")
        client = self._client(origin(session.api), session)
        return Lister(Calls(client, session, account.id, mailbox)), account

    def _named(self) -> list[tuple[str, str | None]]:
        """Mailboxes with their account's id where one session shows them all."""
        if self.logins.login is not Login.SHARED:
            named = self.logins.named()
            if named is None:
                raise SourceError(
                    f"{self.address.place} does not list mailboxes to login={self.logins.login}: name them in a file and give "
                    f"it as users=FILE, or give their addresses as include"
                )
            return [(name, None) for name in named]
        session = self._session(READER)
        found = {one.name: one.id for one in session.accounts if self.address.rules.admit(one.name)}
        # A reader's own account is nobody's mailbox, unless it is all there is.
        others = {name: id_ for name, id_ in found.items() if not self._is_own(session, id_)}
        return sorted((others or found).items())

    def _is_own(self, session: Session, account: str) -> bool:
        return any(one.primary for one in session.accounts if one.id == account)

    def _session(self, mailbox: str) -> Session:
        whose = READER if self.logins.login is Login.SHARED else mailbox
        with self._lock:
            known = self._sessions.get(whose)
        if known is None:
            try:
                known = discover(self._client(self._base), whose)
            except ProviderError as error:
                raise self._explained(whose, error) from None
            with self._lock:
                self._sessions[whose] = known
        return known

    def _client(self, base: str, session: Session | None = None) -> Client:
        """The client for an origin: the session may name others than where it was found. Its credentials go there, since
        the server that checks them says so over a line that is safe."""
        key = f"{base} api" if session else base
        with self._lock:
            if key not in self._clients:
                by_token = self.logins.login is Login.OAUTHBEARER
                one_user = self.logins.login is Login.SHARED
                pacer = Pacer(
                    self.settings.folder / "pacing", f"jmap {self.address.place}", PER_MAILBOX, PER_APP, self._sleep
                )
                self._clients[key] = Client(
                    base,
                    dialect(self.address.place, by_token=by_token),
                    pacer,
                    self._credentials,
                    # What the server allows at once, it allows to a user.
                    connections=session.limits.concurrent_requests if session and one_user else 32,
                    sleep=self._sleep,
                    transport=None if by_token else Basic(),
                )
            return self._clients[key]

    def _credentials(self, mailbox: str) -> Tokens:
        if self.logins.login is Login.OAUTHBEARER:
            return self._bearer
        whose = mailbox if self.logins.login in (Login.OWN, Login.MASTER) else READER
        with self._lock:
            if whose not in self._tokens:
                self._tokens[whose] = Tokens(lambda: self._password(whose))
            return self._tokens[whose]

    def _password(self, mailbox: str) -> Token:
        name, password = self.logins.basic(mailbox)
        return Token(base64.b64encode(f"{name}:{password}".encode()).decode(), STATIC_SECONDS)

    def _explained(self, whose: str, error: ProviderError) -> ProviderError:
        if error.status not in (401, 403):
            return error
        account = self.logins.account
        secrets = {
            Login.OWN: f"the line of {whose} in the secret {account}-users",
            Login.OAUTHBEARER: f"the secrets {account}-client-id and {account}-client-secret (or {account}-token)",
        }.get(self.logins.login, f"the secrets {account}-username and {account}-password")
        return ProviderError(
            f"{self.address.place} refuses the login for {whose} (HTTP {error.status}): check {secrets}",
            error.status,
            error.code,
        )


class Basic(httpx.HTTPTransport):
    """Sends the credentials that the client holds as name and password (RFC 7617) rather than as an access token."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.headers["Authorization"] = "Basic " + request.headers["Authorization"].partition(" ")[2]
        return super().handle_request(request)


def _base(address: Address) -> str:
    wanted = address.options.get("tls", "implicit")
    host = address.place.rpartition(":")[0] or address.place
    if address.place.endswith("]"):
        host = address.place
    if wanted == "implicit":
        return f"https://{address.place}"
    if wanted == "none" and host.strip("[]") in LOOPBACK:
        return f"http://{address.place}"
    raise SourceError(
        f"cannot open the source '{address.uri('jmap')}': tls is implicit, or none for a server on this machine"
    )
