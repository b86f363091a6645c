"""What live decisions came to, counted by day: the evidence on which a mode is advanced or dropped.

Counted are campaigns (one sender, one subject shape, one day), as in the certificate. A row belongs to one activation
and one stream of mail; deciding the same stream again replaces its counts, so that nothing is counted twice.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database.rows import OfTenant, Row


class DailyCount(OfTenant, Row):
    """One day of one stream under one activation."""

    __tablename__ = "daily_counts"

    activation: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    stream: Mapped[str] = mapped_column(primary_key=True)
    """Where the mail came from."""
    day: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Days since the epoch (UTC) of the messages' own time."""
    messages: Mapped[int]
    decided: Mapped[int]
    """Campaigns decided on."""
    flagged: Mapped[int]
    """Of these, flagged as attack."""
    recorded_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """One day's counts."""

    messages: int
    decided: int
    flagged: int


def record(session: Session, tenant: str, activation: int, stream: str, days: Mapping[int, Counts]) -> None:
    """Sets the counts of these days, in place of what the same stream gave for them before."""
    for day, counts in sorted(days.items()):
        row = session.get(DailyCount, (tenant, activation, stream, day))
        if row is None:
            row = DailyCount(tenant=tenant, activation=activation, stream=stream, day=day)
            session.add(row)
        row.messages, row.decided, row.flagged = counts.messages, counts.decided, counts.flagged
        row.recorded_at = clock.now()
    session.flush()


def of_activations(session: Session, tenant: str, activations: Sequence[int]) -> Sequence[DailyCount]:
    """The counts under these activations, in order of days."""
    return session.scalars(
        select(DailyCount)
        .where(DailyCount.tenant == tenant, DailyCount.activation.in_(activations))
        .order_by(DailyCount.day, DailyCount.activation, DailyCount.stream)
    ).all()
