"""Tenants: what is refused, what is remembered, and that removing one leaves nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select
from tenants_at_hand import record_calibration

from onboarding.database import (
    actions,
    activations,
    audit,
    canary,
    corrections,
    decisions,
    gates,
    labels,
    mailboxes,
    rehearsals,
    runs,
    steps,
    tenants,
    versions,
    watching,
)
from onboarding.database.connection import Database
from onboarding.database.decisions import Flagged
from onboarding.database.gates import Measured
from onboarding.database.mailboxes import PageRecord
from onboarding.database.models import METADATA
from onboarding.database.runs import RunToken
from onboarding.database.sources import SecretInSourceError, refuse_secret
from onboarding.database.tenants import Tenant, TenantError
from onboarding.holds import HoldReason, hold
from onboarding.lifecycle import Mode, Step, TenantState, TransitionError


def add(database: Database, name: str, **changed: object) -> None:
    values: dict[str, object] = {"domains": ["x.example"], "source": "maildir:/mail", "alpha": 1e-3, "delta": 0.05}
    with database.transaction(name) as session:
        tenants.add(session, name, lookback_days=None, actor="ada", **(values | changed))  # type: ignore[arg-type]


def fill(database: Database, token: RunToken) -> None:
    """Puts at least one row of the token's tenant into every table."""
    tenant = token.tenant
    with database.transaction(tenant) as session:
        mailboxes.discover(session, token, [("info", 1)])
        mailboxes.record_page(
            session,
            token,
            PageRecord(mailbox="info", sequence=0, cursor="1", listed=2, written=1, skipped={"too-large": 1}),
        )
        steps.start(session, token, Step.INGEST)
        gates.record(session, token, [Measured(name="volume", measure="messages", value=1, bar="1", passed=True)])
        baseline = versions.record_baseline(
            session,
            token,
            digest="b",
            folder="f",
            messages=1,
            first_time=1,
            last_time=2,
            facts={"x": 1},
            engine="1",
        )
        calibration = record_calibration(session, token, digest="c", baseline=baseline.version, actor="ada")
        found = Flagged(
            message_key=7, message_id="m@x", path="info/1", time=1, verdict="attack", kind="k", tail_probability=0.0
        )
        decisions.record_findings(session, token, calibration.version, [found])
        line = rehearsals.Recalled(
            source=rehearsals.RECIPES, kind="k", difficulty="easy", sent=2, caught=1, suspicious=0, low=0.1, high=0.9
        )
        rehearsals.record(session, token, calibration.version, rehearsals.RECIPES, [line])
        tenants.move(session, tenant, TenantState.ONBOARDING, actor="ada")
        activations.activate(
            session,
            tenant,
            engine="1",
            baseline=1,
            calibration=1,
            mode=Mode.SHADOW,
            actor="ada",
            reason="ready",
            token=token,
        )
        labels.label(session, tenant, 7, "m@x", labels.Verdict.SAFE, reason="a newsletter", actor="ada")
        canary.record(session, tenant, 1, "maildir:/mail", {1: canary.Counts(messages=2, decided=1, flagged=0)})
        corrections.add(
            session,
            tenant,
            sender_key=5,
            sender="a@x.example",
            kind="k",
            message_id="m@x",
            reason="",
            actor="ada",
            lasts=timedelta(days=1),
        )
        watching.claim(session, tenant, "here", timedelta(minutes=1))
        watching.advance(session, tenant, "info", "1", 1)
        notice = actions.Planned(
            message_key=7,
            mailbox="info",
            kind=actions.ActionKind.NOTIFY,
            message_id="m@x",
            path="info/1",
            time=1,
            folder=1,
            activation=1,
        )
        actions.plan(session, tenant, [notice])


def test_a_name_twice_is_refused(database: Database) -> None:
    with pytest.raises(TenantError, match="acme is there already"):
        add(database, "acme")


@pytest.mark.parametrize("name", ["", "Acme", "a b", "-a", "a-", "a" * 64, "../etc", "a\n", "ä", "a.b", "*"])
def test_a_malformed_name_is_refused(database: Database, name: str) -> None:
    with pytest.raises(TenantError, match="cannot be a tenant's name"):
        add(database, name)


def test_a_tenant_needs_a_domain(database: Database) -> None:
    with pytest.raises(TenantError, match="--domain"):
        add(database, "initech", domains=[])


def test_a_tenant_that_is_not_there_is_named(database: Database) -> None:
    with pytest.raises(TenantError, match="no tenant initech"), database.session("initech") as session:
        tenants.get(session, "initech")


@pytest.mark.parametrize(
    "uri",
    [
        "imap://ada:hunter2@mail.example.com",
        "imap:ada:hunter2@mail.example.com",
        "imap:mail.example.com?password=hunter2",
        "graph:common?client_secret=hunter2",
        "graph:common?Client-Secret=hunter2",
        "jmap:mail.example.com?user=ada&access_token=hunter2",
        "jmap:mail.example.com#token=hunter2",
        "imap:mail.example.com?pass%77ord=hunter2",
        "gmail:example.com;apikey=hunter2",
        "imap:mail.example.com?login=xoauth2&token_url=https://id:hunter2@idp.example/token",
        "imap:mail.example.com?token_url=https%3A%2F%2Fid%3Ahunter2%40idp.example",
    ],
)
def test_a_secret_in_a_source_is_refused_and_kept_nowhere(database: Database, uri: str) -> None:
    with pytest.raises(SecretInSourceError) as refused:
        add(database, "initech", source=uri)
    assert "hunter2" not in str(refused.value)
    with pytest.raises(SecretInSourceError), database.transaction("acme") as session:
        tenants.change(session, "acme", actor="ada", source=uri)
    with database.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            assert "hunter2" not in str(connection.execute(select(table)).all())


@pytest.mark.parametrize(
    "uri",
    [
        "maildir:/mail/acme",
        "eml:corpora/a@b:c",
        "mbox:C:\\mail\\a.mbox",
        "graph:8f1c2d3e-0000-4000-8000-123456789abc",
        "imap:ada@mail.example.com:993?folders=INBOX,Sent",
        "imap://ada@mail.example.com:993",
        "imap:mail.example.com:993?include=ada@example.com&token_url=https://idp.example:8443/token",
        "simulated:acme?seed=7&mailboxes=12&author=x&design=2",
        "eml:/mail/pass=through",
    ],
)
def test_a_source_without_secret_is_taken(uri: str) -> None:
    refuse_secret(uri)


def test_changes_are_in_the_audit_log_with_before_and_after(database: Database) -> None:
    with database.transaction("acme") as session:
        tenants.change(session, "acme", actor="bob", alpha=1e-4)
        tenants.change(session, "acme", actor="bob", alpha=1e-4)
    with database.session("acme") as session:
        newest, *older = audit.entries(session, "acme")
    assert (newest.actor, newest.detail) == ("bob", {"alpha": {"from": 1e-3, "to": 1e-4}})
    assert [entry.action for entry in older] == ["tenant-added"]


def test_holding_says_why_and_moving_on_clears_it(database: Database) -> None:
    why = hold(HoldReason.NO_MAILBOXES, tenant="acme", source="maildir:/mail/acme")
    with database.transaction("acme") as session:
        tenants.move(session, "acme", TenantState.ONBOARDING, actor="ada")
        for _ in range(2):
            tenants.hold(session, "acme", why, actor="ada")
    with database.session("acme") as session:
        held = tenants.get(session, "acme")
        assert (held.state, held.held_reason) == (TenantState.HELD, HoldReason.NO_MAILBOXES)
        assert held.held_remedy == why.remedy
        assert [entry.action for entry in audit.entries(session, "acme")].count("tenant-held") == 1
    with database.transaction("acme") as session:
        assert tenants.move(session, "acme", TenantState.ONBOARDING, actor="ada").held_reason is None


def test_a_move_that_the_lifecycle_forbids_changes_nothing(database: Database) -> None:
    with pytest.raises(TransitionError), database.transaction("acme") as session:
        tenants.move(session, "acme", TenantState.ACTIVE, actor="ada")
    with database.session("acme") as session:
        assert tenants.get(session, "acme").state is TenantState.REGISTERED


def test_removing_a_tenant_leaves_one_line_and_the_other_tenant(database: Database) -> None:
    for name in ("acme", "globex"):
        with database.transaction(name) as session:
            token = runs.begin(session, name, kind="onboard", actor="ada")
        fill(database, token)
    with database.session("globex") as session:
        before = tenants.rows_of(session, "globex")
    assert all(before.values()), "every table is filled, or this test would show nothing"
    with database.transaction("acme") as session:
        assert tenants.remove(session, "acme", actor="ada") == before
    with database.engine.connect() as connection:
        for table in METADATA.sorted_tables:
            if table.name in ("shared_tuning", "api_tokens"):
                continue  # of no tenant; tokens that name one go with it (`test_tokens_go_with_their_tenant`)
            column = table.c.name if table.name == Tenant.__tablename__ else table.c.tenant
            left = connection.execute(select(table).where(column == "acme")).all()
            assert len(left) == (1 if table.name == "audit_log" else 0), table.name
    with database.session("globex") as session:
        assert tenants.rows_of(session, "globex") == before


def test_a_removed_tenants_run_cannot_write(database: Database, token: RunToken) -> None:
    with database.transaction("acme") as session:
        tenants.remove(session, "acme", actor="ada")
    add(database, "acme")
    with pytest.raises(runs.Fenced), database.transaction("acme") as session:
        mailboxes.discover(session, token, [("info", None)])
