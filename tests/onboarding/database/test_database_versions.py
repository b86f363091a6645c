"""Versions are immutable and numbered; what is in force switches whole and can be taken back."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from onboarding.database import activations, decisions, gates, runs, steps, tenants, versions
from onboarding.database.activations import Activation, ActivationError
from onboarding.database.connection import Database
from onboarding.database.decisions import Flagged
from onboarding.database.gates import Measured
from onboarding.database.runs import RunToken
from onboarding.lifecycle import Mode, RunState, Step, TenantState, WorkState


def baseline(database: Database, token: RunToken, digest: str) -> int:
    with database.transaction("acme") as session:
        return versions.record_baseline(
            session,
            token,
            digest=digest,
            folder=f"baselines/{digest}",
            messages=10,
            first_time=1,
            last_time=9,
            facts={"sender_messages": 3},
            engine="1",
        ).version


def calibration(database: Database, token: RunToken, digest: str, of: int = 1) -> int:
    with database.transaction("acme") as session:
        return versions.record_calibration(
            session,
            token,
            digest=digest,
            baseline=of,
            engine="1",
            alpha=1e-3,
            delta=0.05,
            n=3000,
            effective_n=2500.0,
            basis="counted",
            valid=True,
            artifact=f"calibrations/{digest}",
            summary={"observed_rate": 4e-4},
            actor="ada",
        ).version


def activate(database: Database, calibration: int, mode: Mode = Mode.SHADOW, of: int = 1) -> Activation:
    with database.transaction("acme") as session:
        return activations.activate(
            session,
            "acme",
            engine="1",
            baseline=of,
            calibration=calibration,
            mode=mode,
            actor="ada",
            reason="ready",
        )


@pytest.fixture
def ready(database: Database, token: RunToken) -> Database:
    """A baseline and two calibrations of acme."""
    baseline(database, token, "b1")
    calibration(database, token, "c1")
    calibration(database, token, "c2")
    with database.transaction("acme") as session:
        tenants.move(session, "acme", TenantState.ONBOARDING, actor="ada")
    return database


def test_the_same_content_is_the_same_version(database: Database, token: RunToken) -> None:
    assert [baseline(database, token, d) for d in ("b1", "b2", "b1")] == [1, 2, 1]
    assert [calibration(database, token, d) for d in ("c1", "c2", "c1")] == [1, 2, 1]


def test_numbers_are_the_tenants_own(database: Database, token: RunToken) -> None:
    baseline(database, token, "b1")
    with database.transaction("globex") as session:
        other = runs.begin(session, "globex", kind="onboard", actor="ada")
        values = {"folder": "f", "messages": 1, "first_time": None, "last_time": None, "facts": {}, "engine": "1"}
        assert versions.record_baseline(session, other, digest="b9", **values).version == 1  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE baselines SET messages = 0",
        "UPDATE calibrations SET alpha = 0.5",
        "UPDATE activations SET mode = 'enforce'",
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM baselines",
    ],
)
def test_the_database_refuses_to_change_what_was_decided(ready: Database, statement: str) -> None:
    activate(ready, 1)
    with pytest.raises(DBAPIError), ready.engine.begin() as connection:
        connection.execute(text(statement))


def test_switching_moves_state_and_mode_with_it(ready: Database) -> None:
    activate(ready, 1)
    activate(ready, 2, Mode.ALERT)
    with ready.session("acme") as session:
        now, tenant = activations.current(session, "acme"), tenants.get(session, "acme")
    assert now is not None
    assert (now.version, now.calibration, now.mode) == (2, 2, Mode.ALERT)
    assert (tenant.state, tenant.mode) == (TenantState.ACTIVE, Mode.ALERT)


def test_switching_to_what_is_in_force_changes_nothing(ready: Database) -> None:
    assert activate(ready, 1).version == activate(ready, 1).version == 1


def test_what_does_not_exist_cannot_be_put_in_force(ready: Database) -> None:
    with pytest.raises(IntegrityError):
        activate(ready, 99)
    with ready.session("acme") as session:
        assert activations.current(session, "acme") is None
        assert tenants.get(session, "acme").mode is Mode.OFF


def test_a_tenant_never_onboarded_cannot_be_switched(database: Database) -> None:
    with pytest.raises(ActivationError, match="gatehouse onboard acme"), database.transaction("acme") as session:
        activations.set_mode(session, "acme", Mode.ENFORCE, actor="ada", reason="wish")


def test_rolling_back_restores_versions_and_keeps_the_mode(ready: Database) -> None:
    activate(ready, 1)
    activate(ready, 2)
    activate(ready, 2, Mode.ALERT)
    with ready.transaction("acme") as session:
        back = activations.rollback(session, "acme", actor="ada", reason="too loud")
    assert (back.calibration, back.mode, back.restores) == (1, Mode.ALERT, 1)
    with ready.transaction("acme") as session:
        forth = activations.rollback(session, "acme", actor="ada", reason="was fine", to=2)
    assert (forth.version, forth.calibration, forth.restores) == (5, 2, 2)


@pytest.mark.parametrize("to", [None, 1, 7])
def test_there_must_be_something_to_roll_back_to(ready: Database, to: int | None) -> None:
    activate(ready, 1)
    with pytest.raises(ActivationError, match="to go back to"), ready.transaction("acme") as session:
        activations.rollback(session, "acme", actor="ada", reason="why not", to=to)


def test_switching_off_and_on_again(ready: Database) -> None:
    activate(ready, 1, Mode.ALERT)
    for mode, state in ((Mode.OFF, TenantState.DEACTIVATED), (Mode.SHADOW, TenantState.ACTIVE)):
        with ready.transaction("acme") as session:
            activations.set_mode(session, "acme", mode, actor="ada", reason="contract")
            assert tenants.get(session, "acme").state is state


def flagged(key: int, tail: float) -> Flagged:
    return Flagged(
        message_key=key,
        message_id=f"{key}@x",
        path=str(key),
        time=key,
        verdict="attack",
        kind="payment-fraud",
        tail_probability=tail,
        attribution={"reasons": ["first mail ever"]},
    )


def test_findings_are_set_not_added_and_come_strongest_first(ready: Database, token: RunToken) -> None:
    for found in ([flagged(1, 1e-3), flagged(2, 1e-6), flagged(3, 1e-4)], [flagged(2, 1e-6), flagged(3, 1e-4)]):
        with ready.transaction("acme") as session:
            decisions.record_findings(session, token, 1, found)
            decisions.record_findings(session, token, 2, found[:1])
    with ready.session("acme") as session:
        assert [row.message_key for row in decisions.findings(session, "acme", 1)] == [2, 3]
        assert [row.message_key for row in decisions.findings(session, "acme", 1, limit=1)] == [2]
        assert decisions.count_findings(session, "acme", 2) == 1


def test_a_live_message_is_decided_once(ready: Database) -> None:
    for expected in (2, 0):
        with ready.transaction("acme") as session:
            assert decisions.record_live(session, "acme", 1, 1, [flagged(1, 1e-3), flagged(2, 1e-6)]) == expected
    with ready.session("acme") as session:
        assert [row.attribution["reasons"] for row in decisions.about(session, "acme", "1@x")] == [["first mail ever"]]


def test_steps_show_progress_and_keep_what_they_found(database: Database, token: RunToken) -> None:
    with database.transaction("acme") as session:
        steps.start(session, token, Step.BASELINE)
        steps.start(session, token, Step.INGEST, total=100, unit="messages")
        steps.progress(session, token, Step.INGEST, 40)
    with database.session("acme") as session:
        ingest, build = steps.of_run(session, "acme", token.run)
        assert (ingest.done, ingest.total, ingest.state) == (40, 100, WorkState.RUNNING)
        assert build.name is Step.BASELINE
        assert steps.last_completed(session, "acme") == {}
    with database.transaction("acme") as session:
        steps.finish(session, token, Step.INGEST, seconds=1.5, summary={"stored": 99})
        runs.finish(session, token, RunState.COMPLETED)
    with database.session("acme") as session:
        done = steps.last_completed(session, "acme")[Step.INGEST]
        assert (done.done, done.seconds, done.summary) == (100, 1.5, {"stored": 99})


def test_a_step_that_begins_again_begins_anew(database: Database, token: RunToken) -> None:
    with database.transaction("acme") as session:
        steps.start(session, token, Step.INGEST)
        steps.finish(session, token, Step.INGEST, seconds=1, state=WorkState.FAILED, error="disk full")
        steps.start(session, token, Step.INGEST)
    with database.session("acme") as session:
        [again] = steps.of_run(session, "acme", token.run)
    assert (again.state, again.error, again.ended_at, again.seconds) == (WorkState.RUNNING, None, None, None)


def test_gates_are_those_of_the_newest_run_that_measured(database: Database, token: RunToken) -> None:
    with database.transaction("acme") as session:
        gates.record(
            session,
            token,
            [
                Measured(name="volume", measure="messages", value=10, bar="at least 5", passed=True),
                Measured(name="parity", measure="differences", value=None, bar="none", passed=True, remedy="rerun"),
            ],
        )
        runs.finish(session, token, RunState.HELD)
        runs.begin(session, "acme", kind="onboard", actor="ada")
    with database.session("acme") as session:
        assert [(gate.name, gate.passed) for gate in gates.latest(session, "acme")] == [
            ("volume", True),
            ("parity", False),
        ], "what could not be measured does not pass"
