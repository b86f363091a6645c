"""Processes that run in the background of a Gatehouse home: begun, found again, stopped. Imports no Prefect, so it is fast.

Each has a file `<home>/prefect/gatehouse-<name>.json` that says which process it is (id, start time, boot), so that a
file left by a crash or a reboot is never taken for a process of somebody else that has the same id now.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from onboarding.database import process
from onboarding.database.process import ProcessIdentity

STOP_SECONDS = 20.0


class ServerError(Exception):
    """What runs beside the commands could not be started or stopped; says why and where its log is."""


@dataclass(frozen=True, slots=True)
class Daemon:
    """One background process of a home."""

    name: str
    identity: ProcessIdentity
    told: Mapping[str, Any] = field(default_factory=dict)
    """What its starter wrote down about it: its port, its pool."""

    @property
    def pid(self) -> int:
        return self.identity.pid


def spawn(
    home: Path, name: str, command: Sequence[str], environment: Mapping[str, str], told: Mapping[str, Any]
) -> Daemon:
    """Starts a process in a session of its own and writes down at once which one it is; its output goes to its log."""
    with log_of(home, name).open("ab") as output:
        started = subprocess.Popen(
            command,
            env=os.environ | environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    identity = process.of(started.pid)
    if identity is None:
        raise ServerError(f"the {name} ended at once: see {log_of(home, name)}")
    daemon = Daemon(name, identity, told)
    partial = _file(home, name).with_suffix(".partial")
    partial.write_text(json.dumps({"identity": asdict(identity), "told": dict(told)}))
    partial.replace(_file(home, name))
    return daemon


def find(home: Path, name: str) -> Daemon | None:
    """The process of that name in this home, alive; None when there is none. Whether it works is another question."""
    try:
        read = json.loads(_file(home, name).read_text())
        daemon = Daemon(name, ProcessIdentity(**read["identity"]), read["told"])
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return daemon if alive(daemon) else None


def alive(daemon: Daemon) -> bool:
    """Whether the process is there. One on another machine (a home on a shared disk) is not ours to find."""
    with contextlib.suppress(OSError):
        # A child of ours that has ended is a zombie until it is waited for.
        os.waitpid(daemon.pid, os.WNOHANG)
    return process.lives(daemon.identity) is True


def stop(home: Path, name: str, *, patience: float = STOP_SECONDS) -> bool:
    """Ends the process and what it started: asked first, after `patience` seconds by force. False when none was there."""
    daemon = find(home, name)
    if daemon is None:
        _file(home, name).unlink(missing_ok=True)
        return False
    _signal(daemon, signal.SIGTERM)
    deadline = time.monotonic() + patience
    while alive(daemon) and time.monotonic() < deadline:
        time.sleep(0.1)
    # Also when it ended as asked: its children may not have.
    _signal(daemon, signal.SIGKILL)
    while alive(daemon):
        time.sleep(0.05)
    _file(home, name).unlink(missing_ok=True)
    return True


@contextmanager
def one_at_a_time(home: Path) -> Iterator[None]:
    """Of several `up` and `down` in one home only one works; the others wait. A killed one lets go by itself."""
    folder = home / "prefect"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "gatehouse-up.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def log_of(home: Path, name: str) -> Path:
    """Where the output of the process of that name goes."""
    folder = home / "prefect"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.log"


def last_words(home: Path, name: str) -> str:
    """The end of its log in a line, for a message about why it did not start."""
    try:
        lines = log_of(home, name).read_text(errors="replace").strip().splitlines()
    except OSError:
        return ""
    return next((line.strip()[:300] for line in reversed(lines) if line.strip()), "")


def _file(home: Path, name: str) -> Path:
    return home / "prefect" / f"gatehouse-{name}.json"


def _signal(daemon: Daemon, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(daemon.pid, number)
