"""Calibrations over HTTP: what there is, what another would have changed, put one in force, go back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from onboarding.api.access import Admin, Analyst
from onboarding.api.problems import Problem
from onboarding.compare import compare
from onboarding.database import activations, tenants, versions
from onboarding.database.activations import Activation
from onboarding.database.versions import Calibration
from onboarding.recalibrate import promote
from onboarding.report.write import renew_report
from onboarding.workspace import Workspace

router = APIRouter(prefix="/v1/tenants/{tenant}/calibrations", tags=["calibrations"])


class Promotion(BaseModel):
    """Why; needed to force one that does not certify its budget."""

    model_config = ConfigDict(extra="forbid")

    force: bool = False
    reason: str | None = Field(default=None, max_length=2_000)


@router.get("")
def all_calibrations(tenant: str, request: Request, grant: Analyst) -> list[dict[str, Any]]:
    """Every calibration, newest first."""
    with _workspace(request).database.session(tenant) as session:
        tenants.get(session, tenant)
        current = activations.current(session, tenant)
        found = versions.calibrations(session, tenant)
    return [_shown(row, current) for row in found]


@router.get("/diff")
def diff(
    tenant: str,
    request: Request,
    before: Annotated[int, Query(ge=1)],
    after: Annotated[int, Query(ge=1)],
    grant: Analyst,
) -> dict[str, Any]:
    """Threshold by threshold, and what `after` would have changed over history. Nothing changes."""
    return compare(_workspace(request), tenant, before, after)


@router.get("/{version}")
def one_calibration(tenant: str, version: int, request: Request, grant: Analyst) -> dict[str, Any]:
    """One calibration: certificate, thresholds, audit."""
    with _workspace(request).database.session(tenant) as session:
        tenants.get(session, tenant)
        current = activations.current(session, tenant)
        row = versions.calibration(session, tenant, version)
    if row is None:
        raise Problem(404, "no-such-calibration", f"tenant {tenant} has no calibration {version}")
    return _shown(row, current) | dict(row.summary)


@router.post("/{version}:promote")
def put_in_force(
    tenant: str, version: int, request: Request, grant: Admin, how: Promotion | None = None
) -> dict[str, Any]:
    """Puts a calibration in force; live scoring follows within a second or two."""
    how = how or Promotion()
    activation = promote(
        _workspace(request), tenant, version, actor=f"token {grant.token}", force=how.force, reason=how.reason
    )
    renew_report(_workspace(request), tenant)
    return _activated(activation)


@router.post(":rollback")
def go_back(tenant: str, request: Request, grant: Admin) -> dict[str, Any]:
    """Puts in force again what was in force before."""
    with _workspace(request).database.transaction(tenant) as session:
        tenants.get(session, tenant)
        actor = f"token {grant.token}"
        activation = activations.rollback(session, tenant, actor=actor, reason="rolled back by the API")
    renew_report(_workspace(request), tenant)
    return _activated(activation)


def _activated(activation: Activation) -> dict[str, Any]:
    return {
        "tenant": activation.tenant,
        "activation": activation.version,
        "baseline": activation.baseline,
        "calibration": activation.calibration,
        "mode": str(activation.mode),
    }


def _shown(row: Calibration, current: Activation | None) -> dict[str, Any]:
    return {
        "version": row.version,
        "in_force": bool(current and current.calibration == row.version),
        "baseline": row.baseline,
        "engine": row.engine,
        "alpha": row.alpha,
        "delta": row.delta,
        "n": row.n,
        "effective_n": row.effective_n,
        "basis": row.basis,
        "certified": row.valid,
        "created_at": row.created_at,
        "actor": row.actor,
    }


def _workspace(request: Request) -> Workspace:
    workspace: Workspace = request.app.state.workspace
    return workspace
