"""One line to an IMAP server for one mailbox: opened when needed, opened again when it breaks, patient as the retry policy is.

A server that is throttling or down never fails a mailbox before our patience ends; a refusal does at once.
"""

from __future__ import annotations

import contextlib
import logging
import re
import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientAbortError, IMAPClientError, LoginError, ProtocolError

from onboarding.sources.imap.server import Server, login_refused
from onboarding.sources.network.counts import Counts
from onboarding.sources.network.faults import ProviderError, Trouble
from onboarding.sources.network.retry import wait_before
from onboarding.sources.network.width import Gate

log = logging.getLogger(__name__)

T = TypeVar("T")

_CODE = re.compile(r"\[([A-Z-]+)")
_CODES: Mapping[str, Trouble] = {
    # RFC 5530 section 3, RFC 9051 section 7.1; THROTTLED and OVERLOADED as large providers have them.
    "UNAVAILABLE": Trouble.UNAVAILABLE,
    "INUSE": Trouble.UNAVAILABLE,
    "SERVERBUG": Trouble.UNAVAILABLE,
    "LIMIT": Trouble.THROTTLED,
    "THROTTLED": Trouble.THROTTLED,
    "OVERLOADED": Trouble.THROTTLED,
}
_CROWDED = re.compile(
    r"(?i)too many (?:simultaneous |concurrent )?connections|maximum number of connections|connection limit"
)
_PASSING = re.compile(r"(?i)temporar|try again|server (?:busy|unavailable)|internal error occurred")


@dataclass(frozen=True, slots=True)
class Opened:
    """What a server said when a folder was opened."""

    uid_validity: int
    uid_next: int
    exists: int


_NOT_THERE = re.compile(r"(?i)does ?n[o']t exist|no such|unknown mailbox|not found")


class RefusedError(ProviderError):
    """The server answered NO or BAD to a command. `code` is its response code (RFC 5530), such as NONEXISTENT."""

    @property
    def not_there(self) -> bool:
        """What was asked for is not there (any more)."""
        return self.code == "NONEXISTENT" or (not self.code and bool(_NOT_THERE.search(str(self))))


class Connection:
    """A mailbox's line. Used by one thread; `close` it when the mailbox is read."""

    def __init__(
        self,
        server: Server,
        mailbox: str | None,
        gate: Gate,
        counts: Counts,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`mailbox` None: the line of the admin itself. `gate` bounds how many commands of this source run at once."""
        self.server = server
        self.mailbox = mailbox
        self._gate = gate
        self._counts = counts
        self._sleep = sleep
        self._client: IMAPClient | None = None
        self._open: tuple[str, bool] | None = None
        self._opened: Opened | None = None
        self._token: str | None = None
        self._bad_token: str | None = None

    @property
    def who(self) -> str:
        """For people: whose line it is."""
        return self.mailbox or "the reader"

    def run(self, what: str, ask: Callable[[IMAPClient], T]) -> T:
        """What `ask` gives with no folder in particular open. Raises RefusedError, ProviderError when patience ends."""
        return self._run(what, ask, None, readonly=True)

    def inside(self, folder: str, what: str, ask: Callable[[IMAPClient, Opened], T], *, readonly: bool = True) -> T:
        """What `ask` gives with a folder open, as it was when opened. Asked again from the start when the line breaks."""

        def asked(client: IMAPClient) -> T:
            assert self._opened is not None
            return ask(client, self._opened)

        return self._run(what, asked, folder, readonly=readonly)

    def close(self) -> None:
        """Says good-bye, if anybody is there."""
        client, self._client, self._open = self._client, None, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.logout()

    def _run(self, what: str, ask: Callable[[IMAPClient], T], folder: str | None, *, readonly: bool) -> T:
        borne: dict[Trouble, int] = {}
        while True:
            self._counts.sent()
            try:
                with self._gate.inside():
                    client = self._entered()
                    if folder is not None and self._open != (folder, readonly):
                        self._select(client, folder, readonly)
                    result = ask(client)
            except LoginError as error:
                self._drop()
                trouble = Trouble.BROKEN if _line_broke(error) else self._login_trouble(str(error))
                said = str(error)
            except (IMAPClientAbortError, ProtocolError, OSError, ssl.SSLError, EOFError) as error:
                if isinstance(error, ssl.SSLCertVerificationError):
                    self._drop()
                    raise ProviderError(
                        f"{self.server.host} shows a certificate that is not to be trusted ({error.verify_message}): a "
                        f"private authority's certificate can be named by SSL_CERT_FILE",
                        0,
                        "CERTIFICATE",
                    ) from None
                self._drop()
                said = f"{type(error).__name__}: {error}"
                trouble = Trouble.THROTTLED if _CROWDED.search(said) else Trouble.BROKEN
            except IMAPClientError as error:
                said = str(error)
                found = _CODE.search(said)
                passing = _CODES.get(found[1]) if found else None
                if passing is None:
                    self._counts.came(0, good=False)
                    raise RefusedError(
                        f"{self.server.host} refused {what} of {self.who}: {_short(said)}",
                        403,
                        found[1] if found else "",
                    ) from None
                trouble = passing
            else:
                self._counts.came(0, good=True)
                self._gate.width.accepted()
                return result
            self._counts.trouble(trouble)
            self._wait(trouble, what, said, borne)

    def _wait(self, trouble: Trouble, what: str, said: str, borne: dict[Trouble, int]) -> None:
        attempt = borne[trouble] = borne.get(trouble, 0) + 1
        wait = wait_before(trouble, attempt, None)
        if wait is None:
            raise ProviderError(
                f"{self.server.host} did not give {what} of {self.who} in {attempt} tries; last: {_short(said)}"
            )
        log.debug("%s of %s: %s, again in %.1f s", what, self.who, said, wait)
        if trouble is Trouble.THROTTLED:
            self._gate.width.refused()
        self._counts.waited_for(wait)
        self._sleep(wait)

    def _entered(self) -> IMAPClient:
        if self._client is None:
            self._token = self.server.token(self._bad_token)
            self._client = self.server.connect()
            self.server.enter(self._client, None if self.server.shared else self.mailbox, self._token)
            self._bad_token = None
        return self._client

    def _login_trouble(self, said: str) -> Trouble:
        """What kind of trouble a refused login is. Raises ProviderError for one that stays: trying a wrong password again
        locks accounts."""
        code = _CODE.search(said)
        if code and code[1] in _CODES:
            return _CODES[code[1]]
        if _CROWDED.search(said):
            return Trouble.THROTTLED
        if code is None and _PASSING.search(said):
            return Trouble.UNAVAILABLE
        if self._token is not None and self._bad_token is None:
            self._bad_token = self._token  # it may have expired: once with another
            return Trouble.UNAUTHORIZED
        raise login_refused(self.server, self.who, _short(said))

    def _select(self, client: IMAPClient, folder: str, readonly: bool) -> None:
        self._open = None
        answer = client.select_folder(folder, readonly=readonly)
        validity, upcoming = int(answer.get(b"UIDVALIDITY") or 0), int(answer.get(b"UIDNEXT") or 0)
        exists = int(answer.get(b"EXISTS") or 0)
        if not upcoming:
            # RFC 3501 section 6.3.1 lets a server leave it out.
            upcoming = max(client.search("ALL") or [0]) + 1 if exists else 1
        self._opened = Opened(validity, upcoming, exists)
        self._open = (folder, readonly)

    def reopen(self) -> None:
        """Forgets which folder is open: it is opened anew, and with what is new in it."""
        self._open = None

    def _drop(self) -> None:
        client, self._client, self._open = self._client, None, None
        if client is not None:
            with contextlib.suppress(Exception):
                client.shutdown()


def _line_broke(error: LoginError) -> bool:
    """Whether a login failed since the line did: the client calls both by one name, and only one is a refusal."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, IMAPClientAbortError | OSError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False


def _short(said: str) -> str:
    return " ".join(said.split())[:200]
