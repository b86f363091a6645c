"""What looks across tenants: the overview of all of them, and the sweep for runs whose process is gone.

The only queries that carry no tenant. They run in `Database.fleet_session`, which on PostgreSQL is the login role and
not the one that row-level security holds to a tenant.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, case, func, select
from sqlalchemy.orm import Session

from onboarding.database import runs
from onboarding.database.activations import Activation
from onboarding.database.connection import Database
from onboarding.database.mailboxes import READ, Mailbox
from onboarding.database.runs import SILENT_SECONDS, Lease, Run
from onboarding.database.steps import StepRow
from onboarding.database.tenants import Tenant
from onboarding.database.versions import Calibration
from onboarding.lifecycle import MailboxState, Mode, RunState, Step, TenantState, WorkState


@dataclass(frozen=True, slots=True, kw_only=True)
class StepProgress:
    """The step that a run is at."""

    name: Step
    state: WorkState
    done: int
    total: int | None
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """One tenant at a glance."""

    tenant: str
    state: TenantState
    mode: Mode
    tags: tuple[str, ...]
    held_reason: str | None
    held_message: str | None
    held_remedy: str | None
    held_since: datetime | None
    discovered: int
    ingested: int
    failed: int
    listed: int
    stored: int
    run: str | None
    """The newest run."""
    run_kind: str | None
    run_state: RunState | None
    run_started_at: datetime | None
    run_error: str | None
    step: StepProgress | None
    """The step begun last in that run."""
    baseline: int | None
    """In force, like `calibration`."""
    calibration: int | None


def overview(session: Session) -> list[Overview]:
    """Every tenant, by name: two queries, however many there are."""
    mailboxes = (
        select(
            Mailbox.tenant,
            func.count().label("discovered"),
            func.sum(case((Mailbox.state.in_(READ), 1), else_=0)).label("ingested"),
            func.sum(case((Mailbox.state == MailboxState.FAILED, 1), else_=0)).label("failed"),
            func.sum(Mailbox.listed).label("listed"),
            func.sum(Mailbox.written - Mailbox.duplicates).label("stored"),
        )
        .group_by(Mailbox.tenant)
        .subquery()
    )
    newest = (
        select(Activation.tenant, func.max(Activation.version).label("version")).group_by(Activation.tenant).subquery()
    )
    rows = session.execute(
        select(Tenant, Run, Activation.baseline, Activation.calibration, mailboxes)
        .outerjoin(Lease, Lease.tenant == Tenant.name)
        .outerjoin(Run, and_(Run.tenant == Lease.tenant, Run.token == Lease.number))
        .outerjoin(newest, newest.c.tenant == Tenant.name)
        .outerjoin(Activation, and_(Activation.tenant == newest.c.tenant, Activation.version == newest.c.version))
        .outerjoin(mailboxes, mailboxes.c.tenant == Tenant.name)
        .order_by(Tenant.name)
    )
    steps = _newest_steps(session)
    return [
        Overview(
            tenant=tenant.name,
            state=tenant.state,
            mode=tenant.mode,
            tags=tuple(tenant.tags),
            held_reason=tenant.held_reason,
            held_message=tenant.held_message,
            held_remedy=tenant.held_remedy,
            held_since=tenant.held_since,
            discovered=int(counts[0] or 0),
            ingested=int(counts[1] or 0),
            failed=int(counts[2] or 0),
            listed=int(counts[3] or 0),
            stored=int(counts[4] or 0),
            run=run.id if run else None,
            run_kind=run.kind if run else None,
            run_state=run.state if run else None,
            run_started_at=run.started_at if run else None,
            run_error=run.error if run else None,
            step=steps.get(tenant.name),
            baseline=baseline,
            calibration=calibration,
        )
        for tenant, run, baseline, calibration, _, *counts in rows
    ]


def overridden(session: Session) -> dict[str, dict[str, Any]]:
    """What admins set for single tenants, by tenant; those without are left out."""
    rows = session.execute(select(Tenant.name, Tenant.overrides).order_by(Tenant.name)).all()
    return {name: overrides for name, overrides in rows if overrides}


def tagged(session: Session, tag: str | None) -> list[str]:
    """Names of the tenants with a tag, of all without one, in order."""
    rows = session.execute(select(Tenant.name, Tenant.tags).order_by(Tenant.name)).all()
    return [name for name, tags in rows if tag is None or tag in tags]


def calibrations_in_force(session: Session, engine: str, besides: str) -> list[tuple[str, str]]:
    """Tenant and artifact (relative to the home) of every other tenant's calibration in force, made for this engine."""
    newest = (
        select(Activation.tenant, func.max(Activation.version).label("version")).group_by(Activation.tenant).subquery()
    )
    rows = session.execute(
        select(Activation.tenant, Calibration.artifact)
        .join(newest, and_(newest.c.tenant == Activation.tenant, newest.c.version == Activation.version))
        .join(
            Calibration,
            and_(Calibration.tenant == Activation.tenant, Calibration.version == Activation.calibration),
        )
        .where(Calibration.engine == engine, Activation.tenant != besides)
        .order_by(Activation.tenant)
    )
    return [(tenant, artifact) for tenant, artifact in rows]


def sweep(database: Database, *, silent_after: float = SILENT_SECONDS) -> list[tuple[str, str]]:
    """Marks every dead run as crashed; gives the (tenant, run) of those, which can be begun again."""
    with database.fleet_session() as session:
        running = session.scalars(select(Run).where(Run.state == RunState.RUNNING).order_by(Run.tenant)).all()
    dead = []
    for run in running:
        if not runs.is_alive(run, silent_after):
            with database.transaction(run.tenant) as session:
                if runs.crash(session, run.tenant, run.id, silent_after=silent_after):
                    dead.append((run.tenant, run.id))
    return dead


def sizes(session: Session) -> dict[str, int]:
    """Messages of each tenant as far as known: listed, or estimated by its source where that is more."""
    larger = case((Mailbox.listed > func.coalesce(Mailbox.estimate, 0), Mailbox.listed), else_=Mailbox.estimate)
    rows = session.execute(select(Mailbox.tenant, func.coalesce(func.sum(larger), 0)).group_by(Mailbox.tenant))
    return {tenant: int(messages) for tenant, messages in rows}


def added(session: Session) -> dict[str, datetime]:
    """When each tenant was added: a name may be given again after its tenant was removed."""
    rows = session.execute(select(Tenant.name, Tenant.created_at)).all()
    return {row.name: row.created_at for row in rows}


def sources(session: Session) -> dict[str, str]:
    """Source URI of each tenant."""
    rows = session.execute(select(Tenant.name, Tenant.source)).all()
    return {row.name: row.source for row in rows}


def newest_crashed(session: Session) -> list[str]:
    """Tenants whose newest run crashed, by name: what it was doing is unfinished."""
    return list(
        session.scalars(
            select(Run.tenant)
            .join(Lease, and_(Lease.tenant == Run.tenant, Lease.number == Run.token))
            .where(Run.state == RunState.CRASHED)
            .order_by(Run.tenant)
        )
    )


def _newest_steps(session: Session) -> dict[str, StepProgress]:
    rows = session.execute(
        select(StepRow.tenant, StepRow.name, StepRow.state, StepRow.done, StepRow.total, StepRow.unit)
        .join(Run, and_(Run.tenant == StepRow.tenant, Run.id == StepRow.run))
        .join(Lease, and_(Lease.tenant == Run.tenant, Lease.number == Run.token))
    )
    newest: dict[str, StepProgress] = {}
    for tenant, name, state, done, total, unit in rows:
        if tenant not in newest or name.position > newest[tenant].name.position:
            newest[tenant] = StepProgress(name=name, state=state, done=done, total=total, unit=unit)
    return newest
