"""How Microsoft Graph words its errors, and what it allows."""

from __future__ import annotations

import json

from onboarding.sources.network.faults import Answer, Dialect, Said, Trouble, by_status
from onboarding.sources.network.pacing import Allowance

PER_MAILBOX = Allowance(10_000, 600.0)
"""Outlook's limit for an app and a mailbox ("Microsoft Graph service-specific throttling limits")."""

PER_APP = Allowance(130_000, 10.0)
"""The limit over all of Graph, for an app over all its customers."""

LOST_SYNC = frozenset({"syncstatenotfound", "resyncrequired", "syncstateinvalid", "syncfolderhierarchystatenotfound"})
"""Codes that say that a delta token is no longer known; they come with 410, and sometimes with 400 or 404."""

GONE = frozenset({"erroritemnotfound", "errorinvalididmalformed", "erroritemcorrupt"})


def said(answer: Answer) -> Said:
    """Code and sentence of an error."""
    document = answer.document
    if document is None:
        try:
            document = json.loads(answer.content or b"{}")
        except ValueError:
            return Said("", answer.content[:200].decode("utf-8", "replace"))
    error = document.get("error") if isinstance(document, dict) else None
    if not isinstance(error, dict):
        return Said()
    return Said(str(error.get("code") or ""), str(error.get("message") or "")[:300])


def trouble(answer: Answer, words: Said) -> Trouble | None:
    """By the status; some throttles come as 503, 504 or 403 with a code of their own."""
    code = words.code.lower()
    if code in ("applicationthrottled", "errorserverbusy", "toomanyrequests", "activitylimitreached"):
        return Trouble.THROTTLED
    if answer.status in (410, 404, 400) and code in LOST_SYNC:
        return None
    return by_status(answer, words)


def crowded(answer: Answer, words: Said) -> bool:
    """Whether it was too much at the same time rather than too much in ten minutes."""
    return "concurren" in words.message.lower()


GRAPH = Dialect("Microsoft Graph", said, trouble, crowded)
