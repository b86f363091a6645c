"""The flow `watch-tenants`: live mail of all active tenants is followed, run after run, all day.

A run lasts some minutes and ends; the schedule begins the next. So a change of code or settings is taken up soon, a run
that dies is replaced within minutes, and what came meanwhile is caught up in order: nothing depends on a run living on.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from prefect import flow

from flows.artifacts import publish_page
from flows.choosing import names_of
from flows.logs import let_steps_speak
from flows.parameters import WatchTenants
from onboarding.live.watch import Watch
from onboarding.report.markdown import cell, table
from onboarding.workspace import open_workspace

EVERYONE = WatchTenants()
COUNTED = ("listed", "decided", "skipped", "flagged", "carried_out")


@flow(name="watch-tenants", flow_run_name="watch tenants")
def watch_tenants(request: WatchTenants = EVERYONE) -> dict[str, dict[str, Any]]:
    """Rounds over the active tenants until the minutes are over, one at least; gives what came of each tenant.

    Raises RuntimeError at the end when a tenant could not be followed in the last round; the next run tries again.
    """
    let_steps_speak()
    workspace = open_workspace()
    names = names_of(workspace, request.tenants)
    until = time.monotonic() + 60 * request.minutes
    found: dict[str, dict[str, Any]] = {}
    watch = Watch(workspace)
    try:
        while True:
            for one in watch.round(names):
                _add(found.setdefault(one["tenant"], dict.fromkeys(COUNTED, 0)), one)
            if time.monotonic() + request.every >= until:
                break
            time.sleep(request.every)
    finally:
        watch.close()
        _publish(found)
    failed = sorted(tenant for tenant, one in found.items() if one["outcome"] == "failed")
    if failed:
        raise RuntimeError(f"not followed: {', '.join(failed)}; their mail is caught up once their sources answer")
    return found


def _add(total: dict[str, Any], one: Mapping[str, Any]) -> None:
    for name in COUNTED:
        total[name] += one.get(name, 0)
    said = one.get("error") or "; ".join(f"{box}: {why}" for box, why in list(one.get("failed", {}).items())[:3])
    total |= {"outcome": one["outcome"], "said": said, "backlog": one.get("backlog", False)}


def _publish(found: Mapping[str, Mapping[str, Any]]) -> None:
    told = {tenant: one for tenant, one in sorted(found.items()) if one["listed"] or one["outcome"] != "followed"}
    if not told:
        return
    rows = [
        (tenant, *(f"{one[name]:,}" for name in COUNTED), one["outcome"], cell(str(one["said"])))
        for tenant, one in told.items()
    ]
    columns = ("tenant", *(name.replace("_", " ") for name in COUNTED), "outcome", "")
    publish_page("watch-tenants", "# Live mail\n\n" + table(columns, rows) + "\n", f"{len(told)} tenants had mail")
