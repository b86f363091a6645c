"""Whether this process lives, and whether it can decide."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Request, Response
from sqlalchemy import text

from onboarding.api.scoring import Scoring

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/ready")
def ready(request: Request, response: Response) -> dict[str, Any]:
    """It can decide: the database answers. 503 while it does not."""
    scoring: Scoring = request.app.state.scoring
    try:
        with request.app.state.workspace.database.fleet_session() as session:
            session.execute(text("SELECT 1"))
    except Exception as error:  # whatever it is, the process is not ready
        response.status_code = 503
        return {"status": "not ready", "reason": f"the database does not answer: {type(error).__name__}"}
    return {"status": "ready", "waiting": scoring.waiting, "tenants_open": len(scoring.tenants)}
