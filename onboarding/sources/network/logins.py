"""As whom mailboxes of a mail server are read, and which there are when the server does not list them: for IMAP and JMAP.

    imap:mail.acme.example?login=admin&users=/etc/gatehouse/acme-users

| option | |
|---|---|
| `login` | how mailboxes are entered, see `Login` |
| `account` | which secrets: `ACCOUNT-username`, `ACCOUNT-password` ...; by default the scheme's name |
| `users` | a file of mailbox names, one a line, `#` begins a comment |
| `separator` | between mailbox and admin for `login=master` (default `*`) |
| `token_url`, `scope` | where access tokens are issued to `ACCOUNT-client-id` with `ACCOUNT-client-secret` |
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import httpx

from onboarding import credentials
from onboarding.credentials import SecretError
from onboarding.settings import Settings
from onboarding.sources.base import SourceError
from onboarding.sources.network.client import checked_base
from onboarding.sources.network.faults import ProviderError, Trouble
from onboarding.sources.network.retry import wait_before
from onboarding.sources.network.rules import Address
from onboarding.sources.network.tokens import Token, Tokens

OPTIONS = frozenset({"login", "account", "users", "separator", "token_url", "scope"})

STATIC_SECONDS = 86_400.0
"""A token that was put somewhere as a secret is looked up again this often."""


class Login(StrEnum):
    """How the mailboxes of a server are entered."""

    OWN = "own"
    """Each with its own password, from the secret `ACCOUNT-users`: lines of name and password."""
    SHARED = "shared"
    """One reader, to whom mailboxes are shared by access rights (RFC 4314; JMAP accounts): the least privilege."""
    MASTER = "master"
    """`mailbox*admin` and the admin's password, as Dovecot's master users."""
    ADMIN = "admin"
    """The admin's name and password, acting as the mailbox (SASL authorization identity, RFC 4616)."""
    XOAUTH2 = "xoauth2"
    """An access token and the mailbox's name, as Microsoft and Google have it."""
    OAUTHBEARER = "oauthbearer"
    """The same as a standard: RFC 7628 for IMAP, RFC 6750 for JMAP."""


@dataclass(frozen=True, slots=True)
class Logins:
    """The credentials of one source; nothing is looked up before it is asked for."""

    scheme: str
    address: Address
    login: Login
    settings: Settings

    @property
    def account(self) -> str:
        return self.address.options.get("account", self.scheme)

    @property
    def separator(self) -> str:
        return self.address.options.get("separator") or "*"

    def admin(self) -> tuple[str, str]:
        """Name and password of the reader or admin. Raises SourceError when there are none."""
        return self._secret("username"), self._secret("password")

    def own(self, mailbox: str) -> tuple[str, str]:
        """Name and password of a mailbox by itself. Raises SourceError when the secret has none."""
        passwords = self.passwords()
        if mailbox not in passwords:
            raise SourceError(f"mailbox {mailbox}: the secret {self.account}-users has no line for it")
        return mailbox, passwords[mailbox]

    def passwords(self) -> Mapping[str, str]:
        """Passwords by mailbox, of the secret `ACCOUNT-users`."""
        from onboarding.redaction import remember

        found: dict[str, str] = {}
        for line in self._secret("users").splitlines():
            name, _, password = line.strip().partition(" ")
            if name and not name.startswith("#"):
                found[name] = password.strip()
                remember(password.strip())
        return found

    def basic(self, mailbox: str) -> tuple[str, str]:
        """Name and password to log in with as, or for, a mailbox."""
        if self.login is Login.OWN:
            return self.own(mailbox)
        name, password = self.admin()
        return (f"{mailbox}{self.separator}{name}", password) if self.login is Login.MASTER else (name, password)

    def tokens(self) -> Tokens:
        """Access tokens, one for all mailboxes: a secret, or issued to the client's id and secret (RFC 6749 section 4.4)."""
        return Tokens(self._token)

    def named(self) -> list[str] | None:
        """The mailboxes that are named without asking the server; None when the server has to list them.

        Raises SourceError when the file of them cannot be read.
        """
        if path := self.address.options.get("users"):
            try:
                with open(path, encoding="utf-8") as file:
                    lines = [line.partition("#")[0].strip() for line in file]
            except (OSError, UnicodeDecodeError) as error:
                why = error.strerror if isinstance(error, OSError) else "it is not text"
                raise SourceError(f"the file of mailboxes {path} cannot be read: {why}") from None
            names = [line for line in lines if line]
        elif self.login is Login.OWN:
            names = list(self.passwords())
        elif self.address.rules.include and not any("*" in one or "?" in one for one in self.address.rules.include):
            names = list(self.address.rules.include)
        else:
            return None
        return sorted({name for name in names if self.address.rules.admit(name)})

    def _secret(self, what: str) -> str:
        try:
            return credentials.get(f"{self.account}-{what}", self.settings).reveal()
        except SecretError as error:
            raise SourceError(str(error)) from None

    def _token(self) -> Token:
        url = self.address.options.get("token_url")
        if url is None:
            return Token(self._secret("token"), STATIC_SECONDS)
        form = {
            "grant_type": "client_credentials",
            "client_id": self._secret("client-id"),
            "client_secret": self._secret("client-secret"),
        }
        if scope := self.address.options.get("scope"):
            form["scope"] = scope
        return _issued(checked_base(url), form)


def read_logins(scheme: str, address: Address, settings: Settings, allowed: tuple[Login, ...]) -> Logins:
    """The logins that a source's options ask for; the first of `allowed` is the default. Raises SourceError."""
    wanted = address.options.get("login", str(allowed[0]))
    if wanted not in {str(one) for one in allowed}:
        known = ", ".join(allowed)
        raise SourceError(f"cannot open the source '{address.uri(scheme)}': login={wanted} is none of {known}")
    if (users := address.options.get("users")) and not os.path.isabs(users):
        raise SourceError(f"cannot open the source '{address.uri(scheme)}': write the whole path of users={users}")
    return Logins(scheme, address, Login(wanted), settings)


def _issued(url: str, form: Mapping[str, str]) -> Token:
    import time

    attempt = 0
    while True:
        attempt += 1
        try:
            answer = httpx.post(url, data=dict(form), timeout=30.0, follow_redirects=False)
            document = answer.json()
            if answer.is_success and document.get("access_token"):
                return Token(str(document["access_token"]), float(document.get("expires_in") or 300))
            status, said = answer.status_code, str(document.get("error_description") or document.get("error") or "")
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            status, said = 0, type(error).__name__
        wait = wait_before(Trouble.BROKEN, attempt, None) if status == 0 or status >= 500 or status == 429 else None
        if wait is None:
            raise ProviderError(
                f"no token is issued at {url} (HTTP {status}, {said[:200]}): check the client's id, secret and scope",
                status or 401,
            )
        time.sleep(wait)
