"""Refusals of requests that were under way together are one refusal."""

from __future__ import annotations

from pathlib import Path

from onboarding.sources.network.pacing import Allowance, SharedPace


def test_refusals_of_requests_under_way_together_are_one_strike(tmp_path: Path) -> None:
    now = [100.0]
    pace = SharedPace(tmp_path / "one.pace", Allowance(100, 60.0), lambda: now[0])
    for _ in range(8):
        pace.refused(2.0)
    assert pace.strikes() == 1
    now[0] += 3.0
    for _ in range(8):
        pace.refused(2.0)
    assert pace.strikes() == 2
    pace.accepted()
    assert pace.strikes() == 0
