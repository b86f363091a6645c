"""Steps of runs: how far each has come, how long it took, what it found. Progress and reports read from here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database.rows import OfTenant, Row
from onboarding.database.runs import Run, RunToken, fence
from onboarding.lifecycle import Step, WorkState


class StepRow(OfTenant, Row):
    """One step of one run."""

    __tablename__ = "steps"
    __table_args__ = (ForeignKeyConstraint(["tenant", "run"], ["runs.tenant", "runs.id"], ondelete="CASCADE"),)

    run: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[Step] = mapped_column(primary_key=True)
    state: Mapped[WorkState]
    done: Mapped[int]
    total: Mapped[int | None]
    """None while it is not known."""
    unit: Mapped[str]
    """What `done` counts: messages, mailboxes ..."""
    summary: Mapped[dict[str, Any]]
    """What the step found, as the report shows it."""
    error: Mapped[str | None]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    seconds: Mapped[float | None]
    """Duration by a clock that does not jump; None while it runs."""


def start(session: Session, token: RunToken, step: Step, *, total: int | None = None, unit: str = "") -> None:
    """The step of this run begins, or begins again."""
    fence(session, token)
    row = session.get(StepRow, (token.tenant, token.run, step))
    if row is None:
        row = StepRow(tenant=token.tenant, run=token.run, name=step)
        session.add(row)
    row.state, row.done, row.total, row.unit = WorkState.RUNNING, 0, total, unit
    row.summary, row.error, row.started_at, row.ended_at, row.seconds = {}, None, clock.now(), None, None
    session.flush()


def progress(session: Session, token: RunToken, step: Step, done: int, total: int | None = None) -> None:
    """How much of the step is done; `total` replaces the one known so far."""
    fence(session, token)
    values: dict[str, Any] = {"done": done} | ({} if total is None else {"total": total})
    session.execute(
        update(StepRow)
        .where(StepRow.tenant == token.tenant, StepRow.run == token.run, StepRow.name == step)
        .values(**values)
    )


def finish(
    session: Session,
    token: RunToken,
    step: Step,
    *,
    seconds: float,
    summary: Mapping[str, Any] | None = None,
    state: WorkState = WorkState.COMPLETED,
    error: str | None = None,
) -> None:
    """The step has ended: completed, failed or held. Raises LookupError when it was not started."""
    fence(session, token)
    row = session.get(StepRow, (token.tenant, token.run, step))
    if row is None:
        raise LookupError(f"step {step} of run {token.run} was never started")
    row.state, row.error, row.summary = state, error, dict(summary or {})
    row.ended_at, row.seconds = clock.now(), seconds
    if state is WorkState.COMPLETED and row.total is not None:
        row.done = row.total
    session.flush()


def of_run(session: Session, tenant: str, run: str) -> Sequence[StepRow]:
    """The steps of a run, in the order of onboarding."""
    rows = session.scalars(select(StepRow).where(StepRow.tenant == tenant, StepRow.run == run)).all()
    return sorted(rows, key=lambda row: row.name.position)


def last_completed(session: Session, tenant: str) -> dict[Step, StepRow]:
    """For each step, the newest time that it completed, in whatever run."""
    rows = session.scalars(
        select(StepRow)
        .join(Run, (Run.tenant == StepRow.tenant) & (Run.id == StepRow.run))
        .where(StepRow.tenant == tenant, StepRow.state == WorkState.COMPLETED)
        .order_by(Run.token)
    )
    return {row.name: row for row in rows}
