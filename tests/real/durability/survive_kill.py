"""SIGKILL of the flow's process at 20 random moments, its worker processes with it."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable
from typing import Any

from machine import TENANT, Machine, kill, same_end

KILLS = int(os.environ.get("GATEHOUSE_TEST_KILLS", "20"))
SEED = int(os.environ.get("GATEHOUSE_TEST_SEED", "20260105"))


def test_killed_at_random_moments(calm: tuple[Any, dict[str, bytes]], new_machine: Callable[..., Machine]) -> None:
    """Each kill falls somewhere in the work; when it is all done, the tenant's mail is read anew and the killing goes on."""
    machine, chance = new_machine(), random.Random(SEED)
    length = sum(calm[0]["seconds"].values())
    fell, ends, runs = [], 0, 0
    while len(fell) < KILLS:
        process = machine.start("onboard", TENANT, "--json")
        runs += 1
        machine.wait_for(f"SELECT count(*) >= {runs} FROM runs WHERE kind = 'onboard'")
        until = time.monotonic() + chance.uniform(0.0, length)
        while process.poll() is None and time.monotonic() < until:
            time.sleep(0.01)
        if process.poll() is None:
            step = machine.query("SELECT name FROM steps ORDER BY started_at DESC LIMIT 1")
            kill(process)
            fell.append(step[0][0] if step else "begin")
            machine.reads_on()
            continue
        out, err = process.communicate()
        assert process.returncode == 0, err
        same_end(calm, machine, json.loads(out))
        ends += 1
        machine.document("tenant", "set", TENANT, "--read-again")
    print(f"{KILLS} kills, in { ({step: fell.count(step) for step in fell}) }; {ends} whole rounds between them")
    assert len(set(fell)) >= 3, f"the kills fell into {set(fell)} only"
    outcome = machine.onboard()
    same_end(calm, machine, outcome)
    assert not machine.leftovers()
