"""What came of rehearsed attacks: sent and caught by kind and difficulty. Sums only; nothing of an attack is kept."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database.rows import OfTenant, Row
from onboarding.database.runs import RunToken, fence

RECIPES = "recipes"
"""The source of attacks that were made by recipes; attacks from a folder have the folder's name."""


class RehearsalRow(OfTenant, Row):
    """One kind of attack at one difficulty, from one source, as one calibration judged it."""

    __tablename__ = "rehearsals"
    __table_args__ = (
        ForeignKeyConstraint(
            ["tenant", "calibration"], ["calibrations.tenant", "calibrations.version"], ondelete="CASCADE"
        ),
    )

    calibration: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    source: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    difficulty: Mapped[str] = mapped_column(primary_key=True)
    """Empty where it is not known, as for attacks from a folder."""
    position: Mapped[int]
    """Order among the rows of the source."""
    sent: Mapped[int]
    caught: Mapped[int]
    """Decided `attack`."""
    suspicious: Mapped[int]
    """Decided `suspicious`: shown, but not counted as caught."""
    low: Mapped[float]
    high: Mapped[float]
    """95% interval of the recall (Clopper and Pearson)."""
    rehearsed_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """One line of the recall table."""

    source: str
    kind: str
    difficulty: str
    sent: int
    caught: int
    suspicious: int
    low: float
    high: float


def record(session: Session, token: RunToken, calibration: int, source: str, found: Iterable[Recalled]) -> None:
    """Sets what a calibration catches of one source, in place of what was there."""
    fence(session, token)
    session.execute(
        delete(RehearsalRow).where(
            RehearsalRow.tenant == token.tenant,
            RehearsalRow.calibration == calibration,
            RehearsalRow.source == source,
        )
    )
    at = clock.now()
    session.add_all(
        RehearsalRow(
            tenant=token.tenant,
            calibration=calibration,
            source=source,
            kind=one.kind,
            difficulty=one.difficulty,
            position=position,
            sent=one.sent,
            caught=one.caught,
            suspicious=one.suspicious,
            low=one.low,
            high=one.high,
            rehearsed_at=at,
        )
        for position, one in enumerate(found)
    )
    session.flush()


def of_calibration(session: Session, tenant: str, calibration: int, source: str = RECIPES) -> Sequence[RehearsalRow]:
    """What a calibration catches of one source, in the order it was recorded."""
    return session.scalars(
        select(RehearsalRow)
        .where(RehearsalRow.tenant == tenant, RehearsalRow.calibration == calibration, RehearsalRow.source == source)
        .order_by(RehearsalRow.position)
    ).all()


def sources_of(session: Session, tenant: str, calibration: int) -> Sequence[str]:
    """The sources that a calibration was rehearsed with, recipes first."""
    found = session.scalars(
        select(RehearsalRow.source)
        .where(RehearsalRow.tenant == tenant, RehearsalRow.calibration == calibration)
        .distinct()
    ).all()
    return sorted(found, key=lambda source: (source != RECIPES, source))


def summed(lines: Sequence[Any], by: Callable[[Any], str]) -> dict[str, dict[str, Any]]:
    """Lines of a recall table (recorded or not) put together: sent, caught, suspicious, recall with its interval."""
    # Here, not above: every command loads the tables, and few of them need numpy, which this loads.
    from detection.metrics import rate

    totals: dict[str, dict[str, Any]] = {}
    for line in lines:
        into = totals.setdefault(by(line), {"sent": 0, "caught": 0, "suspicious": 0})
        for name in into:
            into[name] += getattr(line, name)
    for total in totals.values():
        share = rate(total["caught"], total["sent"])
        total |= {"recall": share.value, "low": share.low, "high": share.high}
    return totals


def mean_recall(lines: Sequence[Any]) -> float:
    """Recall over all difficulties, each kind of attack counting alike; 0 without any."""
    by_kind = summed(lines, lambda line: str(line.kind))
    return sum(total["recall"] for total in by_kind.values()) / len(by_kind) if by_kind else 0.0
