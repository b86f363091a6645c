"""The session of a JMAP server: where to ask, what is allowed at once, which accounts are seen (RFC 8620 section 2)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from onboarding.sources.base import SourceError
from onboarding.sources.network.client import Client, Request
from onboarding.sources.network.faults import ProviderError

CORE = "urn:ietf:params:jmap:core"
MAIL = "urn:ietf:params:jmap:mail"

WELL_KNOWN = "/.well-known/jmap"
REDIRECTIONS = 5


@dataclass(frozen=True, slots=True)
class Limits:
    """What the server lets one ask for. Where it does not say, what RFC 8620 section 2 suggests as the least."""

    objects_in_get: int = 500
    calls_in_request: int = 16
    concurrent_requests: int = 4
    objects_in_set: int = 500


@dataclass(frozen=True, slots=True)
class Account:
    """One account that is seen: `primary` when it is the user's own."""

    id: str
    name: str
    read_only: bool
    primary: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A session as the server described it. Addresses are absolute; `download` is a template (RFC 6570 level 1)."""

    api: str
    download: str
    limits: Limits
    accounts: tuple[Account, ...]
    user: str

    def blob(self, account: str, blob: str) -> str:
        """Where a message's bytes are."""
        values = {"accountId": account, "blobId": blob, "name": "message.eml", "type": "message/rfc822"}
        address = self.download
        for name, value in values.items():
            address = address.replace(f"{{{name}}}", quote(value, safe=""))
        return address


def discover(client: Client, mailbox: str) -> Session:
    """The session of whoever `client` logs in as for a mailbox. Raises ProviderError, and SourceError for a server that
    does not speak JMAP for mail."""
    url = WELL_KNOWN
    for _ in range(REDIRECTIONS):
        request = Request(what="the session", mailbox=mailbox, url=url, headers={"Accept": "application/json"})
        try:
            document = client.json(request)
        except ProviderError as error:
            if 300 <= error.status < 400 and error.code:
                url = urljoin(client.address(url), error.code)
                continue
            if error.status == 404:
                raise ProviderError(f"{error}: nothing speaks JMAP there", 404, "NO-JMAP") from None
            raise
        return _read(document, client.address(url))
    raise SourceError(f"{client.base} sends in circles while its JMAP session is looked for")


def origin(address: str) -> str:
    """Scheme and host of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _read(document: Any, at: str) -> Session:
    try:
        capabilities = document["capabilities"]
        if CORE not in capabilities or MAIL not in capabilities:
            raise SourceError(f"{origin(at)} speaks JMAP, but not for mail: {MAIL} is not among its capabilities")
        core = capabilities[CORE]
        primary = document.get("primaryAccounts", {}).get(MAIL)
        return Session(
            urljoin(at, document["apiUrl"]),
            urljoin(at, document["downloadUrl"]),
            Limits(
                _number(core, "maxObjectsInGet", 500),
                _number(core, "maxCallsInRequest", 16),
                _number(core, "maxConcurrentRequests", 4),
                _number(core, "maxObjectsInSet", 500),
            ),
            tuple(
                Account(str(id_), str(one.get("name") or id_), bool(one.get("isReadOnly")), id_ == primary)
                for id_, one in document["accounts"].items()
                if MAIL in (one.get("accountCapabilities") or {})
            ),
            str(document.get("username") or ""),
        )
    except (KeyError, TypeError, AttributeError):
        raise SourceError(f"{at} answers with something that is no JMAP session") from None


def _number(core: Mapping[str, Any], name: str, least: int) -> int:
    value = core.get(name)
    return value if isinstance(value, int) and value > 0 else least
