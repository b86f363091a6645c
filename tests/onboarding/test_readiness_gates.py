"""Each gate passes on enough and fails on too little, blocks what it should, and says what to do and when to look again."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from detection.calibration.calibrate import calibrate
from detection.calibration.certificate import Basis
from detection.calibration.walk_forward import Audit, Week
from onboarding import clock
from onboarding.database.mailboxes import Totals
from onboarding.history import History
from onboarding.lifecycle import Mode
from onboarding.parity import LiveSample
from onboarding.readiness import GATES, Evidence, judge

DAY = 86_400


def week(flagged: int) -> Week:
    return Week(first_day=7, basis=Basis.COUNTED, promised=0.01, campaigns=1_000, flagged=flagged, messages=1_000)


@pytest.fixture(scope="module")
def good() -> Evidence:
    """A tenant that passes every gate."""
    n = 1_000
    keys = np.arange(1, n + 1, dtype=np.uint64)
    result = calibrate(
        np.random.default_rng(1).normal(size=(2, n)),
        ("one", "two"),
        keys,
        np.arange(n) % 60,
        np.ones(n, dtype=np.bool_),
        0.01,
        0.05,
        audit=False,
    )
    return Evidence(
        totals=Totals(
            discovered=10,
            ingested=10,
            failed=0,
            listed=n,
            stored=n,
            duplicates=0,
            skipped={},
            first_time=0,
            last_time=60 * DAY,
        ),
        history=History("d", n, 0, 60 * DAY, {}, ()),
        unseen_sender_mass=0.05,
        certificate=result.certificate,
        audit=Audit(weeks=(week(10),)),
        campaigns=n,
        live=LiveSample(messages=200, alike=200, differing=(), median_ms=1.0, slow_ms=3.0),
        rehearsed_recall=1.0,
    )


def test_a_ready_tenant_may_have_every_mode(good: Evidence) -> None:
    readiness = judge(good)
    assert [one.name for one in readiness.measured if not one.passed] == []
    assert readiness.allowed == set(Mode)
    assert readiness.retry_at is None


SHORT = History("d", 1_000, 0, 20 * DAY, {}, ())


@pytest.mark.parametrize(
    ("gate", "change"),
    [
        ("history-span", {"history": SHORT}),
        ("history-volume", {"campaigns": 150}),
        ("sender-maturity", {"unseen_sender_mass": 0.4}),
        ("walk-forward", {"audit": Audit(weeks=(week(40),))}),
        ("walk-forward", {"audit": Audit(weeks=())}),
        ("decision-time", {"live": LiveSample(messages=9, alike=9, differing=(), median_ms=9.0, slow_ms=90.0)}),
        ("rehearsed-recall", {"rehearsed_recall": 0.0}),
    ],
)
def test_a_failed_gate_keeps_the_tenant_in_shadow(good: Evidence, gate: str, change: dict[str, object]) -> None:
    readiness = judge(replace(good, **change))  # type: ignore[arg-type]
    (failed,) = [one for one in readiness.measured if not one.passed]
    assert failed.name == gate
    assert failed.remedy
    assert readiness.allowed == {Mode.OFF, Mode.SHADOW}


def test_a_difference_between_live_and_replay_allows_no_mode(good: Evidence) -> None:
    differs = LiveSample(messages=200, alike=199, differing=("sender_messages",), median_ms=1.0, slow_ms=3.0)
    readiness = judge(replace(good, live=differs))
    (failed,) = [one for one in readiness.measured if not one.passed]
    assert failed.name == "live-parity"
    assert "sender_messages" in failed.remedy
    assert readiness.allowed == {Mode.OFF}


def test_an_audit_within_its_binomial_error_passes(good: Evidence) -> None:
    """15 where 10 were promised happens by chance; 40 does not."""
    judged = {one.name: one for one in judge(replace(good, audit=Audit(weeks=(week(15),)))).measured}
    assert judged["walk-forward"].passed


def test_what_time_cures_is_looked_at_again_on_a_date(good: Evidence) -> None:
    readiness = judge(replace(good, history=SHORT))
    assert readiness.retry_at is not None
    assert abs(readiness.retry_at - clock.now() - timedelta(days=8)) < timedelta(minutes=1)
    (failed,) = [one for one in readiness.measured if not one.passed]
    assert f"{readiness.retry_at:%Y-%m-%d}" in failed.remedy


def test_nothing_measured_at_all_is_said_and_not_passed(good: Evidence) -> None:
    """An empty tenant: no gate may divide by its absence."""
    empty = replace(
        good,
        totals=Totals(
            discovered=0,
            ingested=0,
            failed=0,
            listed=0,
            stored=0,
            duplicates=0,
            skipped={},
            first_time=None,
            last_time=None,
        ),
        history=History("d", 0, None, None, {}, ()),
        unseen_sender_mass=1.0,
        audit=Audit(weeks=()),
        campaigns=0,
        live=LiveSample(messages=0, alike=0, differing=(), median_ms=0.0, slow_ms=0.0),
    )
    readiness = judge(empty)
    assert readiness.allowed == {Mode.OFF}
    assert all(one.remedy for one in readiness.measured if not one.passed)


def test_gates_have_names_of_their_own_and_block_something() -> None:
    assert len({gate.name for gate in GATES}) == len(GATES)
    assert all(gate.blocks for gate in GATES)
