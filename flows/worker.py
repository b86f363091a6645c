"""The worker on this machine: a Prefect worker of the process pool, started in the background, found again, stopped."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import httpx

from flows import daemon
from flows.daemon import Daemon, ServerError
from flows.deployments import POOL, POOL_TYPE

NAME = "worker"
START_TIMEOUT_SECONDS = 120.0
GRACE_SECONDS = 10.0
POLL_SECONDS = 2
"""How soon a run that was asked for is noticed."""


def start(home: Path, environment: dict[str, str], api_url: str, at_once: int) -> Daemon:
    """Starts a worker and waits until the server has heard of it; gives the running one when there is one.

    It works on at most `at_once` runs at a time, and has the environment of this process: its GATEHOUSE_* settings are
    those of now. One that is there but works for another server is replaced.

    Raises ServerError when it ends early or is not heard of in time.
    """
    found = daemon.find(home, NAME)
    if found is not None and found.told.get("api_url") != api_url:
        daemon.stop(home, NAME)
        found = None
    if found is None:
        name = f"gatehouse {home.name} {int(time.time())}"
        command = ["prefect", "worker", "start", "--pool", POOL, "--type", POOL_TYPE, "--name", name]
        found = daemon.spawn(
            home,
            NAME,
            [sys.executable, "-m", *command, "--limit", str(at_once)],
            environment
            | {
                "PREFECT_API_URL": api_url,
                "PREFECT_WORKER_QUERY_SECONDS": str(POLL_SECONDS),
                "PREFECT_WORKER_HEARTBEAT_SECONDS": "10",
                # What the steps say at INFO goes to the run's log; here nobody reads a terminal.
                "PREFECT_LOGGING_LEVEL": "INFO",
                "GATEHOUSE_HOME": str(home),
            },
            {"api_url": api_url, "name": name},
        )
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not _heard_of(api_url, str(found.told["name"])):
        log = daemon.log_of(home, NAME)
        if not daemon.alive(found):
            daemon.stop(home, NAME)
            raise ServerError(f"the Prefect worker ended at once ({daemon.last_words(home, NAME)}): see {log}")
        if time.monotonic() > deadline:
            daemon.stop(home, NAME)
            raise ServerError(f"the Prefect worker was not heard of within {START_TIMEOUT_SECONDS:.0f} s: see {log}")
        time.sleep(0.3)
    return found


def running(home: Path) -> Daemon | None:
    """The worker of this home, alive; None when there is none."""
    return daemon.find(home, NAME)


def stop(home: Path) -> bool:
    """Stops it and the runs it works on, which can be resumed; False when there was none."""
    return daemon.stop(home, NAME, patience=GRACE_SECONDS)


def _heard_of(api_url: str, name: str) -> bool:
    try:
        answer = httpx.post(f"{api_url}/work_pools/{POOL}/workers/filter", json={}, timeout=5)
        return answer.status_code == 200 and any(
            one["name"] == name and one["status"] == "ONLINE" for one in answer.json()
        )
    except httpx.HTTPError:
        return False
