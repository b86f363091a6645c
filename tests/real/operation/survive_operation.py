"""`gatehouse up` as a user has it: a run handed over, cancelled in the UI, crashed, gone on with; and `gatehouse down`."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.sources.simulated.source import SimulatedSource

COMMAND = str(Path(sys.executable).with_name("gatehouse"))
SOURCE = "simulated:seed=5,mailboxes=16,days=90,rate=16"


class Station:
    """A home with everything of `gatehouse up` running."""

    def __init__(self, home: Path) -> None:
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
        self.environment["GATEHOUSE_HOME"] = str(home)
        self.home = home
        self.api = ""

    def run(self, *arguments: str, code: int = 0) -> Any:
        """The JSON document of a command."""
        done = subprocess.run(
            [COMMAND, *arguments, "--json"], env=self.environment, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == code, f"{arguments} ended with {done.returncode}:\n{done.stderr}\n{done.stdout}"
        return json.loads(done.stdout)

    def state(self, flow_run: str) -> str:
        """Name of the state of a flow run."""
        return str(httpx.get(f"{self.api}/flow_runs/{flow_run}", timeout=30).json()["state"]["name"])

    def wait(self, what: str, seconds: float, until: Any) -> float:
        """Seconds until it is so. Fails when it takes longer than it may."""
        begun = time.monotonic()
        while not until():
            assert time.monotonic() - begun < seconds, f"not within {seconds:.0f} s: {what}"
            time.sleep(0.3)
        return time.monotonic() - begun

    def newest_run(self) -> dict[str, Any]:
        """The tenant's newest run, by our own database."""
        return dict(self.run("status", "acme")["run"] or {"state": "none"})

    def begun(self) -> bool:
        """Whether mail is being read."""
        status = self.run("status", "acme")
        return bool(status["run"]) and status["run"]["state"] == "running" and status["messages"]["listed"] > 0


@pytest.fixture(scope="module")
def station(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Station]:
    station = Station(tmp_path_factory.mktemp("up") / "home")
    try:
        station.api = station.run("up")["prefect_api"]
        station.run("tenant", "add", "acme", "--domain", SimulatedSource(SOURCE).domains[0], "--source", SOURCE)
        yield station
    finally:
        subprocess.run([COMMAND, "down"], env=station.environment, capture_output=True, timeout=120)


def test_up_again_starts_nothing_twice(station: Station) -> None:
    first = station.run("up")
    assert station.run("up") == first
    names = [one["name"] for one in httpx.post(f"{station.api}/automations/filter", json={}, timeout=30).json()]
    assert len(names) == len(set(names)) == 2


def test_what_has_a_schedule_is_scheduled(station: Station) -> None:
    """Prefect's scheduler fails silently with an SQLAlchemy that it does not know: only its server's log says so."""

    def scheduled() -> set[str]:
        runs = httpx.post(f"{station.api}/flow_runs/filter", json={}, timeout=30).json()
        return {run["deployment_id"] for run in runs if run["auto_scheduled"]}

    deployments = httpx.post(f"{station.api}/deployments/filter", json={}, timeout=30).json()
    wanted = {one["id"] for one in deployments if one["schedules"]}
    assert len(wanted) == 4
    station.wait("the scheduler has looked", 120, lambda: scheduled() == wanted)


def test_a_wrong_value_is_refused_before_a_run_exists(station: Station) -> None:
    deployment = httpx.get(f"{station.api}/deployments/name/onboard-tenant/onboard-tenant", timeout=30).json()["id"]
    answer = httpx.post(
        f"{station.api}/deployments/{deployment}/create_flow_run",
        json={"parameters": {"request": {"tenant": "acme", "until": "never"}}},
        timeout=30,
    )
    assert answer.status_code == 409
    assert "'never' is not one of" in answer.json()["detail"]
    asked = httpx.post(f"{station.api}/flow_runs/filter", json={}, timeout=30).json()
    assert not [run for run in asked if not run["auto_scheduled"]]


def test_cancelled_crashed_and_gone_on_with_it_ends_active(station: Station) -> None:
    handed = station.run("onboard", "acme", "--detach")
    again = station.run("onboard", "acme", "--detach") if not station.begun() else None
    assert again is None or (again["joined"] and again["flow_run"] == handed["flow_run"])
    station.wait("mail is read", 120, station.begun)
    refused = station.run("onboard", "acme", code=1)
    assert "is being worked on by onboard run" in refused["error"]

    httpx.post(
        f"{station.api}/flow_runs/{handed['flow_run']}/set_state", json={"state": {"type": "CANCELLING"}}, timeout=30
    ).raise_for_status()
    stopped = station.wait("our run is cancelled", 15, lambda: station.newest_run()["state"] == "cancelled")
    station.wait("Prefect says so", 60, lambda: station.state(handed["flow_run"]) == "Cancelled")
    mail = station.run("status", "acme")["messages"]
    assert mail["listed"] == mail["stored"] + mail["duplicates"] + sum(mail["skipped"].values())
    print(f"cancelled within {stopped:.1f} s")

    second = station.run("onboard", "acme", "--detach")
    station.wait("mail is read again", 120, station.begun)
    os.kill(_process(station), signal.SIGKILL)
    station.wait("Prefect has seen the crash", 60, lambda: station.state(second["flow_run"]) == "Crashed")
    station.wait("it is gone on with and ends", 300, lambda: station.run("status", "acme")["state"] == "active")
    mail = station.run("status", "acme")["messages"]
    assert mail["listed"] == mail["stored"] + mail["duplicates"] + sum(mail["skipped"].values())
    assert mail["listed"] > 0
    page = httpx.get(f"{station.run('up')['reports']}/acme/", timeout=30)
    assert "Onboarding of acme" in page.text


def test_down_ends_everything_also_what_is_half_started(station: Station) -> None:
    port = int(station.api.rpartition(":")[2].partition("/")[0])
    assert set(station.run("down")["stopped"]) == {"worker", "reports", "server"}
    assert station.run("down") == {"stopped": []}
    with closing(socket.socket()) as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    starting = subprocess.Popen(
        [COMMAND, "up"], env=station.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    state = station.home / "prefect" / "gatehouse-server.json"
    station.wait("the server is begun", 60, state.exists)
    starting.kill()
    starting.wait()
    assert station.run("down")["stopped"] == ["server"]


def _process(station: Station) -> int:
    from onboarding.database import runs
    from onboarding.database.connection import Database

    with Database(f"sqlite:///{station.home / 'gatehouse.db'}").session("acme") as session:
        newest = runs.latest(session, "acme")
    assert newest is not None
    return newest.pid
