"""One tenant sees one tenant: in what the code asks, in what the ORM adds, and in what PostgreSQL allows."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import delete, event, func, select, text, update
from sqlalchemy.exc import DBAPIError
from test_database_tenants import fill

from onboarding.database import (
    activations,
    audit,
    connection,
    decisions,
    gates,
    mailboxes,
    rehearsals,
    runs,
    steps,
    tenants,
    versions,
)
from onboarding.database.connection import TENANT_ROLE, Database
from onboarding.database.mailboxes import Mailbox
from onboarding.database.models import METADATA
from onboarding.database.rows import Row
from onboarding.database.runs import Lease, Run, RunToken
from onboarding.lifecycle import Mode, RunState, Step

ON_POSTGRESQL = pytest.mark.parametrize("database", ["postgresql"], indirect=True)
"""SQLite has no row-level security: there the ORM alone keeps tenants apart."""

OF_NO_TENANT = {"shared_tuning"}
"""What admins set for all: every tenant may read it, and nothing of any tenant is in it."""

OF_THE_FLEET = {"api_tokens"}
"""What is only for transactions of no tenant: a tenant's has no right on it at all."""

TABLES = [table.name for table in METADATA.sorted_tables if table.name not in OF_NO_TENANT | OF_THE_FLEET]


@pytest.fixture
def both(database: Database) -> Database:
    """Both tenants, each with rows in every table."""
    for name in ("acme", "globex"):
        with database.transaction(name) as session:
            token = runs.begin(session, name, kind="onboard", actor="ada")
        fill(database, token)
    return database


def test_every_table_says_whose_its_rows_are() -> None:
    for table in METADATA.sorted_tables:
        if table.name in OF_NO_TENANT | OF_THE_FLEET:
            assert "tenant" not in table.c
            continue
        assert table.name == "tenants" or not table.c.tenant.nullable, table.name


def test_every_key_begins_with_the_tenant() -> None:
    for table in METADATA.sorted_tables:
        if table.name not in ("tenants", "audit_log", *OF_NO_TENANT, *OF_THE_FLEET):
            assert next(iter(table.primary_key.columns)).name == "tenant", table.name


def test_every_statement_of_the_repositories_carries_the_tenant(
    database: Database, token: RunToken, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the ORM's own addition switched off, so that what is missing in a query shows."""
    monkeypatch.setattr(connection, "_reads_own_rows_only", lambda state: None)
    seen: list[tuple[str, Any]] = []

    @event.listens_for(database.engine, "before_cursor_execute")
    def note(c: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "UPDATE", "DELETE")) and "set_config" not in statement:
            seen.append((statement, parameters))

    fill(database, token)
    with database.transaction("acme") as session:
        run = runs.latest(session, "acme", kind="onboard")
        assert run is not None
        runs.beat(session, token)
        runs.all_of(session, "acme")
        steps.progress(session, token, Step.INGEST, 1)
        steps.finish(session, token, Step.INGEST, seconds=1)
        steps.of_run(session, "acme", token.run)
        steps.last_completed(session, "acme")
        mailboxes.finish(session, token, "info")
        mailboxes.fail(session, token, "info", "gone")
        mailboxes.record_duplicates(session, token, {"info": 1})
        mailboxes.parts(session, "acme", "info")
        mailboxes.totals(session, "acme")
        gates.latest(session, "acme")
        versions.baseline(session, "acme")
        versions.calibration(session, "acme", 1)
        versions.calibrations(session, "acme")
        decisions.findings(session, "acme", 1)
        decisions.about(session, "acme", "m@x")
        decisions.count_findings(session, "acme", 1)
        rehearsals.of_calibration(session, "acme", 1)
        rehearsals.sources_of(session, "acme", 1)
        decisions.record_live(session, "acme", 1, 1, [])
        activations.set_mode(session, "acme", Mode.OFF, actor="ada", reason="test")
        activations.all_of(session, "acme")
        audit.entries(session, "acme")
        runs.finish(session, token, RunState.COMPLETED)
        tenants.remove(session, "acme", actor="ada")
    assert len(seen) > 50
    for statement, parameters in seen:
        where = statement.partition("WHERE")[2]
        assert "tenant = " in where or "tenants.name = " in where, statement
        values = parameters.values() if isinstance(parameters, dict) else parameters
        assert "acme" in str(list(values)), statement


def test_a_query_that_forgets_the_tenant_still_sees_one(both: Database) -> None:
    with both.session("acme") as session:
        for mapper in Row.registry.mappers:
            if hasattr(mapper.class_, "tenant"):
                assert {row.tenant for row in session.scalars(select(mapper.class_))} == {"acme"}, mapper.class_
        assert session.scalars(select(func.count()).select_from(Run)).one() == 1
        assert session.get(Lease, "globex") is None


def test_a_change_that_forgets_the_tenant_still_changes_one(both: Database) -> None:
    with both.transaction("acme") as session:
        session.execute(update(Run).values(actor="mallory"))
        session.execute(delete(Mailbox))
    with both.session("globex") as session:
        assert [run.actor for run in runs.all_of(session, "globex")] == ["ada"]
        assert mailboxes.totals(session, "globex").listed == 2


def test_a_row_of_another_tenant_is_not_written(both: Database) -> None:
    refused = pytest.raises(RuntimeError, match="transaction of tenant acme cannot write AuditEntry of tenant globex")
    with refused, both.transaction("acme") as session:
        audit.record(session, "globex", "mallory", "something")


@ON_POSTGRESQL
@pytest.mark.parametrize("table", TABLES)
def test_raw_sql_sees_one_tenant(both: Database, table: str) -> None:
    column = "name" if table == "tenants" else "tenant"
    with both.session("acme") as session:
        assert set(session.scalars(text(f"SELECT {column} FROM {table}"))) == {"acme"}
        assert set(session.scalars(text(f"SELECT {column} FROM {table} WHERE {column} = 'globex' OR true"))) == {"acme"}


@ON_POSTGRESQL
@pytest.mark.parametrize("table", sorted(OF_THE_FLEET))
def test_a_tenant_has_no_right_on_what_is_the_fleets(both: Database, table: str) -> None:
    with pytest.raises(DBAPIError, match="permission denied"), both.session("acme") as session:
        session.execute(text(f"SELECT 1 FROM {table}"))


@ON_POSTGRESQL
@pytest.mark.parametrize("table", [table for table in TABLES if table not in ("baselines", "calibrations")])
def test_raw_sql_deletes_from_one_tenant(both: Database, table: str) -> None:
    """(Baselines and calibrations in force cannot be deleted at all.)"""
    with both.transaction("acme") as session:
        session.execute(text(f"DELETE FROM {table}"))
    with both.session("globex") as session:
        assert session.scalar(text(f"SELECT count(*) FROM {table}")) >= 1


@ON_POSTGRESQL
@pytest.mark.parametrize(
    "attempt",
    [
        "INSERT INTO audit_log (tenant, at, actor, action, detail) VALUES ('globex', now(), 'm', 'x', '{}')",
        "UPDATE runs SET tenant = 'globex'",
        "UPDATE tenants SET name = 'globex2'",
        "INSERT INTO skips (tenant, mailbox, reason, count) VALUES ('globex', 'info', 'x', 1)",
        "UPDATE audit_log SET actor = 'nobody'",
        "TRUNCATE runs CASCADE",
        "ALTER TABLE runs DISABLE ROW LEVEL SECURITY",
        "DROP POLICY own_rows ON runs",
        "CREATE TABLE mine (x int)",
    ],
)
def test_raw_sql_writes_nothing_of_another(both: Database, attempt: str) -> None:
    with pytest.raises(DBAPIError), both.transaction("acme") as session:
        session.execute(text(attempt))


@ON_POSTGRESQL
def test_without_a_tenant_the_role_sees_nothing(both: Database) -> None:
    with both.engine.begin() as raw:
        raw.execute(text(f"SET LOCAL ROLE {TENANT_ROLE}"))
        for table in TABLES:
            assert raw.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table


@ON_POSTGRESQL
def test_a_service_login_is_held_to_the_tenant_it_names(both: Database) -> None:
    """A login that only has the role cannot leave it, whatever SQL it sends."""
    with both.engine.begin() as owner:
        owner.execute(text("DROP ROLE IF EXISTS scoring"))
        owner.execute(text(f"CREATE ROLE scoring LOGIN IN ROLE {TENANT_ROLE}"))
    service = Database(both.url.set(username="scoring"))
    with service.session("acme") as session:
        session.execute(text("RESET ROLE"))
        assert set(session.scalars(text("SELECT tenant FROM runs"))) == {"acme"}
    with service.fleet_session() as session:
        assert session.scalars(text("SELECT tenant FROM runs")).all() == []
    service.close()


@ON_POSTGRESQL
def test_the_tenant_ends_with_its_transaction(both: Database) -> None:
    """A pooled connection carries nothing over to whoever uses it next."""
    with both.session("acme"):
        pass
    with both.engine.begin() as raw:
        assert raw.scalar(text("SELECT coalesce(current_setting('gatehouse.tenant', true), '')")) == ""
        assert raw.scalar(text("SELECT current_user")) != TENANT_ROLE


@ON_POSTGRESQL
def test_every_table_has_its_policy(both: Database) -> None:
    with both.engine.connect() as raw:
        held = set(raw.scalars(text("SELECT relname FROM pg_class WHERE relrowsecurity")))
        policies = set(raw.scalars(text("SELECT tablename FROM pg_policies WHERE policyname = 'own_rows'")))
    assert held == policies == set(TABLES)
