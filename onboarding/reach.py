"""How far back mailboxes are read now. Over the network the newest mail comes first, so reading can pause on its way back
and go on later from the same cursor: nothing is read twice. It pauses

* early, when a new tenant has much mail: it is protected in shadow on its newest days, and calibrated again once the rest is
  in (`onboarding.early`);
* at a lookback that no person named: that is a start, and widening it reads on (`onboarding.widen`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from onboarding.database import mailboxes
from onboarding.database.mailboxes import Mailbox
from onboarding.database.tenants import Tenant
from onboarding.lifecycle import MailboxState
from onboarding.sources.base import Page, ReadsBack, Source

SECONDS_A_DAY = 86_400

FURTHEST_DAYS = 397
"""Thirteen months: a year's rhythm and a month more."""

FIXED = "lookback"
"""Under which `Tenant.overrides` says that a person named the lookback."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far back a mailbox is read; times in seconds since the epoch."""

    since: int | None
    """Mail from before is not wanted; None: all is."""
    until: int | None = None
    """Reading pauses once it is back here; None: it goes on to `since`."""
    early: int | None = None
    """Seconds of a mailbox's newest mail that have to be in before it pauses, also where that is older than `until`, but
    not than the lookback. It stays paused, to
    go on in the same run; else a mailbox that was back here before ends here, with what has come since its reading began."""
    lookback: int | None = None
    """Mail from before has not been asked for yet (`since` is how far back it may be asked for later); None: all is."""

    def enough(self, last: int) -> int | None:
        """Reading of a mailbox whose newest mail is of `last` pauses once it is back here; None: it goes on to `since`."""
        if self.until is None or self.early is None:
            return self.until
        enough = min(self.until, last - self.early)
        return enough if self.lookback is None else max(enough, self.lookback)


def reach_of(tenant: Tenant, source: Source, early_days: int = 0) -> Reach:
    """How far back a tenant's mail is read; with `early_days`, for a start. Other sources than those that begin with the
    newest mail have no way to pause."""
    lookback = earliest(tenant)
    if not isinstance(source, ReadsBack):
        return Reach(lookback)
    since, until = lookback, None
    if lookback is not None and not tenant.overrides.get(FIXED):
        furthest = _days_before(tenant, FURTHEST_DAYS)
        since, until = min(lookback, furthest), lookback if lookback > furthest else None
    if early_days:
        start = _days_before(tenant, early_days)
        if (lookback is None or start > lookback) and (until is None or start > until):
            return Reach(since, start, early=early_days * SECONDS_A_DAY, lookback=lookback)
    return Reach(since, until)


def earliest(tenant: Tenant) -> int | None:
    """Where the lookback begins. Counted from the day the tenant was added, so that a rerun keeps the same mail."""
    return None if tenant.lookback_days is None else _days_before(tenant, tenant.lookback_days)


def newest(page: Page) -> int | None:
    """The time of a page's newest message by its source's word; None when it gives none.

    Reading is back at a time once a whole page lies before it: within a folder mail may lie in another order.
    """
    return max((message.time_hint for message in page.messages if message.time_hint is not None), default=None)


def still_to_read(session: Session, tenant: Tenant) -> list[Mailbox]:
    """Mailboxes whose reading paused and is not back at the lookback yet, after an early go; not those that failed."""
    lookback = earliest(tenant)
    return [
        box
        for box in mailboxes.all_of(session, tenant.name)
        if box.state in (MailboxState.PAUSED, MailboxState.INGESTING)
        and box.reached is not None
        and (lookback is None or box.reached > lookback)
    ]


def early(session: Session, tenant: Tenant) -> dict[str, Any] | None:
    """In how many mailboxes older mail is still to be read, and from which day on mail is in; None when nothing is left."""
    unread = still_to_read(session, tenant)
    if not unread:
        return None
    back_to = max(box.reached or 0 for box in unread)
    return {"mailboxes": len(unread), "back_to": datetime.fromtimestamp(back_to, UTC).date().isoformat()}


def _days_before(tenant: Tenant, days: int) -> int:
    return int((tenant.created_at - timedelta(days=days)).timestamp())
