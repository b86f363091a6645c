"""Calibrating again: seconds, no mail, only what changed; compared before it is promoted; promoted only with a reason."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from tenants_at_hand import SMALL, onboard, register

from detection.engine import Engine
from onboarding import baseline, clock, scores
from onboarding.cli import main
from onboarding.compare import compare
from onboarding.database import audit, decisions, versions
from onboarding.database.activations import Activation, ActivationError
from onboarding.feedback import give_feedback
from onboarding.history import open_history
from onboarding.lending import FEWEST_LENDERS, lent_to
from onboarding.lifecycle import Mode
from onboarding.lookup import UnknownMessageError
from onboarding.parity import live_sample
from onboarding.recalibrate import _taken_out, attempt, promote, recalibrate, recalibrate_all
from onboarding.registration import change_tenant
from onboarding.settings import Settings
from onboarding.tuning import import_tuning
from onboarding.workspace import Workspace, open_workspace

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def active(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A home with one tenant, `acme`, active in shadow; the tests below go on from each other's calibrations."""
    home = tmp_path_factory.mktemp("recalibration") / "home"
    workspace = open_workspace(Settings(home=home, parse_workers=0, heartbeat_seconds=60))
    register(workspace, "acme", SMALL)
    assert onboard(workspace, "acme")["state"] == "active"
    yield workspace
    workspace.database.close()


def gatehouse(workspace: Workspace, *arguments: str, given: str | None = None) -> Result:
    environment = {"GATEHOUSE_HOME": str(workspace.home), "GATEHOUSE_DATABASE_URL": ""}
    return CliRunner().invoke(main, arguments, env=environment, input=given)


def latest(workspace: Workspace) -> int:
    return int(recalibrate(workspace, "acme")["calibration"]["version"])


class Later(Engine):
    """This engine under another name, as after a change of its sources."""

    __slots__ = ()

    @property
    def version(self) -> str:
        return "later"


def test_a_rerun_makes_nothing_that_is_there(active: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("made again although nothing changed")

    for name in ("consolidate", "replay", "put_at_rest", "read_history"):
        monkeypatch.setattr(baseline, name, refuse)
    assert recalibrate(active, "acme")["calibration"]["version"] == 1


def test_a_memory_that_is_lost_costs_time_and_nothing_else(active: Workspace) -> None:
    active.layout("acme").made.write_text("{broken")
    again = recalibrate(active, "acme")
    assert (again["baseline"], again["calibration"]["version"]) == (1, 1)
    assert json.loads(active.layout("acme").made.read_text())["baselines"]


def test_a_changed_detector_is_computed_alone_from_stored_signals(
    active: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout, real = active.layout("acme"), dict(scores.detector_versions())
    digest = open_history(layout).digest
    stored = scores.read(scores.path_of(layout, digest, Engine().version))
    monkeypatch.setattr(scores, "detector_versions", lambda: real | {"gift_card": "changed"})
    assert scores.rescore(layout, digest, Later()) == ("gift_card",)
    path = scores.path_of(layout, digest, "later")
    again = scores.read(path)
    assert np.array_equal(again.scores, stored.scores)
    assert again.detectors == stored.detectors
    assert np.array_equal(again.campaigns, stored.campaigns)
    monkeypatch.setattr(scores, "signals_version", lambda: "another")
    assert scores.rescore(layout, digest, Later()) is None, "changed signals need the columns"
    path.unlink()


def test_columns_of_another_parser_are_said_to_need_the_mail(
    active: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onboarding import recalibrate as module

    assert recalibrate(active, "acme")["columns"]["note"] is None
    monkeypatch.setattr(module, "columns_version", lambda: "another")
    note = recalibrate(active, "acme")["columns"]["note"]
    assert "read by another version of the parser" in note
    assert "--read-again" in note


def test_live_scoring_of_the_last_messages_equals_the_replay(active: Workspace) -> None:
    from onboarding.baseline import READ
    from onboarding.calibrate import read_calibration
    from onboarding.history import read_history

    layout = active.layout("acme")
    sample = live_sample(
        layout, open_history(layout), read_history(layout, READ), read_calibration(active, "acme", 1), 40
    )
    assert sample.messages >= 40
    assert (sample.alike, sample.differing) == (sample.messages, ())
    assert 0 < sample.median_ms <= sample.slow_ms


def test_a_larger_budget_is_compared_threshold_by_threshold_and_over_history(active: Workspace) -> None:
    change_tenant(active, "acme", actor="test", alpha=0.05)
    new = latest(active)
    found = compare(active, "acme", 1, new)
    history = found["history"]
    assert history["newly_flagged"]["messages"] > 0
    assert history["no_longer_flagged"]["messages"] == 0
    assert sum(history["newly_flagged"]["by_week"].values()) == history["newly_flagged"]["messages"]
    assert history["flagged_after"] - history["flagged_before"] == history["newly_flagged"]["messages"]
    for example in history["newly_flagged"]["strongest"]:
        assert example["reasons"]
    lower = [
        d for d in found["detectors"] if (d["after"]["attack_score"] or 1e9) < (d["before"]["attack_score"] or 1e9)
    ]
    assert len(lower) > 5
    everything = found["rehearsal"]["all"]
    assert everything["caught_after"] >= everything["caught_before"]
    back = compare(active, "acme", new, 1)["history"]
    assert back["no_longer_flagged"]["messages"] == history["newly_flagged"]["messages"]
    told = gatehouse(active, "calibrations", "diff", "acme", "1", str(new))
    assert told.exit_code == 0, told.output
    assert "newly flagged" in told.output
    assert json.loads(gatehouse(active, "calibrations", "diff", "acme", "1", str(new), "--json").stdout) == json.loads(
        json.dumps(found)
    )


def test_calibrations_of_different_engines_are_compared_by_threshold_only(
    active: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from onboarding import compare as module

    def gone(*_: Any) -> Path:
        return Path("/nowhere")

    monkeypatch.setattr(module.scores, "path_of", gone)
    found = compare(active, "acme", 1, 1)
    assert found["history"] is None
    assert "no scores of engine" in found["missing"][0]
    assert len(found["detectors"]) == len(Engine().detectors)


def test_a_value_set_by_a_person_survives_recalibration_until_it_is_cleared(active: Workspace) -> None:
    import_tuning(
        active, "t", "[detectors.gift_card]\nweight = 0.4\n[detectors.callback]\nenabled = false\n", "acme", actor="ada"
    )
    first = recalibrate(active, "acme")["calibration"]
    change_tenant(active, "acme", actor="test", alpha=0.04)
    second = recalibrate(active, "acme")["calibration"]
    assert second["version"] > first["version"]
    weights = {one["detector"]: one["weight"] for one in second["detectors"]}
    assert (weights["gift_card"], weights["callback"]) == (0.4, 0.0)
    import_tuning(active, "t", "", "acme", actor="ada")
    cleared = recalibrate(active, "acme")["calibration"]["detectors"]
    assert next(one["weight"] for one in cleared if one["detector"] == "callback") > 0


def test_a_wrong_tuning_file_is_wrong_usage_with_its_place(active: Workspace) -> None:
    result = gatehouse(active, "detectors", "import", "-", "acme", given="[detectors.gift_card]\nweigth = 1\n")
    assert result.exit_code == 2
    assert "line 2, detectors.gift_card.weigth" in result.stderr
    exported = gatehouse(active, "detectors", "export", "acme").stdout
    assert gatehouse(active, "detectors", "import", "-", "acme", given=exported).exit_code == 0


def test_a_label_takes_a_message_out_of_calibration(active: Workspace) -> None:
    before = recalibrate(active, "acme")["calibration"]
    with active.database.session("acme") as session:
        found = decisions.findings(session, "acme", before["version"])
    give_feedback(active, "acme", f"<{found[0].message_id}>", "attack", reason="it was one", actor="ada")
    after = recalibrate(active, "acme")["calibration"]
    assert after["excluded_as_known_bad"] == before["excluded_as_known_bad"] + 1
    give_feedback(active, "acme", found[0].message_id, "safe", reason="it was not", actor="ada")
    assert recalibrate(active, "acme")["calibration"]["excluded_as_known_bad"] == before["excluded_as_known_bad"]
    with pytest.raises(UnknownMessageError):
        give_feedback(active, "acme", "nobody@nowhere", "safe", reason="", actor="ada")


def test_promotion_without_a_certificate_needs_force_and_a_reason(active: Workspace) -> None:
    change_tenant(active, "acme", actor="test", alpha=1e-6)
    version = str(latest(active))
    refused = gatehouse(active, "calibrations", "promote", "acme", version)
    assert refused.exit_code == 1
    assert "does not certify" in refused.stderr
    assert gatehouse(active, "calibrations", "promote", "acme", version, "--force").exit_code == 2
    forced = gatehouse(active, "calibrations", "promote", "acme", version, "--force", "--reason", "a drill")
    assert forced.exit_code == 0, forced.output
    log = json.loads(gatehouse(active, "audit", "acme", "--json").stdout)
    assert [entry["action"] for entry in log[:2]] == ["activated", "promotion-forced"]
    assert log[1]["detail"]["reason"] == "a drill"
    assert json.loads(gatehouse(active, "calibrations", "rollback", "acme", "--json").stdout)["calibration"] == 1
    assert gatehouse(active, "audit", "nobody").exit_code == 1


def test_only_a_better_calibration_promotes_itself(active: Workspace) -> None:
    change_tenant(active, "acme", actor="test", alpha=1e-6)
    worse = recalibrate(active, "acme", promote_if_better=True)
    assert not worse["promoted"]
    assert "certificate" in [one["name"] for one in worse["criteria"] if not one["met"]]
    change_tenant(active, "acme", actor="test", alpha=0.02)
    better = recalibrate(active, "acme", promote_if_better=True)
    assert better["promoted"] == all(one["met"] for one in better["criteria"])
    if better["promoted"]:
        assert better["in_force"] == better["calibration"]["version"]


def test_a_fleet_goes_on_past_a_tenant_that_cannot_be_calibrated(active: Workspace) -> None:
    register(active, "new", "simulated:seed=3,mailboxes=10,days=60,rate=12")
    outcomes = {one["tenant"]: one["outcome"] for one in recalibrate_all(active, ["new", "acme"])}
    assert outcomes == {"new": "not-onboarded", "acme": "made"}
    assert attempt(active, "nobody", promote_if_better=False)["outcome"] == "failed"
    assert gatehouse(active, "calibrate", "--tag", "gold").exit_code == 1
    assert gatehouse(active, "calibrate").exit_code == 2
    assert gatehouse(active, "calibrate", "acme", "--all").exit_code == 2


def test_few_tenants_lend_nothing(active: Workspace) -> None:
    """A mean over fewer would be somebody's own numbers."""
    assert FEWEST_LENDERS > 1
    assert lent_to(active, "somebody-else", Engine().version) is None
    with active.database.session("acme") as session:
        assert audit.entries(session, "acme")


def activation(version: int, calibration: int, actor: str) -> Activation:
    return Activation(
        tenant="acme",
        version=version,
        engine="e",
        baseline=1,
        calibration=calibration,
        mode=Mode.SHADOW,
        since=clock.now(),
        actor=actor,
        reason="",
    )


@pytest.mark.parametrize(
    ("history", "refused"),
    [
        ([(1, "ada"), (2, "gatehouse"), (1, "ada")], True),  # rolled back from 2
        ([(1, "ada"), (2, "gatehouse"), (1, "ada"), (1, "gatehouse"), (3, "gatehouse")], True),
        ([(1, "ada"), (2, "gatehouse"), (1, "ada"), (2, "ada"), (3, "gatehouse")], False),
        ([(1, "ada"), (2, "gatehouse"), (3, "gatehouse")], False),
        ([(1, "ada")], False),
    ],
)
def test_what_a_person_took_out_of_force_does_not_come_back_by_itself(
    history: list[tuple[int, str]], refused: bool
) -> None:
    rows = [activation(at, calibration, actor) for at, (calibration, actor) in enumerate(history, 1)]
    assert (_taken_out(rows[::-1], 2) is not None) == refused


def test_a_calibration_whose_baseline_is_gone_is_not_put_in_force(active: Workspace) -> None:
    version = latest(active)
    with active.database.session("acme") as session:
        row = versions.calibration(session, "acme", version)
    assert row is not None
    folder = active.layout("acme").baseline(row.baseline)
    folder.rename(folder.with_name("away"))
    try:
        with pytest.raises(ActivationError, match="is not kept any more"):
            promote(active, "acme", version, actor="ada", force=True, reason="try")
    finally:
        folder.with_name("away").rename(folder)
