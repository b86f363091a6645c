"""Tokens for Google's APIs: a service account signs that it acts for a user (RFC 7523; "Using OAuth 2.0 for Server to Server
Applications"), one token for each user and scope.

The signature is google-auth's; the request goes through our own client, so that retries, pacing and silence about secrets hold.
"""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from onboarding import clock, credentials
from onboarding.credentials import SecretError
from onboarding.redaction import remember
from onboarding.settings import Settings
from onboarding.sources.base import SourceError
from onboarding.sources.gmail.dialect import PER_TOKENS, TOKENS
from onboarding.sources.network.client import Client, Request
from onboarding.sources.network.faults import ProviderError
from onboarding.sources.network.pacer import Pacer
from onboarding.sources.network.tokens import Token, Tokens

_PREFIX = "https://www.googleapis.com/auth/"
LIST_USERS = _PREFIX + "admin.directory.user.readonly"
METADATA = _PREFIX + "gmail.metadata"
READ = _PREFIX + "gmail.readonly"
MODIFY = _PREFIX + "gmail.modify"

LASTS_SECONDS = 3600
AUDIENCE = "https://oauth2.googleapis.com/token"
"""Always this, wherever the token is fetched."""
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"

NOT_GRANTED = frozenset({"unauthorized_client", "access_denied", "invalid_scope"})
"""What the token endpoint says of a scope that was not delegated."""

_REMEDIES = {
    "unauthorized_client": "the scope is not delegated to the service account: `gatehouse source check` says what to grant",
    "access_denied": "the scope is not delegated to the service account: `gatehouse source check` says what to grant",
    "invalid_grant": "the user is gone or suspended (leave it out with exclude in the source's URI), "
    "the key was deleted, or this machine's clock is wrong",
    "invalid_client": "the service account or its key was deleted: make a new key",
}


@dataclass(frozen=True, slots=True)
class Key:
    """A service account's key, out of the JSON file that Google gives. Printing it shows no secret."""

    email: str
    client_id: str
    key_id: str
    _private: str = field(repr=False)

    def signed(self, claims: dict[str, object]) -> str:
        """The claims as a JWT, signed RS256. Raises SourceError for a key that signs nothing."""
        from google.auth import crypt, jwt

        try:
            signer = crypt.RSASigner.from_string(self._private, self.key_id)  # type: ignore[no-untyped-call]
            return str(jwt.encode(signer, claims).decode())  # type: ignore[no-untyped-call]
        except ValueError:
            raise SourceError(
                f"the private key of the service account {self.email} cannot be used: make a new key in the Google Cloud "
                "console, as JSON, and store the whole file"
            ) from None


class Issuer:
    """Gets tokens of one service account. Safe to use from many threads."""

    def __init__(self, settings: Settings, account: str, pacer: Pacer) -> None:
        """Raises SourceError for a token address over which no secret may go."""
        self.secret = f"{account}-service-account"
        self._settings = settings
        parts = urlsplit(settings.google_token_url)
        self._client = Client(
            f"{parts.scheme}://{parts.netloc}", TOKENS, pacer, _no_tokens, connections=8, sleep=pacer.sleep
        )
        self._lock = threading.Lock()
        self._tokens: dict[tuple[str | None, str], Tokens] = {}

    def close(self) -> None:
        self._client.close()

    def tokens(self, subject: str | None, scope: str) -> Tokens:
        """Tokens to act as a user (None: as the service account itself) within one scope."""
        with self._lock:
            if (subject, scope) not in self._tokens:
                self._tokens[subject, scope] = Tokens(lambda: self._fetch(subject, scope))
            return self._tokens[subject, scope]

    def granted(self, subject: str | None, scope: str) -> bool:
        """Whether a token of this scope is issued. Raises SourceError when none is for another reason than the scope."""
        try:
            self.tokens(subject, scope).current()
        except ProviderError as error:
            if error.code in NOT_GRANTED:
                return False
            raise
        return True

    def key(self) -> Key:
        """The service account's key. Raises SourceError, saying what to do, when it is nowhere or is none."""
        try:
            found = credentials.get(self.secret, self._settings)
        except SecretError as error:
            raise SourceError(str(error)) from None
        try:
            values = json.loads(found.reveal())
            private = str(values["private_key"])
            key = Key(
                str(values["client_email"]),
                str(values.get("client_id", "")),
                str(values.get("private_key_id", "")),
                private,
            )
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SourceError(
                f"the secret {self.secret} ({found.origin}) has to be the JSON key file of a service account, whole"
            ) from None
        remember(private)
        return key

    def _fetch(self, subject: str | None, scope: str) -> Token:
        key = self.key()
        now = int(clock.now().timestamp())
        claims: dict[str, object] = {
            "iss": key.email,
            "scope": scope,
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + LASTS_SECONDS,
        }
        if subject is not None:
            claims["sub"] = subject
        assertion = key.signed(claims)
        remember(assertion)
        who = subject or key.email
        request = Request(
            what=f"a token for {who} ({short(scope)})",
            mailbox="tokens",
            url=self._settings.google_token_url,
            method="POST",
            form={"grant_type": GRANT, "assertion": assertion},
            bare=True,
        )
        try:
            document = self._client.json(request)
            return Token(str(document["access_token"]), float(document.get("expires_in", LASTS_SECONDS)))
        except ProviderError as error:
            remedy = _REMEDIES.get(error.code)
            raise ProviderError(f"{error}; {remedy}" if remedy else str(error), error.status, error.code) from None
        except (KeyError, TypeError, ValueError):
            raise ProviderError(
                f"what came as a token for {who} is none: is GATEHOUSE_GOOGLE_TOKEN_URL right?"
            ) from None


def issuer(settings: Settings, account: str, sleep: object = time.sleep, now: object = time.monotonic) -> Issuer:
    """The issuer for an account's credentials. `sleep` and `now` are the pacer's."""
    pacer = Pacer(settings.folder / "pacing", f"google tokens {account}", PER_TOKENS, PER_TOKENS, sleep, now)  # type: ignore[arg-type]
    return Issuer(settings, account, pacer)


def short(scope: str) -> str:
    """A scope as people name it.

    >>> short(READ)
    'gmail.readonly'
    """
    return scope.removeprefix(_PREFIX)


def _no_tokens(_: str) -> Tokens:
    raise AssertionError("a request for a token goes without one")
