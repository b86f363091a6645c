"""Runs: who works on a tenant, and the fencing that keeps a run which was declared dead from writing.

A tenant has one lease. A run that begins takes it with a number higher than any before; every writing transaction of
the run reads the lease (`fence`) and is refused when the number is no longer its own. So a process that was thought
dead, slept through its replacement and wakes up cannot write, whatever it believes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Index, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database.process import ProcessIdentity, current, lives
from onboarding.database.rows import OfTenant, Row
from onboarding.lifecycle import RunState

SILENT_SECONDS = 90.0
"""A run on another machine whose heartbeat is older than this counts as dead."""


class Run(OfTenant, Row):
    """One attempt to bring a tenant further."""

    __tablename__ = "runs"
    __table_args__ = (Index(None, "tenant", "token", unique=True), Index(None, "state"))

    id: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str]
    """What it does: onboard, calibrate, rehearse, refresh, activate ..."""
    state: Mapped[RunState]
    token: Mapped[int]
    """Fencing number: rises from run to run of a tenant."""
    actor: Mapped[str]
    parameters: Mapped[dict[str, Any]]
    flow_run: Mapped[str | None]
    """Prefect's id of the flow run, when one drives it."""
    host: Mapped[str]
    place: Mapped[str]
    pid: Mapped[int]
    process_started: Mapped[str]
    heartbeat_at: Mapped[datetime]
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    error: Mapped[str | None]

    @property
    def process(self) -> ProcessIdentity:
        """The process that holds it."""
        return ProcessIdentity(self.host, self.place, self.pid, self.process_started)


class Lease(OfTenant, Row):
    """Which run may write for a tenant: the one place that decides."""

    __tablename__ = "leases"

    number: Mapped[int]
    """The highest fencing number given out."""
    run: Mapped[str | None]
    """The run that holds it; None when none does."""


@dataclass(frozen=True, slots=True)
class RunToken:
    """The right of one run to write for one tenant. Can be pickled and handed to other processes of the run."""

    tenant: str
    run: str
    number: int


class TenantBusy(Exception):  # noqa: N818 - a state of the tenant, not a mistake
    """Another run works on the tenant. The message names it."""

    def __init__(self, run: Run) -> None:
        self.run_id, self.host, self.pid, self.since = run.id, run.host, run.pid, run.started_at
        super().__init__(
            f"tenant {run.tenant} is being worked on by {run.kind} run {run.id} "
            f"(started {run.started_at:%Y-%m-%d %H:%M:%S} UTC by {run.actor}, "
            f"process {run.pid} on {run.host}); wait for it or stop it: it can be resumed"
        )


class Fenced(Exception):  # noqa: N818 - what happened to the run, not a mistake of it
    """This run has been ended or replaced, and must stop: nothing it writes is kept."""


def begin(
    session: Session,
    tenant: str,
    *,
    kind: str,
    actor: str,
    parameters: dict[str, Any] | None = None,
    flow_run: str | None = None,
    id: str | None = None,
    silent_after: float = SILENT_SECONDS,
) -> RunToken:
    """Starts a run of the tenant, in place of one that is dead.

    Raises TenantBusy when another is alive: its process is there (same machine), or its heartbeat is younger than
    `silent_after` seconds (elsewhere). A new attempt of the same Prefect flow run takes over from the last one.
    With an `id` chosen by the caller, beginning again after an answer was lost gives the same run.
    """
    lease = _locked_lease(session, tenant)
    holder = session.get(Run, (tenant, lease.run)) if lease.run else None
    if holder is not None and holder.state is RunState.RUNNING:
        if holder.id == id:
            return RunToken(tenant, holder.id, holder.token)
        again = flow_run is not None and holder.flow_run == flow_run
        if not again and is_alive(holder, silent_after):
            raise TenantBusy(holder)
        _end(
            holder,
            RunState.CRASHED,
            "a new attempt of the same flow run took over" if again else "its process was gone or silent",
        )
    at, process = clock.now(), current()
    lease.number += 1
    lease.run = id or uuid4().hex
    session.add(
        Run(
            tenant=tenant,
            id=lease.run,
            kind=kind,
            state=RunState.RUNNING,
            token=lease.number,
            actor=actor,
            parameters=parameters or {},
            flow_run=flow_run,
            host=process.host,
            place=process.place,
            pid=process.pid,
            process_started=process.started,
            heartbeat_at=at,
            started_at=at,
        )
    )
    session.flush()
    return RunToken(tenant, lease.run, lease.number)


def refuse_if_busy(session: Session, tenant: str, *, silent_after: float = SILENT_SECONDS) -> None:
    """Raises TenantBusy when a run of the tenant is alive: to say so early. `begin` is what makes sure."""
    newest = latest(session, tenant)
    if newest is not None and newest.state is RunState.RUNNING and is_alive(newest, silent_after):
        raise TenantBusy(newest)


def fence(session: Session, token: RunToken) -> None:
    """Raises Fenced unless the run still holds the tenant's lease, which it then keeps until the transaction ends.

    On PostgreSQL the lease is locked against takeover (shared, so that workers of one run write side by side); on
    SQLite the transaction holds the write lock anyway.
    """
    held = session.execute(
        select(Lease.number, Lease.run).where(Lease.tenant == token.tenant).with_for_update(read=True)
    ).one_or_none()
    _refuse_unless_held(token, None if held is None else (held.number, held.run))


def beat(session: Session, token: RunToken) -> None:
    """Says that the run is alive. Raises Fenced when it has been replaced."""
    fence(session, token)
    session.execute(update(Run).where(Run.tenant == token.tenant, Run.id == token.run).values(heartbeat_at=clock.now()))


def finish(session: Session, token: RunToken, state: RunState, error: str | None = None) -> None:
    """Ends the run and gives up the lease; again changes nothing. Raises Fenced when another took over."""
    lease = _locked_lease(session, token.tenant)
    if lease.run is None and lease.number == token.number and get(session, token.tenant, token.run).state is state:
        return
    _refuse_unless_held(token, (lease.number, lease.run))
    _end(get(session, token.tenant, token.run), state, error)
    lease.run = None
    session.flush()


def crash(session: Session, tenant: str, run: str, *, silent_after: float = SILENT_SECONDS) -> bool:
    """Marks a run as crashed when it is dead; whether it was. Its late writes are refused from then on."""
    lease = _locked_lease(session, tenant)
    row = get(session, tenant, run)
    if row.state is not RunState.RUNNING or is_alive(row, silent_after):
        return False
    _end(row, RunState.CRASHED, "its process was gone or silent")
    if lease.run == run:
        lease.run = None
    session.flush()
    return True


def is_alive(run: Run, silent_after: float = SILENT_SECONDS) -> bool:
    """Whether a running run has a process behind it, as far as can be told from this machine."""
    seen = lives(run.process)
    if seen is not None:
        return seen
    # A heartbeat far in the future is a clock that jumped back, and says no more than an old one.
    return abs((clock.now() - run.heartbeat_at).total_seconds()) <= silent_after


def get(session: Session, tenant: str, run: str) -> Run:
    """One run. Raises LookupError when the tenant has none of that id."""
    row = session.scalar(select(Run).where(Run.tenant == tenant, Run.id == run))
    if row is None:
        raise LookupError(f"tenant {tenant} has no run {run}")
    return row


def latest(session: Session, tenant: str, kind: str | None = None) -> Run | None:
    """The newest run of a tenant (of one kind), or None."""
    chosen = select(Run).where(Run.tenant == tenant).order_by(Run.token.desc()).limit(1)
    return session.scalar(chosen if kind is None else chosen.where(Run.kind == kind))


def all_of(session: Session, tenant: str, *, limit: int = 50) -> Sequence[Run]:
    """The newest runs of a tenant, newest first."""
    return session.scalars(select(Run).where(Run.tenant == tenant).order_by(Run.token.desc()).limit(limit)).all()


def _refuse_unless_held(token: RunToken, held: tuple[int, str | None] | None) -> None:
    if held != (token.number, token.run):
        raise Fenced(
            f"run {token.run} of tenant {token.tenant} has been ended or replaced; what it was about to write is lost"
        )


def _locked_lease(session: Session, tenant: str) -> Lease:
    chosen = select(Lease).where(Lease.tenant == tenant).with_for_update().execution_options(populate_existing=True)
    lease = session.scalar(chosen)
    if lease is None:
        try:
            with session.begin_nested():
                session.add(Lease(tenant=tenant, number=0))
        except IntegrityError:
            pass  # another run of a new tenant was faster, or there is no such tenant
        lease = session.scalar(chosen)
    if lease is None:
        raise LookupError(f"there is no tenant {tenant}")
    return lease


def _end(run: Run, state: RunState, error: str | None) -> None:
    run.state, run.error, run.ended_at = state, error, clock.now()
