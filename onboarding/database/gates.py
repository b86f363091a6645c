"""Readiness gates as measured by a run: value, bar, verdict and remedy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database import activations
from onboarding.database.rows import OfTenant, Row
from onboarding.database.runs import Run, RunToken, fence


class GateRow(OfTenant, Row):
    """One gate of one run."""

    __tablename__ = "gates"
    __table_args__ = (ForeignKeyConstraint(["tenant", "run"], ["runs.tenant", "runs.id"], ondelete="CASCADE"),)

    run: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(primary_key=True)
    position: Mapped[int]
    """Order among the gates of the run."""
    measure: Mapped[str]
    """What is measured, in words with its unit."""
    value: Mapped[float | None]
    """None when it could not be measured, which does not pass."""
    bar: Mapped[str]
    """What is asked for, in words."""
    passed: Mapped[bool]
    remedy: Mapped[str]
    """What to do when it does not pass."""
    measured_at: Mapped[datetime]
    calibration: Mapped[int | None]
    """What was measured with; None for what was measured before this was written down."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One gate's result, to be recorded."""

    name: str
    measure: str
    value: float | None
    bar: str
    passed: bool
    remedy: str = ""


def record(session: Session, token: RunToken, measured: Iterable[Measured], calibration: int | None = None) -> None:
    """Sets the gates of a run, in place of what it measured before."""
    fence(session, token)
    session.execute(delete(GateRow).where(GateRow.tenant == token.tenant, GateRow.run == token.run))
    at = clock.now()
    session.add_all(
        GateRow(
            tenant=token.tenant,
            run=token.run,
            name=gate.name,
            position=position,
            measure=gate.measure,
            value=gate.value,
            bar=gate.bar,
            passed=gate.passed and gate.value is not None,
            remedy=gate.remedy,
            measured_at=at,
            calibration=calibration,
        )
        for position, gate in enumerate(measured)
    )
    session.flush()


def of_run(session: Session, tenant: str, run: str) -> Sequence[GateRow]:
    """The gates of a run, in their order."""
    return session.scalars(
        select(GateRow).where(GateRow.tenant == tenant, GateRow.run == run).order_by(GateRow.position)
    ).all()


def latest(session: Session, tenant: str) -> Sequence[GateRow]:
    """The gates of the calibration in force, as they were measured last; of the newest run when none are known to be its."""
    runs = (
        select(Run.id)
        .join(GateRow, (GateRow.tenant == Run.tenant) & (GateRow.run == Run.id))
        .where(Run.tenant == tenant)
        .order_by(Run.token.desc())
        .limit(1)
    )
    current = activations.current(session, tenant)
    run = None
    if current is not None:
        run = session.scalar(runs.where(GateRow.calibration == current.calibration))
    if run is None:
        run = session.scalar(runs)
    return [] if run is None else of_run(session, tenant, run)
