"""Calibration by itself: from stored columns and scores, without a source, without Prefect."""

from __future__ import annotations

from typing import Any

from onboarding.baseline import make_baseline
from onboarding.calibrate import make_calibration
from onboarding.database import activations, audit, tenants, versions
from onboarding.database.activations import Activation, ActivationError
from onboarding.database.runs import RunToken
from onboarding.lifecycle import Mode
from onboarding.rehearse import rehearse
from onboarding.run import CALIBRATE, running
from onboarding.workspace import Workspace


def recalibrate(workspace: Workspace, tenant: str) -> dict[str, Any]:
    """A new calibration if anything it is made from has changed, and what is in force, as JSON values.

    A changed engine scores the stored columns again; unchanged scores are reused. What is in force is not touched.
    Raises Held when nothing was ingested that could be learned from.
    """
    with running(workspace, tenant, CALIBRATE, actor="gatehouse") as token:
        baseline = make_baseline(workspace, token)
        rehearse(workspace, token)
        made = make_calibration(workspace, token, baseline.version)
    with workspace.database.session(tenant) as session:
        current = activations.current(session, tenant)
        row = versions.calibration(session, tenant, made.version)
    assert row is not None, "it was just recorded"
    return {
        "tenant": tenant,
        "run_id": token.run,
        "baseline": baseline.version,
        "in_force": current.calibration if current else None,
        "calibration": {
            "version": row.version,
            "alpha": row.alpha,
            "delta": row.delta,
            "n": row.n,
            "effective_n": row.effective_n,
            "basis": row.basis,
            "certified": row.valid,
            **row.summary,
        },
    }


def promote(
    workspace: Workspace,
    tenant: str,
    version: int,
    *,
    actor: str,
    force: bool = False,
    reason: str | None = None,
    token: RunToken | None = None,
) -> Activation:
    """Puts a calibration in force, with the baseline it was made on, in the mode of now (shadow if there is none).

    Raises ActivationError when there is no such calibration, or it does not certify its budget and is not forced; with
    `force` a reason has to be given, and both stand in the audit log.
    """
    with workspace.database.transaction(tenant) as session:
        row = tenants.get(session, tenant)
        chosen = versions.calibration(session, tenant, version)
        if chosen is None:
            raise ActivationError(
                f"tenant {tenant} has no calibration {version}; see `gatehouse calibrations list {tenant}`"
            )
        if not chosen.valid and not force:
            raise ActivationError(
                f"calibration {version} of {tenant} does not certify its budget: "
                f"{chosen.summary.get('statement', 'too little mail')} Calibrate on more mail or with a larger budget, "
                f"or say why all the same: `gatehouse calibrations promote {tenant} {version} --force --reason TEXT`"
            )
        if force and not (reason or "").strip():
            raise ActivationError(f"calibration {version} of {tenant} is not put in force by force without a reason")
        said = f": {reason.strip()}" if reason and reason.strip() else ""
        if not chosen.valid:
            detail = {
                "calibration": version,
                "reason": (reason or "").strip(),
                "statement": chosen.summary.get("statement"),
            }
            audit.record(session, tenant, actor, "promotion-forced", detail)
        return activations.activate(
            session,
            tenant,
            engine=chosen.engine,
            baseline=chosen.baseline,
            calibration=version,
            mode=row.mode if row.mode is not Mode.OFF else Mode.SHADOW,
            actor=actor,
            reason=f"calibration {version} promoted{' by force' if not chosen.valid else ''}{said}",
            token=token,
        )
