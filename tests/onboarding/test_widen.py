"""The agent reads further back by itself, and never beyond what a person said."""

from __future__ import annotations

import pytest
from tenants_at_hand import register

from onboarding.connect import connect
from onboarding.database import audit, mailboxes, tenants
from onboarding.database.gates import Measured
from onboarding.database.runs import RunToken
from onboarding.holds import HoldReason, hold
from onboarding.ingest import ingest, ingesting
from onboarding.lifecycle import TenantState
from onboarding.reach import FIXED, FURTHEST_DAYS
from onboarding.run import ONBOARD, running
from onboarding.widen import held_for_history, short_of_history, widen_lookback
from onboarding.workspace import Workspace

URI = "simulated:seed=3,mailboxes=5,days=20,rate=3"


def gate(name: str, passed: bool) -> Measured:
    return Measured(name=name, measure="", value=3.0, bar="at least 28", passed=passed)


def read(workspace: Workspace, token: RunToken) -> dict[str, int]:
    with ingesting(workspace, token):
        ingest(workspace, token, list(connect(workspace, token)))
    with workspace.database.session(token.tenant) as session:
        return dict(mailboxes.totals(session, token.tenant).skipped)


@pytest.fixture
def bounded(workspace: Workspace) -> Workspace:
    """Tenant acme, whose mail is some years older than its lookback of 5 days reaches."""
    register(workspace, "acme", URI)
    with workspace.database.transaction("acme") as session:
        tenants.change(session, "acme", actor="test", lookback_days=5)
    return workspace


def test_the_first_failed_gate_of_history_is_the_reason() -> None:
    assert short_of_history((gate("walk-forward", False), gate("history-span", True))) is None
    said = short_of_history((gate("certificate", False), gate("history-span", False)))
    assert said == "gate history-span asks for at least 28 and measured 3"


def test_only_holds_that_more_history_may_cure_ask_for_it() -> None:
    little = hold(HoldReason.TOO_LITTLE_HISTORY, tenant="acme", messages=3, days=2, needed_messages=50, needed_days=7)
    assert held_for_history(little) == little.message
    assert held_for_history(hold(HoldReason.NO_MAILBOXES, tenant="acme", source="eml:/mail")) is None


def test_a_lookback_of_the_settings_is_doubled_and_mail_read_anew(bounded: Workspace) -> None:
    with running(bounded, "acme", ONBOARD, actor="test") as token:
        assert read(bounded, token)["outside-lookback"] > 0
        assert widen_lookback(bounded, token, "too short") == 10
        with bounded.database.session("acme") as session:
            assert tenants.get(session, "acme").lookback_days == 10
            # Local mail comes in no order of time, so reading begins anew.
            assert {(box.cursor, box.listed) for box in mailboxes.all_of(session, "acme")} == {(None, 0)}
            noted = [entry for entry in audit.entries(session, "acme") if entry.action == "lookback-widened"]
        assert [entry.detail for entry in noted] == [{"from": 5, "to": 10, "reason": "too short"}]


def test_a_hold_is_over_once_more_is_read(bounded: Workspace) -> None:
    with running(bounded, "acme", ONBOARD, actor="test") as token:
        read(bounded, token)
        with bounded.database.transaction("acme") as session:
            tenants.hold(
                session, "acme", hold(HoldReason.NO_MAILBOXES, tenant="acme", source="eml:/mail"), actor="test"
            )
        assert widen_lookback(bounded, token, "held")
        with bounded.database.session("acme") as session:
            row = tenants.get(session, "acme")
            assert (row.state, row.held_reason) == (TenantState.ONBOARDING, None)


@pytest.mark.parametrize(
    "values", [{"overrides": {FIXED: True}}, {"lookback_days": FURTHEST_DAYS}, {"lookback_days": None}]
)
def test_nothing_is_widened_beyond_a_persons_word_or_the_furthest(
    bounded: Workspace, values: dict[str, object]
) -> None:
    with running(bounded, "acme", ONBOARD, actor="test") as token:
        read(bounded, token)
        with bounded.database.transaction("acme") as session:
            tenants.change(session, "acme", actor="test", **values)
        assert widen_lookback(bounded, token, "too short") is None


def test_nothing_is_widened_where_no_older_mail_was_met(workspace: Workspace) -> None:
    register(workspace, "acme", URI)
    with running(workspace, "acme", ONBOARD, actor="test") as token:
        read(workspace, token)
        with workspace.database.transaction("acme") as session:
            tenants.change(session, "acme", actor="test", lookback_days=30)
        assert widen_lookback(workspace, token, "too short") is None
