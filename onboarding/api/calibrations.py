"""Calibrations over HTTP: what there is, what another would have changed, put one in force, go back."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from onboarding.activate import roll_back
from onboarding.api.access import Admin, Analyst, workspace_of
from onboarding.api.problems import Problem
from onboarding.compare import compare
from onboarding.database import activations, tenants, versions
from onboarding.recalibrate import promote
from onboarding.report.write import renew_report
from onboarding.shown import activation_shown, calibration_shown

router = APIRouter(prefix="/v1/tenants/{tenant}/calibrations", tags=["calibrations"])


class Promotion(BaseModel):
    """Why; needed to force one that does not certify its budget."""

    model_config = ConfigDict(extra="forbid")

    force: bool = False
    reason: str | None = Field(default=None, max_length=2_000)


@router.get("")
def all_calibrations(tenant: str, request: Request, grant: Analyst) -> list[dict[str, Any]]:
    """Every calibration, newest first."""
    with workspace_of(request).database.session(tenant) as session:
        tenants.get(session, tenant)
        current = activations.current(session, tenant)
        found = versions.calibrations(session, tenant)
    return [calibration_shown(row, current) for row in found]


@router.get("/diff")
def diff(
    tenant: str,
    request: Request,
    before: Annotated[int, Query(ge=1)],
    after: Annotated[int, Query(ge=1)],
    grant: Analyst,
) -> dict[str, Any]:
    """Threshold by threshold, and what `after` would have changed over history. Nothing changes."""
    return compare(workspace_of(request), tenant, before, after)


@router.get("/{version}")
def one_calibration(tenant: str, version: int, request: Request, grant: Analyst) -> dict[str, Any]:
    """One calibration: certificate, thresholds, audit."""
    with workspace_of(request).database.session(tenant) as session:
        tenants.get(session, tenant)
        current = activations.current(session, tenant)
        row = versions.calibration(session, tenant, version)
    if row is None:
        raise Problem(404, "no-such-calibration", f"tenant {tenant} has no calibration {version}")
    return calibration_shown(row, current) | dict(row.summary)


@router.post("/{version}:promote")
def put_in_force(
    tenant: str, version: int, request: Request, grant: Admin, how: Promotion | None = None
) -> dict[str, Any]:
    """Puts a calibration in force; live scoring follows within a second or two."""
    how = how or Promotion()
    activation = promote(
        workspace_of(request), tenant, version, actor=f"token {grant.token}", force=how.force, reason=how.reason
    )
    renew_report(workspace_of(request), tenant)
    return activation_shown(activation)


@router.post(":rollback")
def go_back(tenant: str, request: Request, grant: Admin) -> dict[str, Any]:
    """Puts in force again what was in force before."""
    activation = roll_back(workspace_of(request), tenant, actor=f"token {grant.token}", reason="rolled back by the API")
    renew_report(workspace_of(request), tenant)
    return activation_shown(activation)
