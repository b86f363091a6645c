"""The flow `refresh-baselines`: what came since is merged into the baselines. No history is read again."""

from __future__ import annotations

import importlib
import logging
from typing import Any

from prefect import flow, runtime, task
from prefect.cache_policies import NO_CACHE

from flows.artifacts import publish_page
from flows.choosing import names_of
from flows.logs import let_steps_speak
from flows.parameters import RefreshBaselines, label
from onboarding.database import tenants
from onboarding.database.runs import TenantBusy
from onboarding.lifecycle import TenantState
from onboarding.live.fold import fold
from onboarding.report.markdown import cell, table
from onboarding.run import running
from onboarding.stage import Held
from onboarding.workspace import Workspace, open_workspace

log = logging.getLogger(__name__)

REFRESH = "refresh"
EVERYONE = RefreshBaselines()


@task(task_run_name="refresh {tenant}", cache_policy=NO_CACHE)
def refresh_one(workspace: Workspace, tenant: str, flow_run: str) -> dict[str, Any]:
    """One tenant under its own lease; what went wrong is part of the result, so that none keeps the others waiting."""
    refresh_baseline = importlib.import_module("onboarding.refresh").refresh_baseline
    with workspace.database.session(tenant) as session:
        state = tenants.get(session, tenant).state
    if state is not TenantState.ACTIVE:
        return {"tenant": tenant, "outcome": "passed-over", "said": f"it is {state}"}
    try:
        with running(workspace, tenant, REFRESH, actor="gatehouse", flow_run=f"{flow_run}/{tenant}") as token:
            fold(workspace, token)
            made = refresh_baseline(workspace, token)
    except TenantBusy as busy:
        return {"tenant": tenant, "outcome": "busy", "said": str(busy)}
    except Held as held:
        return {"tenant": tenant, "outcome": "held", "said": held.hold.message}
    except Exception as error:
        log.exception("the baseline of %s could not be refreshed", tenant)
        return {"tenant": tenant, "outcome": "failed", "said": f"{type(error).__name__}: {error}"}
    return {"tenant": tenant, "outcome": "refreshed", "said": str(made)}


@flow(name="refresh-baselines", flow_run_name="refresh baselines")
def refresh_baselines(request: RefreshBaselines = EVERYONE) -> list[dict[str, Any]]:
    """Refreshes the baselines of the tenants that are active. Raises RuntimeError at the end when one failed."""
    let_steps_speak()
    workspace = open_workspace()
    run = str(runtime.flow_run.id)
    names = names_of(workspace, request.tenants)
    log.info("baselines of %s are refreshed: %d tenants", label(request.tenants), len(names))
    results = [refresh_one(workspace, name, run) for name in names]
    rows = [(result["tenant"], result["outcome"], cell(result["said"])) for result in results]
    publish_page(
        "refresh-baselines",
        "# Baselines\n\n" + table(("tenant", "outcome", ""), rows) + "\n",
        f"{len(results)} tenants looked at",
    )
    failed = [result["tenant"] for result in results if result["outcome"] == "failed"]
    if failed:
        raise RuntimeError(f"not refreshed: {', '.join(failed)}; a rerun repeats no work")
    return results
