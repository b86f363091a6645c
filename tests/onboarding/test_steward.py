"""What is due at a tenant, and that doing it twice does nothing more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tenants_at_hand import onboard

from onboarding import clock
from onboarding.database import tenants
from onboarding.holds import HoldReason
from onboarding.lifecycle import Mode, TenantState
from onboarding.live.metrics import exposition, metrics
from onboarding.policy import CANARY
from onboarding.settings import Settings
from onboarding.sources.eml import EmlTree
from onboarding.steward import Due, Duty, Standing, due, look_after
from onboarding.workspace import Workspace, open_workspace

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ACTIVE = Standing(state=TenantState.ACTIVE, mode=Mode.SHADOW, baseline_at=NOW - 2 * DAY, calibration_at=NOW - 2 * DAY)
HELD = Standing(
    state=TenantState.HELD,
    mode=Mode.OFF,
    held_reason=HoldReason.TOO_LITTLE_HISTORY,
    held_since=NOW - 2 * HOUR,
    last_run_at=NOW - 2 * HOUR,
    runs_held=1,
)


def duties(standing: Standing) -> list[Duty]:
    return [one.duty for one in due(standing, NOW)]


def why(standing: Standing, duty: Duty) -> str:
    return next(one.why for one in due(standing, NOW) if one.duty is duty)


def test_an_active_tenant_with_nothing_new_is_counted_and_tidied() -> None:
    assert duties(ACTIVE) == [Duty.COUNT, Duty.RETIRE]


@pytest.mark.parametrize("state", [TenantState.REGISTERED, TenantState.ONBOARDING, TenantState.DEACTIVATED])
def test_other_states_are_left_alone(state: TenantState) -> None:
    assert due(replace(ACTIVE, state=state), NOW) == []


def test_live_mail_is_merged_once_a_day() -> None:
    assert Duty.REFRESH in duties(replace(ACTIVE, unfolded=3))
    assert Duty.REFRESH not in duties(replace(ACTIVE, unfolded=3, refreshed_at=NOW - HOUR))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"held_reason": HoldReason.PROMISE_BROKEN}, "refuted the promise"),
        ({"labels_since": 4, "calibration_at": NOW - 22 * DAY}, "4 labels"),
        ({"drift": "strangers write more", "calibration_at": NOW - 8 * DAY}, "strangers write more"),
        ({"retry_at": NOW - HOUR}, "time may have cured a gate"),
        ({"calibration_at": NOW - 31 * DAY}, "30 days have passed"),
    ],
)
def test_what_asks_for_a_new_calibration(change: dict[str, object], said: str) -> None:
    asking = replace(ACTIVE, **change)
    assert said in why(asking, Duty.RECALIBRATE)
    assert Duty.RECALIBRATE not in duties(replace(asking, calibration_at=NOW - HOUR)), "one a day at most"


def test_labels_do_not_begin_a_canary_anew_before_it_can_end() -> None:
    longest = max(timedelta(days=period.days) for period in CANARY.values())
    assert Duty.RECALIBRATE not in duties(replace(ACTIVE, labels_since=9, calibration_at=NOW - longest - 2 * DAY))


def test_a_gate_that_was_looked_at_again_after_its_date_waits_for_the_next() -> None:
    assert Duty.RECALIBRATE not in duties(replace(ACTIVE, retry_at=NOW - 3 * DAY))


def test_a_held_tenant_is_tried_again_ever_more_rarely() -> None:
    assert due(HELD, NOW) == [Due(Duty.RESUME, "held as too-little-history: tried again after 1 hours")]
    assert due(replace(HELD, runs_held=3), NOW) == []
    assert duties(replace(HELD, runs_held=3, last_run_at=NOW - 5 * HOUR, held_since=NOW - 5 * HOUR)) == [Duty.RESUME]
    long_ago = NOW - 8 * DAY
    assert duties(replace(HELD, runs_held=99, last_run_at=long_ago, held_since=long_ago)) == [Duty.RESUME]


def test_a_held_tenant_is_tried_again_on_its_date() -> None:
    assert duties(replace(HELD, runs_held=9, retry_at=NOW)) == [Duty.RESUME]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Workspace]:
    """A home with tenant acme, whose mail is not there yet."""
    workspace = open_workspace(Settings(home=tmp_path / "home", parse_workers=0, heartbeat_seconds=60))
    with workspace.database.transaction("acme") as session:
        tenants.add(
            session,
            "acme",
            domains=["acme.example"],
            source=EmlTree(str(tmp_path / "mail")).uri,
            alpha=0.05,
            delta=0.2,
            lookback_days=None,
            actor="test",
        )
    yield workspace
    workspace.database.close()


def write_mail(root: Path) -> None:
    start = int(clock.now().timestamp()) - 60 * 86_400
    for day in range(60):
        for number in range(4):
            at = datetime.fromtimestamp(start + day * 86_400 + number * 60, UTC)
            path = root / "ann" / "inbox" / f"{day:03d}-{number}.eml"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(
                f"From: P <p{number}@partner.example>\nTo: ann@acme.example\nSubject: note {day} {number}\n"
                f"Date: {at:%a, %d %b %Y %H:%M:%S} +0000\nMessage-ID: <{day}.{number}@x.example>\n\nhello {day}\n"
            )


def test_a_tenant_held_for_its_source_goes_on_once_it_is_there_and_not_before(small: Workspace, tmp_path: Path) -> None:
    assert onboard(small, "acme")["state"] == "held"
    tried: list[str] = []

    def again(tenant: str) -> None:
        tried.append(tenant)
        onboard(small, tenant)

    later = clock.now() + 2 * HOUR
    with clock.use(lambda: later):
        (done,) = look_after(small, "acme", again)
        assert (done.duty, done.outcome, tried) == (Duty.RESUME, "nothing", [])
        write_mail(tmp_path / "mail")
        (done,) = look_after(small, "acme", again)
    assert (done.outcome, tried) == ("done", ["acme"]), done
    assert "active" in done.said
    again_done = look_after(small, "acme", again)
    assert {one.outcome for one in again_done} == {"nothing"}, again_done
    assert tried == ["acme"]


def test_metrics_of_a_tenant_without_live_mail_say_so(small: Workspace, tmp_path: Path) -> None:
    write_mail(tmp_path / "mail")
    assert onboard(small, "acme")["state"] == "active"
    found = metrics(small, "acme")
    assert (found["messages"], found["precision"]["value"], found["seconds_to_decide"]) == (0, None, {})
    assert found["flag_rate"]["promised"] is not None
    text = exposition({"acme": found})
    assert 'gatehouse_messages{tenant="acme"} 0' in text
    assert "online_precision{" not in text
    shutil.rmtree(tmp_path / "mail")
