"""Tokens for Microsoft Graph: app-only, by client secret or certificate, through msal."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import httpx

from onboarding import credentials
from onboarding.credentials import SecretError
from onboarding.redaction import redact
from onboarding.settings import Settings
from onboarding.sources.base import SourceError
from onboarding.sources.network.client import TIMEOUT, checked_base
from onboarding.sources.network.faults import ProviderError, Trouble
from onboarding.sources.network.retry import wait_before
from onboarding.sources.network.tokens import Token

_REMEDIES: Mapping[str, str] = {
    # Microsoft Entra authentication error codes (AADSTS)
    "AADSTS7000215": "the client secret is wrong: it has to be the secret's value, not its id",
    "AADSTS7000222": "the client secret has expired: make a new one in the app registration",
    "AADSTS700016": "the app is not known in this organisation: an admin has to consent to it there first",
    "AADSTS90002": "there is no organisation of this id: check what stands behind graph:",
    "AADSTS700027": "the certificate is not the one of the app registration: upload it there",
    "AADSTS65001": "an admin has to consent to the app in this organisation",
    "AADSTS53003": "a conditional access policy of the organisation keeps the app out",
}


@dataclass(frozen=True, slots=True)
class Account:
    """Which credentials are used: the names of secrets, never their values."""

    name: str

    @property
    def client_id(self) -> str:
        return f"{self.name}-client-id"

    @property
    def client_secret(self) -> str:
        return f"{self.name}-client-secret"

    @property
    def certificate(self) -> str:
        return f"{self.name}-certificate"


def fetch(tenant: str, account: Account, settings: Settings) -> Token:
    """A new token for an organisation. Raises SourceError with what to do when none is issued."""
    try:
        client_id = credentials.get(account.client_id, settings).reveal()
        credential = _credential(account, settings)
    except SecretError as error:
        raise SourceError(str(error)) from None
    import msal

    base = checked_base(settings.graph_authority)
    with _Http(base) as http:
        attempt = 0
        while True:
            attempt += 1
            try:
                app = msal.ConfidentialClientApplication(
                    client_id,
                    client_credential=credential,
                    # msal takes https only; what is sent goes where the setting says, see _Http.
                    authority=f"https://{urlsplit(base).netloc}{urlsplit(base).path}/{tenant}",
                    http_client=http,
                    validate_authority=False,
                    instance_discovery=False,
                )
                answer = app.acquire_token_for_client(scopes=[f"{_resource(settings)}/.default"])
            except (httpx.HTTPError, msal.exceptions.MsalServiceError, ValueError) as error:
                answer = {
                    "error": "no answer",
                    "error_description": f"{type(error).__name__}: {error}",
                    "passing": True,
                }
            if "access_token" in answer:
                return Token(str(answer["access_token"]), float(answer.get("expires_in", 3600)))
            wait = wait_before(Trouble.BROKEN, attempt, None) if answer.get("passing") or http.failing else None
            if wait is None:
                raise _denied(tenant, answer) from None
            http.sleep(wait)


def roles(token: str) -> frozenset[str]:
    """The application permissions that a token carries; none for one that cannot be read."""
    try:
        body = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
        return frozenset(str(role) for role in claims.get("roles") or ())
    except (IndexError, ValueError, AttributeError):
        return frozenset()


def _credential(account: Account, settings: Settings) -> Any:
    certificate = credentials.find(account.certificate, settings)
    if certificate is None:
        return credentials.get(account.client_secret, settings).reveal()
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes

    pem = certificate.reveal()
    try:
        first = x509.load_pem_x509_certificate(pem[pem.index("-----BEGIN CERTIFICATE-----") :].encode())
        if "PRIVATE KEY-----" not in pem:
            raise ValueError
    except ValueError:
        raise SecretError(
            f"the secret {account.certificate} ({certificate.origin}) has to hold the certificate and its private key as PEM"
        ) from None
    thumbprint = first.fingerprint(hashes.SHA1()).hex()
    return {
        "private_key": pem[: pem.index("-----BEGIN CERTIFICATE-----")] or pem,
        "thumbprint": thumbprint,
        "public_certificate": pem,
    }


def _resource(settings: Settings) -> str:
    parts = urlsplit(settings.graph_url)
    return f"{parts.scheme}://{parts.netloc}"


def _denied(tenant: str, answer: Mapping[str, Any]) -> ProviderError:
    description = redact(str(answer.get("error_description") or answer.get("error") or "no reason given")).splitlines()[
        0
    ]
    code = description.partition(":")[0]
    remedy = _REMEDIES.get(code, "see the page on Microsoft 365 in the documentation")
    return ProviderError(f"no token is issued for {tenant}: {description[:300]}; {remedy}", 401, code)


class _Http:
    """What msal asks through: an httpx client that goes to the authority's own scheme, and remembers a failing server."""

    def __init__(self, base: str) -> None:
        self._plain = urlsplit(base).scheme == "http"
        self._client = httpx.Client(timeout=TIMEOUT, follow_redirects=False)
        self.failing = False

    def __enter__(self) -> _Http:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def sleep(self, seconds: float) -> None:
        import time

        time.sleep(seconds)

    def post(self, url: str, params: Any = None, data: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        # msal gives an assertion as bytes, of which httpx would make the text "b'...'".
        form = {name: value.decode() if isinstance(value, bytes) else value for name, value in (data or {}).items()}
        return self._seen(self._client.post(self._at(url), params=params, data=form, headers=headers))

    def get(self, url: str, params: Any = None, headers: Any = None, **_: Any) -> httpx.Response:
        return self._seen(self._client.get(self._at(url), params=params, headers=headers))

    def close(self) -> None:
        self._client.close()

    def _at(self, url: str) -> str:
        return url.replace("https://", "http://", 1) if self._plain else url

    def _seen(self, response: httpx.Response) -> httpx.Response:
        self.failing = response.status_code >= 500 or response.status_code == 429
        return response
