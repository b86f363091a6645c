"""The application: what is where. One process of `gatehouse serve` is one of these."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from onboarding.api import calibrations, feedback, health, metrics, problems, scoring, tenants
from onboarding.api.access import Grants
from onboarding.api.scoring import Scoring
from onboarding.workspace import Workspace, open_workspace

DESCRIPTION = """
Decisions on live mail for a service's mail pipeline, and what people and programs ask of tenants.

Every request but `/health` and `/ready` carries `Authorization: Bearer TOKEN`; `gatehouse token create` makes tokens,
for one tenant or all, in the role `pipeline`, `analyst` or `admin`. Errors are problem details (RFC 9457).
"""


def application(workspace: Workspace | None = None) -> FastAPI:
    """The application over a workspace, by default that of the environment."""
    workspace = workspace or open_workspace()

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.scoring = Scoring(workspace)
        yield
        app.state.scoring.close()

    app = FastAPI(title="Gatehouse", version="1", description=DESCRIPTION, lifespan=lifespan)
    app.state.workspace, app.state.grants = workspace, Grants(workspace)
    problems.install(app)
    for module in (scoring, tenants, calibrations, feedback, metrics, health):
        app.include_router(module.router)
    return app
