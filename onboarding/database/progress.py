"""How fast a tenant's mail is being read, of all its mailboxes and of each, and when that will be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from onboarding import clock
from onboarding.database.mailboxes import Mailbox, Part, all_of
from onboarding.lifecycle import MailboxState

DONE = (MailboxState.INGESTED, MailboxState.PAUSED, MailboxState.FAILED)


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
    """Progress with the rate of the last `window` seconds. It ends no sooner than the mailbox that is expected to end last."""
    now = clock.now()
    done = Mailbox.state.in_(DONE)
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
    if end is not None:
        end = max([end, *(one.expected_end or end for _, one in of_mailboxes(session, tenant))])
    return Progress(listed=int(listed), expected=known, per_second=per_second, expected_end=end)


def of_mailboxes(session: Session, tenant: str, *, window: float = 600.0) -> list[tuple[Mailbox, Progress]]:
    """Every mailbox with its own progress, by name; rates are those of the last `window` seconds, or since its reading began:
    a page of a slow mailbox takes minutes."""
    now = clock.now()
    since = now - timedelta(seconds=window)
    sums = session.execute(
        select(Part.mailbox, func.sum(Part.listed))
        .where(Part.tenant == tenant, Part.recorded_at > since)
        .group_by(Part.mailbox)
    )
    lately = {name: int(count) for name, count in sums}
    found = []
    for box in all_of(session, tenant):
        seconds = (now - max(box.started_at or since, since)).total_seconds()
        done = box.state in DONE
        per_second = 0.0 if done else lately.get(box.name, 0) / max(seconds, 1.0)
        known = box.listed if done else None if box.estimate is None else max(box.estimate, box.listed)
        end = None
        if known is not None and per_second and not done:
            end = now + timedelta(seconds=(known - box.listed) / per_second)
        found.append(
            (box, Progress(listed=box.listed, expected=known, per_second=round(per_second, 2), expected_end=end))
        )
    return found


def slowest(found: Sequence[tuple[Mailbox, Progress]], *, limit: int = 5) -> list[tuple[Mailbox, Progress]]:
    """Mailboxes being read that will keep the others waiting: first those that stand still, then by when their end is
    expected, the last first; those whose size is unknown come last."""
    reading = [(box, one) for box, one in found if box.state is MailboxState.INGESTING]

    def wait(each: tuple[Mailbox, Progress]) -> tuple[int, float, str]:
        box, one = each
        if not one.per_second:
            return (0, -(one.expected or 0), box.name)
        if one.expected_end is None:
            return (2, -float(one.listed), box.name)
        return (1, -one.expected_end.timestamp(), box.name)

    return sorted(reading, key=wait)[:limit]
