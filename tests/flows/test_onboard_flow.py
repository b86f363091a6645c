"""The flow as users run it: by the command line, seen in Prefect."""

from __future__ import annotations

import re

import httpx
import pytest
from command_line import Gatehouse

pytestmark = pytest.mark.slow

SMALL = "simulated:seed=11,mailboxes=10,days=60,rate=8"


def test_the_command_runs_the_flow_and_prefect_shows_it(gatehouse: Gatehouse, prefect_api: str) -> None:
    added = gatehouse.document("tenant", "add", "flow-test", "--domain", "acme.example", "--source", SMALL)
    assert added["state"] == "registered"
    held = gatehouse.document("onboard", "flow-test", code=3)
    assert held["held_reason"] == "no-own-domain-seen"
    domain = _own_domain()
    gatehouse.run("tenant", "set", "flow-test", "--domain", domain)
    outcome = gatehouse.document("onboard", "flow-test")
    assert (outcome["state"], outcome["mode"]) == ("active", "shadow")
    mail = outcome["messages"]
    assert mail["listed"] == mail["stored"] + mail["duplicates"] + sum(mail["skipped"].values())

    with httpx.Client(base_url=prefect_api, timeout=30) as client:
        runs = client.post("/flow_runs/filter", json={}).raise_for_status().json()
        mine = [run for run in runs if run["name"] == "onboard flow-test"]
        assert {run["state_name"] for run in mine} == {"Completed", "Held"}
        assert {"onboarding", "tenant:flow-test"} <= set(mine[0]["tags"])
        done = next(run for run in mine if run["state_name"] == "Completed")
        tasks = (
            client.post("/task_runs/filter", json={"flow_runs": {"id": {"any_": [done["id"]]}}})
            .raise_for_status()
            .json()
        )
        names = {task["name"] for task in tasks}
        assert {"connect flow-test", "baseline flow-test", "activate flow-test"} <= names
        shards = [name for name in names if name.startswith("ingest ")]
        assert 1 < len(shards) < 10
        assert sum(1 + int((re.findall(r" and (\d+) more", name) or ["0"])[0]) for name in shards) == 10
        artifacts = client.post("/artifacts/filter", json={}).raise_for_status().json()
        keys = {artifact["key"] for artifact in artifacts if artifact["flow_run_id"] == done["id"]}
        assert {"flow-test-ingest", "flow-test-outcome"} <= keys

    status = gatehouse.document("status", "flow-test")
    assert [step["state"] for step in status["steps"]] == ["completed"] * 7
    assert gatehouse.document("status")[0]["tenant"] == "flow-test"


def _own_domain() -> str:
    from onboarding.sources.simulated.source import SimulatedSource

    return SimulatedSource(SMALL).domains[0]
