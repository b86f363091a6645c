"""Which process holds a run, told so that another process can see whether it still lives.

A process id alone is not enough: ids are reused, so the process's start time goes with it; and an id means something
only on one boot of one machine and in one process namespace (containers), so that goes with it too.
"""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """One process of one machine."""

    host: str
    place: str
    """Boot and process namespace in which `pid` is valid; the host's name where the system does not tell."""
    pid: int
    started: str
    """The system's own mark of when it started; empty when unknown. Compared, never read as a time."""


def current() -> ProcessIdentity:
    """This process."""
    pid = os.getpid()
    return ProcessIdentity(socket.gethostname(), _place(), pid, _started(pid) or "")


def of(pid: int) -> ProcessIdentity | None:
    """The process of this machine with that id; None when it is gone."""
    started = _started(pid)
    return None if started is None else ProcessIdentity(socket.gethostname(), _place(), pid, started)


def lives(process: ProcessIdentity) -> bool | None:
    """Whether the process is still there; None when that cannot be told from here (another machine)."""
    if process.place != _place() or sys.platform == "win32":
        return None
    try:
        os.kill(process.pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it is there, and another user's
    started = _started(process.pid)
    if started is None:
        return False
    return not process.started or started == process.started


@cache
def _place() -> str:
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot} {os.readlink('/proc/self/ns/pid')}"
    except OSError:
        return socket.gethostname()


def _started(pid: int) -> str | None:
    """When a process started; None when it is gone, a zombie included; "" when the system does not tell."""
    if Path("/proc/self/stat").exists():
        try:
            # The command in parentheses may hold anything, `)` included: the fields follow the last one (proc(5)).
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        except OSError:
            return None
        return None if fields[0] in (b"Z", b"X") else fields[19].decode()
    try:
        told = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return told.stdout.strip() or None
