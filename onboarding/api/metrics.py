"""Metrics over HTTP: of one tenant as JSON, of all for Prometheus."""

from __future__ import annotations

import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from fastapi.responses import PlainTextResponse

from onboarding.api.access import Analyst
from onboarding.database import fleet
from onboarding.lifecycle import TenantState
from onboarding.live.metrics import exposition
from onboarding.live.metrics import metrics as measured

REMEMBERED_SECONDS = 60.0
"""For so long the page for Prometheus is the same: to measure every tenant anew at each scrape would cost too much."""

router = APIRouter(tags=["metrics"])


@router.get("/v1/tenants/{tenant}/metrics")
def of_tenant(
    tenant: str, request: Request, grant: Analyst, days: Annotated[int, Query(ge=1, le=3_650)] = 30
) -> dict[str, Any]:
    """Precision, misses, flag rate against the promise and time to verdict, with intervals."""
    return measured(request.app.state.workspace, tenant, days)


@router.get("/metrics", response_class=PlainTextResponse)
def for_prometheus(request: Request, grant: Analyst) -> PlainTextResponse:
    """Every active tenant's metrics of the last day, in the Prometheus text format (a token for all tenants)."""
    state = request.app.state
    until, text = getattr(state, "exposition", (0.0, ""))
    if time.monotonic() >= until:
        with state.workspace.database.fleet_session() as session:
            names = [one.tenant for one in fleet.overview(session) if one.state is TenantState.ACTIVE]
        text = exposition({name: measured(state.workspace, name, 1) for name in names})
        state.exposition = time.monotonic() + REMEMBERED_SECONDS, text
    return PlainTextResponse(text, media_type="text/plain; version=0.0.4")
