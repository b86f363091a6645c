"""The small server of reports on this machine: started in the background by `gatehouse up`, found again, stopped."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import httpx

from flows import daemon
from flows.daemon import ServerError
from flows.ports import free_port

NAME = "reports"
FIRST_PORT = 4290
START_TIMEOUT_SECONDS = 30.0


def url(home: Path) -> str | None:
    """Where reports of this home can be read; None when no server of them is running."""
    found = daemon.find(home, NAME)
    return f"http://127.0.0.1:{found.told['port']}" if found else None


def start(home: Path, first_port: int = FIRST_PORT) -> str:
    """Starts it, or finds the running one; gives its address. Raises ServerError when it does not answer."""
    found = daemon.find(home, NAME)
    if found is None:
        port = free_port(first_port)
        command = [sys.executable, "-m", "onboarding.report.serve", "--home", str(home), "--port", str(port)]
        found = daemon.spawn(home, NAME, command, {}, {"port": port})
    address = f"http://127.0.0.1:{found.told['port']}"
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not _answers(address):
        if not daemon.alive(found) or time.monotonic() > deadline:
            daemon.stop(home, NAME)
            log = daemon.log_of(home, NAME)
            raise ServerError(f"the server of reports did not start ({daemon.last_words(home, NAME)}): see {log}")
        time.sleep(0.1)
    return address


def stop(home: Path) -> bool:
    """Stops it; False when there was none."""
    return daemon.stop(home, NAME)


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
