"""A month of a small fleet with nobody looking; the quarter of 50 tenants is `python -m benchmarks.quarter`."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.quarter import named, simulate, united
from benchmarks.quarter_mail import Story
from onboarding.settings import Settings
from onboarding.workspace import open_workspace

pytestmark = pytest.mark.slow


def test_a_month_passes_without_a_human_step(tmp_path: Path) -> None:
    fleet = [
        Story(seed=71, history=30, days=30, rate=4, outage=(30, 33), campaign=45),
        Story(seed=72, history=5, days=30, rate=4),
        Story(seed=73, history=30, days=30, rate=4, merger=42, outage=(48, 50)),
    ]
    workspace = open_workspace(Settings(home=tmp_path / "home", parse_workers=0, heartbeat_seconds=60))
    found = simulate(workspace, named(fleet), 30, every=3)
    workspace.database.close()
    assert (found["tenants"], found["active"], found["human_steps"]) == (3, 3, 0), found
    assert found["failures"] == []
    reasons = {one["tenant"]: one["reason"] for one in found["holds"] if one["until"]}
    assert reasons["tenant-00"] == "source-unreachable", found["holds"]
    assert found["counted"]["attacks flagged"] > 0
    assert found["labels_by_owners"] > 0
    assert found["rounds_that_failed"] >= 1, "the outage of an active tenant is seen and gone through"
    twice = united([found, found])
    assert (twice["tenants"], twice["active"], twice["looked"]) == (6, 6, found["looked"])
    assert twice["flag_rate"]["observed"] == found["flag_rate"]["observed"]
    assert sum(twice["modes_over_time"][-1].values()) == 6
