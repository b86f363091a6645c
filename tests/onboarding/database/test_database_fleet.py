"""The overview of all tenants is true, and its cost does not grow with queries."""

from __future__ import annotations

from typing import Any

from sqlalchemy import event, insert
from test_database_tenants import fill

from onboarding import clock
from onboarding.database import fleet, runs, steps, tenants
from onboarding.database.connection import Database
from onboarding.database.mailboxes import Mailbox
from onboarding.database.runs import RunToken
from onboarding.database.tenants import Tenant
from onboarding.holds import HoldReason, hold
from onboarding.lifecycle import MailboxState, Mode, RunState, Step, TenantState, WorkState


def overview(database: Database) -> dict[str, fleet.Overview]:
    with database.fleet_session() as session:
        return {one.tenant: one for one in fleet.overview(session)}


def test_the_overview_shows_where_each_tenant_stands(database: Database, token: RunToken) -> None:
    fill(database, token)
    with database.transaction("acme") as session:
        steps.start(session, token, Step.CALIBRATE, total=10, unit="detectors")
        steps.progress(session, token, Step.CALIBRATE, 4)
    with database.transaction("globex") as session:
        tenants.move(session, "globex", TenantState.ONBOARDING, actor="ada")
        tenants.hold(session, "globex", hold(HoldReason.NO_MAILBOXES, tenant="globex", source="s"), actor="ada")
    both = overview(database)
    acme, globex = both["acme"], both["globex"]
    assert (acme.state, acme.mode, acme.baseline, acme.calibration) == (TenantState.ACTIVE, Mode.SHADOW, 1, 1)
    assert (acme.discovered, acme.listed, acme.stored) == (1, 2, 1)
    assert (acme.run, acme.run_state) == (token.run, RunState.RUNNING)
    assert acme.step == fleet.StepProgress(
        name=Step.CALIBRATE, state=WorkState.RUNNING, done=4, total=10, unit="detectors"
    )
    assert (globex.state, globex.held_reason, globex.run, globex.step) == (
        TenantState.HELD,
        HoldReason.NO_MAILBOXES,
        None,
        None,
    )


def test_the_newest_run_is_shown(database: Database, token: RunToken) -> None:
    with database.transaction("acme") as session:
        runs.finish(session, token, RunState.FAILED, "disk full")
        newest = runs.begin(session, "acme", kind="calibrate", actor="ada")
        runs.finish(session, newest, RunState.COMPLETED)
    assert (overview(database)["acme"].run, overview(database)["acme"].run_kind) == (newest.run, "calibrate")


def test_a_thousand_tenants_take_two_queries(database: Database) -> None:
    at = clock.now()
    counts = dict.fromkeys(("pages", "duplicates", "skipped"), 0) | {"listed": 5, "written": 5}
    common = {"alpha": 1e-3, "delta": 0.05, "tags": [], "overrides": {}, "created_at": at, "updated_at": at}
    names = [f"tenant-{n}" for n in range(998)]
    with database.engine.begin() as connection:
        connection.execute(
            insert(Tenant),
            [
                {"name": name, "domains": ["x.example"], "source": "s", "state": "registered", "mode": "off"} | common
                for name in names
            ],
        )
        connection.execute(
            insert(Mailbox),
            [
                {"tenant": name, "name": str(n), "state": MailboxState.INGESTED, "updated_at": at} | counts
                for name in names
                for n in range(5)
            ],
        )
    statements: list[str] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(c: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        statements.extend([statement] if statement.startswith("SELECT") else [])

    everyone = overview(database)
    assert len(everyone) == 1000
    assert everyone["tenant-7"].stored == 25
    assert len(statements) == 2
