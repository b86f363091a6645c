"""The flow `steward`: every tenant is looked at, and what is due is done. It is the reason nobody has to look."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from prefect import flow, task
from prefect.cache_policies import NO_CACHE

from flows.artifacts import publish_page
from flows.choosing import names_of
from flows.logs import let_steps_speak
from flows.parameters import LookAfterTenants, OnboardTenant
from flows.submit import submit_onboarding
from onboarding.report.markdown import cell, table
from onboarding.steward import look_after
from onboarding.workspace import Workspace, open_workspace

EVERYONE = LookAfterTenants()


@task(task_run_name="look after {tenant}", cache_policy=NO_CACHE)
def look_after_one(workspace: Workspace, tenant: str) -> list[dict[str, Any]]:
    """What was due at one tenant and what came of it. An onboarding is handed to a worker: it may take hours."""

    def hand_over(name: str) -> str:
        given = submit_onboarding(OnboardTenant(tenant=name), os.environ.get("PREFECT_API_URL", ""))
        return (
            f"{'a worker has it already' if given['joined'] else 'handed to a worker'} (flow run {given['flow_run']})"
        )

    return [asdict(one) for one in look_after(workspace, tenant, hand_over)]


@flow(name="steward", flow_run_name="steward")
def steward(request: LookAfterTenants = EVERYONE) -> list[dict[str, Any]]:
    """Does what is due at every tenant: resume, refresh, recalibrate, advance or drop a mode, retire old versions.

    What goes wrong at one holds up no other. Raises RuntimeError at the end when a duty failed; the next run tries it again.
    """
    let_steps_speak()
    workspace = open_workspace()
    done = [one for name in names_of(workspace, request.tenants) for one in look_after_one(workspace, name)]
    happened = [one for one in done if one["outcome"] != "nothing"]
    _publish(happened)
    failed = sorted({f"{one['duty']} of {one['tenant']}" for one in happened if one["outcome"] == "failed"})
    if failed:
        raise RuntimeError(f"could not be done: {', '.join(failed)}; everything else was, and the next run tries again")
    return happened


def _publish(happened: Sequence[dict[str, Any]]) -> None:
    if not happened:
        return
    rows = [(one["tenant"], str(one["duty"]), one["outcome"], cell(one["why"]), cell(one["said"])) for one in happened]
    page = "# Done by the steward\n\n" + table(("tenant", "duty", "outcome", "why", ""), rows) + "\n"
    publish_page("steward", page, f"{len(happened)} duties")
