"""Killed at random moments, or told to stop, onboarding goes on, loses nothing, doubles nothing, and ends the same."""

from __future__ import annotations

import os
import random
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from command_line import Gatehouse

from onboarding.sources.simulated.source import SimulatedSource

pytestmark = pytest.mark.slow

SOURCE = "simulated:seed=3,mailboxes=6,days=45,rate=12"

MOMENTS = ("ingest 0.2", "ingest 0.6", "baseline", "calibrate", "readiness")
"""In which part of the run to kill: when so much of the mail has been read, or when that step has begun."""

TOLD = "ingest 0.6"
"""There it is told with SIGTERM, as a service manager tells a whole process group; elsewhere it is killed with SIGKILL."""


def test_killed_at_random_moments_it_ends_as_if_undisturbed(gatehouse: Gatehouse) -> None:
    domain = SimulatedSource(SOURCE).domains[0]
    for name in ("calm", "killed"):
        gatehouse.run("tenant", "add", name, "--domain", domain, "--source", SOURCE, "--budget", "0.01")
    calm = gatehouse.document("onboard", "calm")
    assert calm["messages"]["duplicates_known"]

    delays = random.Random(20260105)
    kills_in_ingest = 0
    for number, moment in enumerate(MOMENTS, start=1):
        process = gatehouse.start("onboard", "killed")
        _wait_for(gatehouse.home, number, moment, calm["messages"]["listed"])
        time.sleep(delays.uniform(0.0, 0.3))
        os.killpg(process.pid, signal.SIGTERM if moment == TOLD else signal.SIGKILL)
        _, said = process.communicate(timeout=60)
        status = gatehouse.document("status", "killed")
        mail = status["messages"]
        assert mail["listed"] == mail["stored"] + mail["duplicates"] + sum(mail["skipped"].values())
        if moment == TOLD:
            assert process.returncode == 143
            assert "Traceback" not in said, said
            assert "was killed" not in said, said
            assert said.splitlines()[-1] == "gatehouse: stopped; the same command goes on from here"
            assert status["run"]["state"] == "cancelled"
        assert mail["duplicates_known"] <= (moment in ("calibrate", "readiness")), "not before the baseline is made"
        kills_in_ingest += 0 < mail["listed"] < calm["messages"]["listed"]
    assert kills_in_ingest, "no kill fell into ingest: the test shows too little"
    killed = gatehouse.document("onboard", "killed")

    for part in ("state", "mode", "messages", "mailboxes", "history", "calibration", "findings"):
        assert killed[part] == calm[part], part
    assert _bytes(gatehouse.home, "killed") == _bytes(gatehouse.home, "calm")


def _wait_for(home: Path, run: int, moment: str, messages: int) -> None:
    """Until the tenant's `run`-th run has come to the moment, or past it."""
    step, _, share = moment.partition(" ")
    until = time.monotonic() + 120
    while time.monotonic() < until:
        with closing(sqlite3.connect(f"file:{home / 'gatehouse.db'}?mode=ro", uri=True)) as database:
            (begun,) = database.execute("SELECT count(*) FROM runs WHERE tenant = 'killed'").fetchone()
            (listed,) = database.execute("SELECT sum(listed) FROM mailboxes WHERE tenant = 'killed'").fetchone()
            steps = database.execute(
                "SELECT name FROM steps JOIN runs ON runs.id = steps.run WHERE runs.tenant = 'killed' AND runs.token = ?",
                (run,),
            ).fetchall()
        if begun >= run and (step,) in steps and (listed or 0) >= float(share or 0) * messages:
            return
        time.sleep(0.02)
    raise AssertionError(f"run {run} did not come to {moment} within two minutes")


def _bytes(home: Path, tenant: str) -> dict[str, Any]:
    """What was learned, to the byte. The version may differ: one that a kill left without a record is made again."""
    root = home / "tenants" / tenant
    newest = max((root / "baselines").glob("*/facts.bin"), key=lambda path: int(path.parent.name))
    calibration = max((root / "calibrations").glob("*.json"), key=lambda path: int(path.stem))
    return {
        "history": (root / "history" / "history.json").read_bytes(),
        "facts": newest.read_bytes(),
        "calibration": calibration.read_bytes(),
        "leftovers": sorted(path.name for path in (root / "mail").rglob(".*")),
    }
