"""The flow `resume-interrupted`: onboardings whose process died are handed to a worker again. SQL says which; Prefect drives."""

from __future__ import annotations

import os
from typing import Any

from prefect import flow

from flows.aftermath import close_dead_runs
from flows.artifacts import publish_page
from flows.logs import let_steps_speak
from flows.parameters import OnboardTenant
from flows.submit import submit_onboarding
from onboarding.fleet import Resumed, resume_dead
from onboarding.report.text import cell, table
from onboarding.workspace import open_workspace


@flow(name="resume-interrupted", flow_run_name="resume interrupted")
def resume_interrupted() -> list[dict[str, Any]]:
    """Marks runs whose process is gone as crashed and hands their tenants over; gives what came of each."""
    let_steps_speak()
    api_url, workspace = os.environ.get("PREFECT_API_URL", ""), open_workspace()

    def hand_over(tenant: str) -> None:
        # Prefect may believe that the dead run goes on: the tenant would be given to nobody, since it has a run.
        close_dead_runs(workspace, tenant, "its process was gone; the tenant is handed to a worker again")
        submit_onboarding(OnboardTenant(tenant=tenant), api_url)

    resumed = resume_dead(workspace, hand_over)
    if resumed:
        rows = [(one.tenant, str(one.deaths), cell(one.problem or "handed to a worker")) for one in resumed]
        page = "# Interrupted onboardings\n\n" + table(("tenant", "deaths in a row", "now"), rows) + "\n"
        publish_page("resume-interrupted", page, f"{len(resumed)} tenants gone on with")
    return [_told(one) for one in resumed]


def _told(one: Resumed) -> dict[str, Any]:
    return {"tenant": one.tenant, "run": one.run, "deaths": one.deaths, "problem": one.problem}
