"""A tenant of one's own in tests: added, and taken through all steps without Prefect."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from onboarding.activate import activate
from onboarding.baseline import make_baseline
from onboarding.calibrate import make_calibration
from onboarding.connect import connect
from onboarding.database import runs, tenants, versions
from onboarding.database.runs import RunToken
from onboarding.database.versions import Calibration
from onboarding.ingest import ingest, ingesting
from onboarding.readiness import check_readiness
from onboarding.rehearse import rehearse
from onboarding.run import ONBOARD, outcome, running
from onboarding.sources.registry import open_source
from onboarding.stage import Held
from onboarding.workspace import Workspace

SMALL = "simulated:seed=11,mailboxes=10,days=60,rate=12"


def register(
    workspace: Workspace, name: str, uri: str, *domains: str, alpha: float = 0.01, delta: float = 0.05
) -> None:
    """Adds a tenant; own domains are by default those of the simulated organisation."""
    source = open_source(uri)
    own = list(domains) or list(source.domains)  # type: ignore[attr-defined]
    with workspace.database.transaction(name) as session:
        tenants.add(
            session, name, domains=own, source=source.uri, alpha=alpha, delta=delta, lookback_days=None, actor="test"
        )


def onboard(workspace: Workspace, name: str) -> dict[str, Any]:
    """All steps in this process; a hold is part of the outcome."""
    run = ""
    try:
        with running(workspace, name, ONBOARD, actor="test") as token:
            run = token.run
            sizes = connect(workspace, token)
            with ingesting(workspace, token):
                ingest(workspace, token, list(sizes))
            baseline = make_baseline(workspace, token)
            rehearse(workspace, token)
            calibration = make_calibration(workspace, token, baseline.version)
            readiness = check_readiness(workspace, token, calibration)
            activate(workspace, token, baseline.version, calibration.version, readiness)
    except Held:
        with workspace.database.session(name) as session:
            newest = runs.latest(session, name)
            assert newest is not None
            assert newest.state == "held"
    return outcome(workspace, name, run)


def record_calibration(session: Session, token: RunToken, *, digest: str, baseline: int, actor: str) -> Calibration:
    """The record of a calibration whose files nobody will ask for."""
    return versions.record_calibration(
        session,
        token,
        digest=digest,
        baseline=baseline,
        engine="1",
        alpha=1e-3,
        delta=0.05,
        n=3000,
        effective_n=2999.5,
        basis="counted",
        valid=True,
        artifact="a",
        summary={},
        actor=actor,
    )
