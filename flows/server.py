"""The Prefect server on this machine: started in the background, found again, stopped. Imports no Prefect, so it is fast.

Its address is kept in `<home>/prefect/gatehouse-server.json`; a server counts as running when that process lives and
answers its health check.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import httpx

FIRST_PORT = 4200
START_TIMEOUT_SECONDS = 180.0


class ServerError(Exception):
    """The local Prefect server could not be started or stopped; says why and where its log is."""


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
    try:
        address = ServerAddress(**json.loads(_state_file(home).read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return address if _alive(address.pid) and _healthy(address) else None


def start(
    home: Path,
    environment: dict[str, str],
    tell: Callable[[str], None] = lambda _: None,
    first_port: int = FIRST_PORT,
) -> ServerAddress:
    """Starts a server in the background and waits until it answers; gives the running one when there is one.

    It gets the first free port from `first_port` on. Two that start at once should be given ports apart: a port is
    free until somebody answers on it.

    Raises ServerError when it ends early or does not answer within `START_TIMEOUT_SECONDS`.
    """
    if address := running(home):
        return address
    log = home / "prefect" / "server.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    port = _free_port(first_port)
    tell(f"starting the Prefect server on port {port} (some 20 s the first time)")
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", "server", "start", "--host", "127.0.0.1", "--port", str(port)],
            # Without PREFECT_SERVER_API_PORT the pages of the UI would call the default port.
            env=os.environ
            | environment
            | {"PREFECT_SERVER_API_PORT": str(port), "PREFECT_API_URL": f"http://127.0.0.1:{port}/api"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    address = ServerAddress(process.pid, port)
    deadline = time.monotonic() + START_TIMEOUT_SECONDS
    while not _healthy(address):
        if process.poll() is not None:
            raise ServerError(f"the Prefect server ended at once with exit code {process.returncode}: see {log}")
        if time.monotonic() > deadline:
            process.terminate()
            raise ServerError(f"the Prefect server did not answer within {START_TIMEOUT_SECONDS:.0f} s: see {log}")
        time.sleep(0.2)
    partial = _state_file(home).with_suffix(".partial")
    partial.write_text(json.dumps(asdict(address)))
    partial.replace(_state_file(home))
    return address


def stop(home: Path) -> bool:
    """Stops the server of this home; False when none was running."""
    address = running(home)
    if address is None:
        return False
    os.killpg(address.pid, signal.SIGTERM)
    deadline = time.monotonic() + 20
    while _alive(address.pid):
        if time.monotonic() > deadline:
            os.killpg(address.pid, signal.SIGKILL)
            break
        time.sleep(0.1)
    _state_file(home).unlink(missing_ok=True)
    return True


def _state_file(home: Path) -> Path:
    return home / "prefect" / "gatehouse-server.json"


def _free_port(first: int) -> int:
    for port in [*range(first, first + 50), 0]:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise ServerError("no free port on 127.0.0.1 for the Prefect server")


def _alive(pid: int) -> bool:
    with suppress(OSError):
        # A child of ours that has ended is a zombie until it is waited for.
        os.waitpid(pid, os.WNOHANG)
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _healthy(address: ServerAddress) -> bool:
    try:
        return httpx.get(f"{address.api_url}/health", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False
