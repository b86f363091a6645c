"""Which server, how it is reached, and as whom: what a connection is opened with."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from enum import StrEnum

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import IMAPClientError, LoginError

from onboarding.sources.base import SourceError
from onboarding.sources.network.client import LOOPBACK
from onboarding.sources.network.faults import ProviderError
from onboarding.sources.network.logins import Login, Logins
from onboarding.sources.network.tokens import Tokens

TIMEOUT = SocketTimeout(connect=20.0, read=120.0)


class Tls(StrEnum):
    """How the line is made safe. RFC 8314 prefers implicit TLS."""

    IMPLICIT = "implicit"
    STARTTLS = "starttls"
    NONE = "none"
    NONE_OVER_THE_NETWORK = "none-over-the-network"


@dataclass(frozen=True, slots=True)
class Server:
    """An IMAP server and the ways in. `tokens` issue access tokens, for the kinds of login that want them."""

    host: str
    port: int
    tls: Tls
    logins: Logins
    tokens: Tokens

    @property
    def shared(self) -> bool:
        """One reader sees all mailboxes, below a prefix."""
        return self.logins.login is Login.SHARED

    def connect(self) -> IMAPClient:
        """A connection on which nobody is logged in. Raises OSError, IMAPClientError."""
        context = ssl.create_default_context()
        client = IMAPClient(
            self.host, self.port, ssl=self.tls is Tls.IMPLICIT, ssl_context=context, timeout=TIMEOUT, use_uid=True
        )
        # Names as they stand, since a broken name must come back to the server as it came; times with their zone.
        client.folder_encode = False
        client.normalise_times = False
        if self.tls is Tls.STARTTLS:
            client.starttls(context)
        return client

    def token(self, instead_of: str | None) -> str | None:
        """The access token to log in with, another one than `instead_of`; None where logins are by password.

        Raises SourceError when none is issued.
        """
        by_token = self.logins.login in (Login.XOAUTH2, Login.OAUTHBEARER)
        return self.tokens.current(instead_of=instead_of) if by_token else None

    def enter(self, client: IMAPClient, mailbox: str | None, token: str | None) -> None:
        """Logs in as a mailbox (None: as the admin itself). Raises LoginError, and SourceError when there are no
        credentials."""
        login = self.logins.login
        if token is not None:
            if mailbox is None:
                raise SourceError(
                    f"login={login} needs mailboxes to be named: give users=FILE, or addresses as include"
                )
            enter = client.oauth2_login if login is Login.XOAUTH2 else client.oauthbearer_login
            enter(mailbox, token)
            return
        if login is Login.ADMIN and mailbox is not None:
            name, password = self.logins.admin()
            client.plain_login(name, password, mailbox)
            return
        name, password = self.logins.admin() if mailbox is None else self.logins.basic(mailbox)
        if client.has_capability("LOGINDISABLED") or not (name + password).isascii():
            # RFC 3501 section 6.2.3: LOGIN takes ASCII only.
            client.plain_login(name, password)
        else:
            try:
                client.login(name, password)
            except IMAPClientError as error:
                raise LoginError(str(error)) from None


def read_server(logins: Logins) -> Server:
    """The server that a source's address names. Raises SourceError for TLS that is not to be done without."""
    address = logins.address
    wanted = address.options.get("tls", str(Tls.IMPLICIT))
    if wanted not in set(map(str, Tls)):
        raise SourceError(
            f"cannot open the source '{address.uri('imap')}': tls={wanted} is none of {', '.join(list(Tls)[:3])}"
        )
    tls = Tls(wanted)
    host, port = _host_and_port(address.place)
    if tls is Tls.NONE and host not in LOOPBACK:
        raise SourceError(
            f"cannot open the source '{address.uri('imap')}': tls=none is for a server on this machine; to send passwords "
            f"and mail to {host} in the clear, write tls={Tls.NONE_OVER_THE_NETWORK}"
        )
    return Server(host, port or (993 if tls is Tls.IMPLICIT else 143), tls, logins, logins.tokens())


def login_refused(server: Server, who: str, said: str) -> ProviderError:
    """The error of a login that was refused, with what to do about it."""
    account = server.logins.account
    secret = {
        Login.OWN: f"the line of {who} in the secret {account}-users",
        Login.XOAUTH2: f"the secrets {account}-client-id and {account}-client-secret (or {account}-token)",
        Login.OAUTHBEARER: f"the secrets {account}-client-id and {account}-client-secret (or {account}-token)",
    }.get(server.logins.login, f"the secrets {account}-username and {account}-password")
    also = {
        Login.MASTER: f", and that the server knows it as a master user with the separator `{server.logins.separator}`",
        Login.ADMIN: ", and that the server lets it act for others (in Cyrus `admins` or `proxyservers`)",
    }.get(server.logins.login, "")
    return ProviderError(f"{server.host} refuses the login for {who} ({said}): check {secret}{also}", 401, "LOGIN")


def _host_and_port(place: str) -> tuple[str, int | None]:
    host, colon, port = place.rpartition(":")
    if not colon or place.endswith("]"):
        return place.strip("[]"), None
    return host.strip("[]"), int(port)
