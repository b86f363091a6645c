"""The Prefect server on this machine: started in the background, found again, stopped. Imports no Prefect, so it is fast.

A server counts as running when its process lives and answers its health check.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import httpx

from flows import daemon
from flows.daemon import Daemon, ServerError
from flows.ports import free_port

FIRST_PORT = 4200
START_TIMEOUT_SECONDS = 180.0
NAME = "server"

__all__ = ["ServerAddress", "ServerError", "running", "running_api_url", "start", "stop"]


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """A server that was started here."""

    pid: int
    port: int

    @property
    def ui_url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def api_url(self) -> str:
        return f"{self.ui_url}/api"


def running_api_url(home: Path) -> str | None:
    """The API address of the server running in this home, or None."""
    address = running(home)
    return address.api_url if address else None


def running(home: Path) -> ServerAddress | None:
    """The server running in this home, or None when there is none or it does not answer."""
    found = daemon.find(home, NAME)
    address = _address(found) if found else None
    return address if address and healthy(address.api_url) else None


def start(
    home: Path,
    environment: dict[str, str],
    tell: Callable[[str], None] = lambda _: None,
    first_port: int = FIRST_PORT,
) -> ServerAddress:
    """Starts a server in the background and waits until it answers; gives the running one when there is one.

    It gets the first free port from `first_port` on. Two that start at once should be given ports apart: a port is
    free until somebody answers on it. A server that is there and does not answer yet is waited for.

    Raises ServerError when it ends early or does not answer within `START_TIMEOUT_SECONDS`.
    """
    found = daemon.find(home, NAME)
    if found is None:
        port = free_port(first_port)
        tell(f"starting the Prefect server on port {port} (some 20 s the first time)")
        found = daemon.spawn(
            home,
            NAME,
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            # Without PREFECT_SERVER_API_PORT the pages of the UI would call the default port.
            environment | {"PREFECT_SERVER_API_PORT": str(port), "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"},
            {"port": port},
        )
    address = _address(found)
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    log = daemon.log_of(home, NAME)
    while not healthy(address.api_url):
        if not daemon.alive(found):
            daemon.stop(home, NAME)
            raise ServerError(f"the Prefect server ended at once ({daemon.last_words(home, NAME)}): see {log}")
        if time.monotonic() > deadline:
            daemon.stop(home, NAME)
            raise ServerError(f"the Prefect server did not answer within {START_TIMEOUT_SECONDS:.0f} s: see {log}")
        time.sleep(0.2)
    return address


def stop(home: Path) -> bool:
    """Stops the server of this home, one that never came to answer included; False when there was none."""
    return daemon.stop(home, NAME)


def healthy(api_url: str) -> bool:
    """Whether a Prefect API answers there."""
    try:
        return httpx.get(f"{api_url}/health", timeout=2).status_code == 200
    except (httpx.HTTPError, httpx.InvalidURL):
        return False


def _address(found: Daemon) -> ServerAddress:
    return ServerAddress(found.pid, int(found.told["port"]))
