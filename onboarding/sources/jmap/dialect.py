"""How JMAP words its errors: as problem documents (RFC 7807) for a whole request, as `error` responses for one call."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from onboarding.sources.network.faults import Answer, Dialect, Said, Trouble, by_status
from onboarding.sources.network.pacing import Allowance

PER_MAILBOX = Allowance(60_000, 60.0)
"""JMAP documents no rates, only how much at once (RFC 8620 section 2): a server that has enough says so, and is heeded."""

PER_APP = Allowance(120_000, 60.0)

PASSING = frozenset({"serverUnavailable", "serverFail", "serverPartialFail"})
"""Errors of one call that may pass (RFC 8620 section 3.6.2)."""

_LIMIT = "urn:ietf:params:jmap:error:limit"


def said(answer: Answer) -> Said:
    """Code and sentence of an error; of a redirection, where to."""
    if 300 <= answer.status < 400:
        return Said(answer.headers.get("location", ""), "sends elsewhere")
    try:
        document: Any = json.loads(answer.content or b"{}")
    except ValueError:
        document = None
    if not isinstance(document, Mapping):
        return Said("", answer.content[:200].decode("utf-8", "replace"))
    code = str(document.get("type") or "")
    if limit := document.get("limit"):
        code = f"{code}:{limit}"
    return Said(code, str(document.get("detail") or document.get("title") or "")[:300])


def _trouble(answer: Answer, words: Said) -> Trouble | None:
    if words.code.startswith(_LIMIT) and ("oncurrent" in words.code or "rate" in words.code):
        return Trouble.THROTTLED
    return by_status(answer, words)


def _by_password(answer: Answer, words: Said) -> Trouble | None:
    # Nothing else can be tried with the same password, and trying it again locks accounts.
    return None if answer.status == 401 else _trouble(answer, words)


def _crowded(answer: Answer, words: Said) -> bool:
    return "oncurrent" in words.code or "concurren" in words.message.lower()


def dialect(name: str, *, by_token: bool) -> Dialect:
    """The dialect of a server, called `name`, that is entered with access tokens or with passwords."""
    return Dialect(name, said, _trouble if by_token else _by_password, _crowded)
