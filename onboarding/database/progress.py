"""How fast a tenant's mail is being read, when that will be done, and which mailboxes need a look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from onboarding import clock
from onboarding.database.mailboxes import Mailbox, Part
from onboarding.lifecycle import MailboxState


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The reading of a tenant's mail, as of now."""

    listed: int
    expected: int | None
    """Messages in all mailboxes, by the source's estimates; None when it gives none for one that is not read yet."""
    per_second: float
    """Messages listed in the window, over its seconds."""
    expected_end: datetime | None
    """None when it cannot be told: no estimate, or nothing read lately."""


def of(session: Session, tenant: str, *, window: float = 60.0) -> Progress:
    """Progress with the rate of the last `window` seconds."""
    now = clock.now()
    done = Mailbox.state.in_([MailboxState.INGESTED, MailboxState.FAILED])
    # An estimate may be too low; a mailbox that is finished holds what was listed, whatever was estimated.
    larger = case((Mailbox.listed > Mailbox.estimate, Mailbox.listed), else_=Mailbox.estimate)
    listed, expected, unknown = session.execute(
        select(
            func.coalesce(func.sum(Mailbox.listed), 0),
            func.coalesce(func.sum(case((done, Mailbox.listed), else_=larger)), 0),
            func.coalesce(func.sum(case((done, 0), (Mailbox.estimate.is_(None), 1), else_=0)), 0),
        ).where(Mailbox.tenant == tenant)
    ).one()
    since = now - timedelta(seconds=window)
    lately = session.scalar(
        select(func.coalesce(func.sum(Part.listed), 0)).where(Part.tenant == tenant, Part.recorded_at > since)
    )
    per_second = int(lately or 0) / window
    known = None if unknown else int(expected)
    left = None if known is None else known - int(listed)
    end = now + timedelta(seconds=left / per_second) if left is not None and per_second else None
    return Progress(listed=int(listed), expected=known, per_second=per_second, expected_end=end)


def failed(session: Session, tenant: str, *, limit: int = 20) -> Sequence[Mailbox]:
    """Mailboxes that could not be read, by name, with their reasons."""
    return session.scalars(
        select(Mailbox)
        .where(Mailbox.tenant == tenant, Mailbox.state == MailboxState.FAILED)
        .order_by(Mailbox.name)
        .limit(limit)
    ).all()


def slowest(session: Session, tenant: str, *, limit: int = 5) -> Sequence[Mailbox]:
    """Mailboxes being read, with the most left first; those whose size is unknown come last."""
    left = func.coalesce(Mailbox.estimate - Mailbox.listed, -1)
    return session.scalars(
        select(Mailbox)
        .where(Mailbox.tenant == tenant, Mailbox.state == MailboxState.INGESTING)
        .order_by(left.desc(), Mailbox.name)
        .limit(limit)
    ).all()
