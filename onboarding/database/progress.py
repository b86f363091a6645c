"""How fast a tenant's mail is being read, of all its mailboxes and of each, and when that will be done."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from onboarding import clock
from onboarding.database.mailboxes import Mailbox, Part, all_of
from onboarding.lifecycle import MailboxState

DONE = (MailboxState.INGESTED, MailboxState.PAUSED, MailboxState.FAILED)

WINDOW_SECONDS = 600.0
"""A rate is that of so many last seconds, of a run as of its mailboxes: a page of a slow mailbox takes minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """The reading of a tenant's mail, as of now."""

    listed: int
    expected: int | None
    """Messages in all mailboxes, by the source's estimates; None when it gives none for one that is not read yet."""
    per_second: float
    """Messages listed in the window, over its seconds or those since reading began."""
    expected_end: datetime | None
    """None when it cannot be told: no estimate, or nothing read lately."""


def of(session: Session, tenant: str, *, window: float = WINDOW_SECONDS) -> Progress:
    """Progress over all mailboxes. It ends no sooner than the mailbox that is expected to end last."""
    now = clock.now()
    found = of_mailboxes(session, tenant, window=window)
    listed = sum(one.listed for _, one in found)
    sizes = [one.expected for _, one in found if one.expected is not None]
    expected = sum(sizes) if len(sizes) == len(found) else None
    begun = min((box.started_at for box, _ in found if box.started_at is not None), default=None)
    rate = _rate(sum(_lately(session, tenant, now, window).values()), begun, now, window)
    end = _end(listed, expected, rate, now)
    if end is not None:
        end = max([end, *(one.expected_end or end for _, one in found)])
    return Progress(listed=listed, expected=expected, per_second=round(rate, 2), expected_end=end)


def of_mailboxes(session: Session, tenant: str, *, window: float = WINDOW_SECONDS) -> list[tuple[Mailbox, Progress]]:
    """Every mailbox with its own progress, by name. One that is done has no rate any more."""
    now = clock.now()
    lately = _lately(session, tenant, now, window)
    found = []
    for box in all_of(session, tenant):
        done = box.state in DONE
        rate = 0.0 if done else _rate(lately.get(box.name, 0), box.started_at, now, window)
        # An estimate may be too low; a mailbox that is finished holds what was listed, whatever was estimated.
        expected = box.listed if done else None if box.estimate is None else max(box.estimate, box.listed)
        end = _end(box.listed, expected, rate, now)
        found.append((box, Progress(listed=box.listed, expected=expected, per_second=round(rate, 2), expected_end=end)))
    return found


def _lately(session: Session, tenant: str, now: datetime, window: float) -> dict[str, int]:
    """Messages listed in the last `window` seconds, by mailbox."""
    sums = session.execute(
        select(Part.mailbox, func.sum(Part.listed))
        .where(Part.tenant == tenant, Part.recorded_at > now - timedelta(seconds=window))
        .group_by(Part.mailbox)
    )
    return {name: int(count) for name, count in sums}


def _rate(listed: int, begun: datetime | None, now: datetime, window: float) -> float:
    """Messages a second: those of the last `window` seconds over its length, or over the time since reading began."""
    return listed / max(min((now - begun).total_seconds() if begun else window, window), 1.0)


def _end(listed: int, expected: int | None, rate: float, now: datetime) -> datetime | None:
    return now + timedelta(seconds=(expected - listed) / rate) if expected is not None and rate else None


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
