"""The flow `recalibrate-tenant`: thresholds again, for one tenant or a fleet, from what is stored. No mail is fetched."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE

from flows.artifacts import publish_page
from flows.choosing import names_of
from flows.logs import let_steps_speak
from flows.marking import rename_run
from flows.parameters import RecalibrateTenant, label
from onboarding.recalibrate import attempt
from onboarding.report.markdown import cell, table
from onboarding.workspace import Workspace, open_workspace


@task(task_run_name="recalibrate {tenant}", cache_policy=NO_CACHE)
def recalibrate_one(workspace: Workspace, tenant: str, promote_if_better: bool, flow_run: str) -> dict[str, Any]:
    """One tenant under its own lease; what went wrong is part of the result."""
    return attempt(workspace, tenant, promote_if_better=promote_if_better, flow_run=f"{flow_run}/{tenant}")


@flow(name="recalibrate-tenant", flow_run_name="recalibrate")
def recalibrate_tenant(request: RecalibrateTenant) -> list[dict[str, Any]]:
    """Calibrates one tenant, all with a tag, or all, one after the other.

    `dry-run` makes calibrations and puts none in force. `promote-if-better` puts in force those that certify their
    budget, the same or a stricter one (or the tenant's own of now), with a walk-forward audit that is kept and a
    rehearsed recall not below the interval of that in force. Raises RuntimeError at the end when a tenant failed.
    """
    let_steps_speak()
    rename_run(f"recalibrate {label(request.tenants)}")
    workspace = open_workspace()
    names = names_of(workspace, request.tenants)
    run = str(runtime.flow_run.id)
    results = [recalibrate_one(workspace, name, request.action == "promote-if-better", run) for name in names]
    _publish(results)
    failed = [result["tenant"] for result in results if result["outcome"] in ("failed", "busy")]
    if failed:
        raise RuntimeError(f"not calibrated: {', '.join(failed)}; the others are, and a rerun repeats no work")
    return results


def _publish(results: Sequence[dict[str, Any]]) -> None:
    rows = [
        (
            result["tenant"],
            result["outcome"],
            str(result.get("calibration", {}).get("version", "")),
            cell(result.get("error") or result["calibration"]["statement"]),
            cell("; ".join(f"{'' if c['met'] else 'NOT '}{c['name']}" for c in result.get("criteria", []))),
        )
        for result in results
    ]
    page = "# Calibrations\n\n" + table(("tenant", "outcome", "calibration", "promise", "better by"), rows) + "\n"
    publish_page("recalibration", page, f"{len(results)} tenants calibrated")
