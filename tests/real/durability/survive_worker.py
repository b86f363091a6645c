"""SIGKILL of the Prefect worker of `gatehouse up` in the middle of a run: of it alone, and with the run that it had."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import TENANT, Machine, same_end
from survive_faults import children, reading

Calm = tuple[Any, dict[str, bytes]]
READS = """SELECT count(*) > 0 FROM steps JOIN runs ON runs.id = steps.run
WHERE steps.name = 'ingest' AND steps.state = 'running' AND (SELECT count(*) FROM runs) > {before}"""
ENDED = "SELECT count(*) > {before} FROM runs WHERE kind = 'onboard' AND state = 'completed'"


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Machine]:
    machine = Machine(tmp_path / "home")
    machine.document("up")
    try:
        machine.register()
        yield machine
    finally:
        machine.document("down")


def test_a_killed_prefect_worker_is_started_again_and_its_runs_are_gone_on_with(calm: Calm, station: Machine) -> None:
    worker = hand_over_and_wait(calm, station, share=0.2)
    os.kill(worker, signal.SIGKILL)
    station.wait_for(ENDED.format(before=0), seconds=300)
    print("worker killed alone: the run that it had went on to its end")
    station.reads_on()
    assert station.document("up")["worker"]["pid"] != worker
    same_end(calm, station, station.onboard())

    station.document("tenant", "set", TENANT, "--read-again")
    worker = hand_over_and_wait(calm, station, share=0.4)
    for process in (worker, *children(worker)):
        os.kill(process, signal.SIGKILL)
    killed = time.monotonic()
    station.reads_on()
    before = completed(station)
    assert station.document("up")["worker"]["pid"] != worker
    station.wait_for(ENDED.format(before=before), seconds=400)
    print(f"worker killed with its run: active again {time.monotonic() - killed:.0f} s later, with nobody looking")
    same_end(calm, station, station.onboard())
    assert not station.leftovers()


def hand_over_and_wait(calm: Calm, station: Machine, share: float) -> int:
    """Has the worker onboard the tenant until it has read so much of the mail; gives the worker's process."""
    worker = int(station.document("up")["worker"]["pid"])
    ((runs,),) = station.query("SELECT count(*) FROM runs")
    station.document("onboard", TENANT, "--detach")
    station.wait_for(READS.format(before=runs))
    station.wait_for(reading(calm, share))
    return worker


def completed(station: Machine) -> int:
    ((runs,),) = station.query("SELECT count(*) FROM runs WHERE kind = 'onboard' AND state = 'completed'")
    return int(runs)
