"""Activations: which engine, baseline and calibration decide on a tenant's mail, and in which mode.

The newest row is in force. Switching is one insert, so a reader sees the old or the new, whole; rolling back is
another insert that names what was in force before.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ForeignKeyConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database import audit, tenants
from onboarding.database.rows import OfTenant, Row
from onboarding.database.runs import RunToken, fence
from onboarding.holds import HoldReason
from onboarding.lifecycle import Mode, TenantState, moved


class ActivationError(Exception):
    """What was asked cannot be put in force. The message says why."""


class Activation(OfTenant, Row):
    """One switch."""

    __tablename__ = "activations"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "baseline"], ["baselines.tenant", "baselines.version"]),
        ForeignKeyConstraint(["tenant", "calibration"], ["calibrations.tenant", "calibrations.version"]),
    )

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    engine: Mapped[str]
    baseline: Mapped[int]
    calibration: Mapped[int]
    mode: Mapped[Mode]
    """`off`: the tenant is deactivated."""
    since: Mapped[datetime]
    actor: Mapped[str]
    reason: Mapped[str]
    restores: Mapped[int | None]
    """The earlier activation that a rollback went back to."""


def activate(
    session: Session,
    tenant: str,
    *,
    engine: str,
    baseline: int,
    calibration: int,
    mode: Mode,
    actor: str,
    reason: str,
    token: RunToken | None = None,
    restores: int | None = None,
) -> Activation:
    """Puts these in force and moves the tenant's state and mode with them; nothing happens when they are already.

    Within a run, its token is checked.
    """
    if token is not None:
        fence(session, token)
    row = tenants.get(session, tenant, lock=True)
    before = current(session, tenant)
    if (
        before is not None
        and restores is None
        and (before.engine, before.baseline, before.calibration, before.mode) == (engine, baseline, calibration, mode)
    ):
        return before
    state = TenantState.DEACTIVATED if mode is Mode.OFF else TenantState.ACTIVE
    row.state, row.mode, row.updated_at = moved(tenant, row.state, state), mode, clock.now()
    if before is None or before.calibration != calibration or row.held_reason is not HoldReason.PROMISE_BROKEN:
        # A broken promise is the calibration's: neither another baseline nor another mode mends it.
        tenants.clear_hold(row)
    activation = Activation(
        tenant=tenant,
        version=(before.version if before else 0) + 1,
        engine=engine,
        baseline=baseline,
        calibration=calibration,
        mode=mode,
        since=clock.now(),
        actor=actor,
        reason=reason,
        restores=restores,
    )
    session.add(activation)
    session.flush()
    detail = {
        "activation": activation.version,
        "engine": engine,
        "baseline": baseline,
        "calibration": calibration,
        "mode": mode,
    }
    audit.record(
        session, tenant, actor, "activated" if restores is None else "rolled-back", detail | {"reason": reason}
    )
    return activation


def set_mode(
    session: Session, tenant: str, mode: Mode, *, actor: str, reason: str, token: RunToken | None = None
) -> Activation:
    """The same versions in another mode. Raises ActivationError when nothing was ever activated."""
    before = current(session, tenant)
    if before is None:
        raise ActivationError(f"tenant {tenant} has nothing to switch to {mode} yet: run `gatehouse onboard {tenant}`")
    return activate(
        session,
        tenant,
        engine=before.engine,
        baseline=before.baseline,
        calibration=before.calibration,
        mode=mode,
        actor=actor,
        reason=reason,
        token=token,
    )


def rollback(session: Session, tenant: str, *, actor: str, reason: str, to: int | None = None) -> Activation:
    """Puts an earlier activation's versions in force again, in the mode of now.

    Without `to`, the calibration that was in force before that of now, with its newest baseline; after a rollback, the one
    before that again. Raises ActivationError when there is no such activation.
    """
    history = all_of(session, tenant)
    now = history[0] if history else None
    before = now.restores or now.version if now is not None else 0
    for earlier in history[1:]:
        differs = now is not None and earlier.version < before and earlier.calibration != now.calibration
        if now is not None and (earlier.version == to or (to is None and differs)):
            return activate(
                session,
                tenant,
                engine=earlier.engine,
                baseline=earlier.baseline,
                calibration=earlier.calibration,
                mode=now.mode,
                actor=actor,
                reason=reason,
                restores=earlier.version,
            )
    wanted = "other calibration in force before" if to is None else f"earlier activation {to}"
    raise ActivationError(f"tenant {tenant} has no {wanted} to go back to")


def held_by(history: Sequence[Activation]) -> Activation | None:
    """The rollback to another baseline that stands, `history` being newest first; None when there is none.

    It stands, in whatever mode, until another calibration or baseline comes into force.
    """
    for at, one in enumerate(history):
        if (one.baseline, one.calibration) != (history[0].baseline, history[0].calibration):
            return None
        before = history[at + 1] if at + 1 < len(history) else None
        if one.restores is not None and before is not None and before.baseline != one.baseline:
            return one
    return None


def current(session: Session, tenant: str) -> Activation | None:
    """What is in force; None when nothing was ever activated. Its mode may be `off`."""
    return session.scalar(
        select(Activation).where(Activation.tenant == tenant).order_by(Activation.version.desc()).limit(1)
    )


def all_of(session: Session, tenant: str) -> Sequence[Activation]:
    """Every activation of a tenant, newest first."""
    return session.scalars(
        select(Activation).where(Activation.tenant == tenant).order_by(Activation.version.desc())
    ).all()


def newest(session: Session) -> dict[str, int]:
    """Version of the newest activation by tenant, of all tenants: for a fleet session."""
    rows = session.execute(select(Activation.tenant, func.max(Activation.version)).group_by(Activation.tenant))
    return {tenant: int(version) for tenant, version in rows}
