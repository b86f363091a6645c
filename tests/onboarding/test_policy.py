"""Shadow, alert, enforce: no step without a canary, and back to shadow by itself when the promise is refuted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from onboarding import clock
from onboarding.activate import ModeRefused, set_mode
from onboarding.database import activations, audit, canary, gates, labels, runs, tenants, versions
from onboarding.database.canary import Counts
from onboarding.database.decisions import Flagged, record_live
from onboarding.database.gates import Measured
from onboarding.database.runs import RunToken
from onboarding.holds import HoldReason
from onboarding.lifecycle import Mode, RunState, TenantState
from onboarding.policy import AUTO, Canary, canary_of, missing_for, review
from onboarding.workspace import Workspace

ALPHA = 0.01


def certified(session: Session, token: RunToken, number: int, *, valid: bool = True) -> int:
    """One more calibration on the baseline; gives its version."""
    row = versions.record_calibration(
        session,
        token,
        digest=f"c{number}",
        baseline=1,
        engine="e",
        alpha=ALPHA,
        delta=0.05,
        n=3000,
        effective_n=3000,
        basis="counted",
        valid=valid,
        artifact="a",
        summary={},
        actor="ada",
    )
    return row.version


def promoted(session: Session, calibration: int, *, baseline: int = 1, mode: Mode = Mode.SHADOW) -> None:
    """Puts a calibration in force."""
    activations.activate(
        session,
        "acme",
        engine="e",
        baseline=baseline,
        calibration=calibration,
        mode=mode,
        actor="ada",
        reason="promoted",
    )


@pytest.fixture
def acme(workspace: Workspace) -> Workspace:
    """A tenant in shadow under a certified calibration, its gates passed."""
    with workspace.database.transaction("acme") as session:
        tenants.add(
            session,
            "acme",
            domains=["acme.example"],
            source="eml:/mail",
            alpha=ALPHA,
            delta=0.05,
            lookback_days=None,
            actor="ada",
        )
        token = runs.begin(session, "acme", kind="onboard", actor="ada")
        tenants.move(session, "acme", TenantState.ONBOARDING, actor="ada")
        baseline = versions.record_baseline(
            session, token, digest="b", folder="f", messages=1, first_time=1, last_time=2, facts={}, engine="e"
        )
        calibration = certified(session, token, 1)
        passed = Measured(name="certificate", measure="m", value=ALPHA, bar="at most 0.01", passed=True)
        gates.record(session, token, [passed])
        promoted(session, calibration, baseline=baseline.version)
        runs.finish(session, token, runs.RunState.COMPLETED)
    return workspace


def live(workspace: Workspace, days: range, decided: int, flagged: int) -> None:
    """The same counts on each day under what is in force."""
    with workspace.database.transaction("acme") as session:
        now = activations.current(session, "acme")
        assert now is not None
        counts = {day: Counts(messages=decided, decided=decided, flagged=flagged) for day in days}
        canary.record(session, "acme", now.version, "watch", counts)


def mode(workspace: Workspace) -> Mode:
    with workspace.database.session("acme") as session:
        return tenants.get(session, "acme").mode


def test_alert_is_refused_before_the_canary_has_seen_enough(acme: Workspace) -> None:
    with pytest.raises(ModeRefused, match="7 days and 200 campaigns"):
        set_mode(acme, "acme", Mode.ALERT, actor="ada", reason="now")
    live(acme, range(6), 100, 0)
    with pytest.raises(ModeRefused, match="has seen 6 and 600"):
        set_mode(acme, "acme", Mode.ALERT, actor="ada", reason="now")
    live(acme, range(6, 8), 100, 1)
    assert set_mode(acme, "acme", Mode.ALERT, actor="ada", reason="now").mode is Mode.ALERT


def test_a_failed_gate_is_named_beside_the_canary(acme: Workspace) -> None:
    with acme.database.transaction("acme") as session:
        token = runs.begin(session, "acme", kind="onboard", actor="ada")
        failed = Measured(name="walk-forward", measure="m", value=0.5, bar="at most 0.01", passed=False, remedy="wait")
        gates.record(session, token, [failed])
    with acme.database.session("acme") as session:
        missing = missing_for(session, "acme", Mode.ALERT)
        assert len(missing) == 2
        assert "gate walk-forward" in missing[0]
        assert missing_for(session, "acme", Mode.SHADOW) == []


def test_enforce_asks_for_days_in_alert(acme: Workspace) -> None:
    live(acme, range(20), 100, 0)
    with pytest.raises(ModeRefused, match="7 days in alert come first"):
        set_mode(acme, "acme", Mode.ENFORCE, actor="ada", reason="now")
    set_mode(acme, "acme", Mode.ALERT, actor="ada", reason="now")
    live(acme, range(20, 27), 100, 0)
    assert set_mode(acme, "acme", Mode.ENFORCE, actor="ada", reason="now").mode is Mode.ENFORCE
    assert set_mode(acme, "acme", Mode.ALERT, actor="ada", reason="less").mode is Mode.ALERT, "down is always open"


def test_counting_the_same_stream_again_counts_once(acme: Workspace) -> None:
    for _ in range(3):
        live(acme, range(4), 50, 1)
    with acme.database.session("acme") as session:
        seen = canary_of(session, "acme")
    assert seen is not None
    assert (seen.days, seen.campaigns, seen.flagged) == (4, 200, 4)


def test_an_alarm_drops_the_tenant_to_shadow_and_says_why(acme: Workspace) -> None:
    live(acme, range(10), 100, 0)
    set_mode(acme, "acme", Mode.ALERT, actor="ada", reason="now")
    live(acme, range(10, 15), 100, 12)
    dropped = review(acme, "acme")
    assert dropped is not None
    assert dropped.mode is Mode.SHADOW
    with acme.database.session("acme") as session:
        row = tenants.get(session, "acme")
        entries = [one for one in audit.entries(session, "acme") if one.action in ("promise-broken", "tenant-held")]
    assert row.state is TenantState.ACTIVE
    assert "60 of 1,500 campaigns" in (row.held_message or "")
    assert "1 in 100 was promised" in (row.held_message or "")
    assert [entry.action for entry in entries] == ["promise-broken"]
    live(acme, range(15, 16), 100, 12)
    assert review(acme, "acme") is None, "looking again changes nothing"
    with acme.database.session("acme") as session:
        said = [one for one in audit.entries(session, "acme") if one.action in ("promise-broken", "tenant-held")]
    assert len(said) == 1, "numbers that grow are no other alarm"
    with pytest.raises(ModeRefused, match="refutes the promise"):
        set_mode(acme, "acme", Mode.ALERT, actor="ada", reason="again")


def test_attacks_that_a_person_confirmed_do_not_break_the_promise(acme: Workspace) -> None:
    live(acme, range(10), 20, 3)
    with acme.database.session("acme") as session:
        before = canary_of(session, "acme")
    assert before is not None
    assert before.alarm
    found = [
        Flagged(
            message_key=10 * day + number,
            message_id=f"{day}.{number}@x",
            path="p",
            time=day * 86_400,
            verdict="attack",
            kind="k",
            tail_probability=0.0,
            attribution={"sender": f"{number}@bad.example"},
        )
        for day in range(10)
        for number in range(3)
    ]
    with acme.database.transaction("acme") as session:
        record_live(session, "acme", 1, 1, found)
        for one in found:
            labels.label(
                session, "acme", one.message_key, one.message_id, labels.Verdict.ATTACK, reason="", actor="ada"
            )
        after = canary_of(session, "acme")
    assert after is not None
    assert (after.flagged, after.confirmed, after.alarm) == (0, 30, None)


def test_a_wave_of_attacks_does_not_switch_off_what_catches_it(acme: Workspace) -> None:
    today = int(clock.now().timestamp()) // 86_400
    live(acme, range(today - 9, today), 20, 0)
    live(acme, range(today, today + 1), 20, 12)

    def seen() -> Canary:
        with acme.database.session("acme") as session:
            found = canary_of(session, "acme")
        assert found is not None
        return found

    def say(number: int, verdict: labels.Verdict) -> None:
        one = Flagged(
            message_key=number,
            message_id=f"{number}@x",
            path="p",
            time=today * 86_400 + number,
            verdict="attack",
            kind="k",
            tail_probability=0.0,
            attribution={"sender": f"{number}@bad.example"},
        )
        with acme.database.transaction("acme") as session:
            record_live(session, "acme", 1, 1, [one])
            labels.label(session, "acme", number, one.message_id, verdict, reason="", actor="ada")

    assert (seen().flagged, seen().alarm) == (0, None), "people have today and tomorrow to speak"
    later = clock.now() + timedelta(days=2)
    with clock.use(lambda: later):
        assert seen().alarm, "nobody said that it was an attack"
        for number in range(4):
            say(number, labels.Verdict.ATTACK)
        assert (seen().flagged, seen().campaigns, seen().alarm) == (0, 192, None), (
            "four of twelve: the others are of it"
        )
    say(9, labels.Verdict.SAFE)
    assert seen().flagged == 8, "a complaint is heard at once, and no excuse stands beside it"
    assert seen().alarm


def test_a_tenant_advances_by_itself_only_when_its_policy_says_so(acme: Workspace) -> None:
    live(acme, range(10), 100, 0)
    assert review(acme, "acme") is None
    with acme.database.transaction("acme") as session:
        tenants.change(session, "acme", actor="ada", overrides={AUTO: "alert"})
    assert review(acme, "acme") is not None
    assert mode(acme) is Mode.ALERT
    live(acme, range(10, 30), 100, 0)
    assert review(acme, "acme") is None, "the policy ends at alert"
    with acme.database.transaction("acme") as session:
        tenants.change(session, "acme", actor="ada", overrides={AUTO: "enforce"})
    review(acme, "acme")
    assert mode(acme) is Mode.ENFORCE


def test_another_calibration_begins_its_canary_anew(acme: Workspace) -> None:
    live(acme, range(10), 100, 0)
    with acme.database.transaction("acme") as session:
        token = runs.begin(session, "acme", kind="calibrate", actor="ada")
        promoted(session, certified(session, token, 2))
        seen = canary_of(session, "acme")
    assert seen is not None
    assert (seen.days, seen.campaigns) == (0, 0)


def refreshed(workspace: Workspace) -> None:
    """Another baseline in force under the same calibration, as every night."""
    with workspace.database.transaction("acme") as session:
        token = runs.begin(session, "acme", kind="refresh", actor="gatehouse")
        now = activations.current(session, "acme")
        assert now is not None
        row = versions.record_baseline(
            session,
            token,
            digest=f"b{now.version}",
            folder="f",
            messages=1,
            first_time=1,
            last_time=2,
            facts={},
            engine="e",
        )
        activations.activate(
            session,
            "acme",
            engine="e",
            baseline=row.version,
            calibration=now.calibration,
            mode=now.mode,
            actor="gatehouse",
            reason="baseline refreshed",
            token=token,
        )
        runs.finish(session, token, runs.RunState.COMPLETED)


def test_a_canary_period_goes_on_over_refreshed_baselines(acme: Workspace) -> None:
    for day in range(7):
        live(acme, range(day, day + 1), 50, 0)
        refreshed(acme)
    with acme.database.session("acme") as session:
        assert missing_for(session, "acme", Mode.ALERT) == []


def test_a_refreshed_baseline_mends_no_broken_promise(acme: Workspace) -> None:
    live(acme, range(10), 100, 12)
    review(acme, "acme")
    refreshed(acme)
    with acme.database.session("acme") as session:
        assert tenants.get(session, "acme").held_reason is HoldReason.PROMISE_BROKEN
        seen = canary_of(session, "acme")
    assert seen is not None
    assert seen.alarm is not None


def tried(workspace: Workspace, number: int, *, recall: float = 0.0, valid: bool = True) -> int:
    """One more calibration with its gates, not in force."""
    with workspace.database.transaction("acme") as session:
        token = runs.begin(session, "acme", kind="calibrate", actor="ada")
        version = certified(session, token, number, valid=valid)
        measured = Measured(
            name="rehearsed-recall", measure="m", value=recall, bar="at least 0.15", passed=recall >= 0.15
        )
        gates.record(session, token, [measured], version)
        runs.finish(session, token, RunState.COMPLETED)
    return version


def test_gates_of_a_calibration_that_was_only_tried_forbid_nothing(acme: Workspace) -> None:
    first, second = tried(acme, 2, recall=0.9), tried(acme, 3)
    for version, passed in ((first, True), (second, False)):
        with acme.database.transaction("acme") as session:
            promoted(session, version)
        with acme.database.session("acme") as session:
            assert [gate.passed for gate in gates.latest(session, "acme")] == [passed]


def test_going_back_twice_goes_further_back(acme: Workspace) -> None:
    for number in (2, 3):
        version = tried(acme, number)
        with acme.database.transaction("acme") as session:
            promoted(session, version)
    with acme.database.transaction("acme") as session:
        back = [activations.rollback(session, "acme", actor="ada", reason="test").calibration for _ in range(2)]
        assert back == [2, 1]
        with pytest.raises(activations.ActivationError, match="no other calibration"):
            activations.rollback(session, "acme", actor="ada", reason="test")


def test_a_calibration_that_was_forced_without_a_certificate_acts_on_nothing(acme: Workspace) -> None:
    """Whatever gates say that were measured of another."""
    forced = tried(acme, 2, recall=0.9, valid=False)
    with acme.database.transaction("acme") as session:
        promoted(session, forced)
    with acme.database.session("acme") as session:
        assert any(
            "calibration 2 does not certify its budget" in one for one in missing_for(session, "acme", Mode.ALERT)
        )
        assert missing_for(session, "acme", Mode.SHADOW) == []
