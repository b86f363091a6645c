"""How Google words its errors, and what Gmail allows."""

from __future__ import annotations

import json
from dataclasses import dataclass

from onboarding.settings import Settings
from onboarding.sources.network.faults import Answer, Dialect, Said, Trouble, by_status
from onboarding.sources.network.pacing import Allowance

PER_PROJECT = Allowance(1_200_000, 60.0)
"""Gmail's quota units for a project, over all users ("Gmail API usage limits")."""

PER_DIRECTORY = Allowance(2_400, 60.0)
"""Queries a minute of the Directory API, for a project and user."""

PER_TOKENS = Allowance(6_000, 60.0)
"""Tokens a minute: no limit is documented; this keeps a crowd of workers from asking all at once."""

THROTTLES = frozenset(
    {
        "ratelimitexceeded",
        "userratelimitexceeded",
        "quotaexceeded",
        "dailylimitexceeded",
        "resource_exhausted",
        "rate_limit_exceeded",
    }
)
"""Reasons that mean: slower; most of them come with 403 ("Resolve errors" of the Gmail API)."""


@dataclass(frozen=True, slots=True)
class Costs:
    """Quota units of each method ("Gmail API usage limits")."""

    get: int
    list: int = 5
    history: int = 2
    profile: int = 1
    modify: int = 5

    @staticmethod
    def of(settings: Settings) -> Costs:
        return Costs(get=settings.gmail_message_units)


def said(answer: Answer) -> Said:
    """The reason and the sentence of an error of Gmail or the Directory."""
    document = _document(answer)
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return Said("", answer.content[:200].decode("utf-8", "replace") if document is None else "")
    first = next((each for each in error.get("errors") or () if isinstance(each, dict)), {})
    return Said(str(first.get("reason") or error.get("status") or ""), str(error.get("message") or "")[:300])


def said_of_token(answer: Answer) -> Said:
    """Error and description of a token endpoint (RFC 6749 section 5.2)."""
    document = _document(answer)
    if not isinstance(document, dict) or not isinstance(document.get("error"), str):
        return said(answer)
    return Said(document["error"], str(document.get("error_description") or "")[:300])


def trouble(answer: Answer, words: Said) -> Trouble | None:
    """By the status; but Gmail throttles with 403 too."""
    if words.code.lower() in THROTTLES and answer.status in (403, 429):
        return Trouble.THROTTLED
    return by_status(answer, words)


def trouble_of_token(answer: Answer, words: Said) -> Trouble | None:
    """401 is a refusal here: there is no other token to try."""
    return None if answer.status == 401 else trouble(answer, words)


def crowded(answer: Answer, words: Said) -> bool:
    """Whether it was too much at the same time rather than too much in a minute."""
    return "concurrent" in words.message.lower()


def _document(answer: Answer) -> object:
    if answer.document is not None:
        return answer.document
    try:
        return json.loads(answer.content or b"{}")
    except ValueError:
        return None


GMAIL = Dialect("Gmail", said, trouble, crowded)
DIRECTORY = Dialect("Google's Directory", said, trouble, crowded)
TOKENS = Dialect("Google", said_of_token, trouble_of_token)
