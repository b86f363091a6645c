"""History is too short, and there is more: the agent reads further back by itself, unless a person said how far.

A lookback that comes from the settings is a start, not a bound: while a gate of history fails (or mail is too little
to learn from at all) and older mail is there, it is doubled, up to `FURTHEST_DAYS`. One that an admin named
(`--lookback`) is never overridden. A mailbox whose reading paused at the lookback goes on from there; only one that ended
there, or whose source does not begin with the newest mail, is read anew.
"""

from __future__ import annotations

import logging

from detection.mail.message import SkipReason
from onboarding.database import audit, mailboxes, tenants
from onboarding.database.gates import Measured
from onboarding.database.runs import RunToken
from onboarding.holds import Hold, HoldReason
from onboarding.lifecycle import MailboxState, when_started
from onboarding.reach import FIXED, FURTHEST_DAYS
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

HISTORY_GATES = ("history-span", "history-volume", "sender-maturity", "certificate")
"""Gates that more history may cure, in the order in which they are named as the reason."""

HISTORY_HOLDS = frozenset({HoldReason.TOO_LITTLE_HISTORY, HoldReason.NO_MESSAGES})


def short_of_history(measured: tuple[Measured, ...]) -> str | None:
    """Why more history is wanted, in a sentence; None when no gate of history failed."""
    failed = {one.name: one for one in measured if not one.passed}
    for name in HISTORY_GATES:
        if one := failed.get(name):
            said = "nothing" if one.value is None else f"{one.value:.3g}"
            return f"gate {name} asks for {one.bar} and measured {said}"
    return None


def held_for_history(hold: Hold) -> str | None:
    """Why more history is wanted, when that may cure the hold; else None."""
    return hold.message if hold.reason in HISTORY_HOLDS else None


def widen_lookback(workspace: Workspace, token: RunToken, why: str) -> int | None:
    """Doubles the tenant's lookback and has older mail read; gives its days, None where that is not for us or no use.

    No use: the lookback is unbounded or at its furthest, or no mail older than it was met. Raises Fenced.
    """
    tenant = token.tenant
    with workspace.database.transaction(tenant) as session:
        row = tenants.get(session, tenant, lock=True)
        before = row.lookback_days
        if before is None or before >= FURTHEST_DAYS or row.overrides.get(FIXED):
            return None
        ended = mailboxes.cut_off(session, tenant, str(SkipReason.OUTSIDE_LOOKBACK))
        if not ended and all(box.state is not MailboxState.PAUSED for box in mailboxes.all_of(session, tenant)):
            return None
        days = min(2 * before, FURTHEST_DAYS)
        tenants.change(session, tenant, actor="gatehouse", lookback_days=days)
        tenants.move(session, tenant, when_started(row.state), actor="gatehouse")
        for name in ended:
            mailboxes.reread(session, token, name)
        audit.record(session, tenant, "gatehouse", "lookback-widened", {"from": before, "to": days, "reason": why})
    log.info("%s: %s; mail is read %d days back instead of %d", tenant, why, days, before)
    return days
