"""A PostgreSQL server of one's own, from the system's binaries: Prefect needs the extension pg_trgm, which wheels lack."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

USER = "postgres"
"""Who runs the server when we are root, which it refuses."""


class NoPostgresqlError(Exception):
    """There is no PostgreSQL with the extension on this machine. The message says how to have one."""


@dataclass(frozen=True, slots=True)
class Postgresql:
    """A running server: its SQLAlchemy URL without a driver, and the process that started its others."""

    url: str
    pid: int


@contextmanager
def postgresql(folder: Path) -> Iterator[Postgresql]:
    """A server with its data in `folder`, for as long as the block. Raises NoPostgresqlError."""
    binaries = _binaries()
    folder.mkdir(parents=True)
    port = _free_port()
    if os.geteuid() == 0:
        shutil.chown(folder, USER, USER)
    data = folder / "data"
    _run(binaries / "initdb", "-D", data, "-U", USER, "--auth=trust", "-E", "UTF8", "--no-sync")
    options = f"-p {port} -h 127.0.0.1 -k {folder} -c max_connections=200"
    _run(binaries / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", options, "start")
    try:
        yield Postgresql(
            f"postgresql://{USER}@127.0.0.1:{port}/postgres", int((data / "postmaster.pid").read_text().split()[0])
        )
    finally:
        _run(binaries / "pg_ctl", "-D", data, "-w", "-m", "fast", "stop")


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    for path in reversed(found):
        if Path(f"/usr/share/postgresql/{path.parts[-3]}/extension/pg_trgm.control").exists():
            return path.parent
    raise NoPostgresqlError("no PostgreSQL with pg_trgm is installed: apt-get install postgresql (Debian)")


def _run(*command: object) -> None:
    words = [str(word) for word in command]
    if os.geteuid() == 0:
        words = ["runuser", "-u", USER, "--", *words]
    subprocess.run(words, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
