"""Prefect's in-process servers: each belongs to a command, and ends neither before it nor after it.

Prefect starts one as a process of its own and ends it when the command ends. What stops a command (Ctrl-C, a service manager)
is told to its whole process group: a server that heard it was gone before the run could say that it was stopped, which was then
tried for minutes. So it stands apart. A command that is killed cannot: its server,
some 250 MB, would run until the next reboot. Each carries in its environment which command it belongs to, so the next
command of the same home ends those whose command is gone. Only where /proc shows environments (Linux).
"""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import SimpleNamespace

from onboarding.database import process
from onboarding.database.process import ProcessIdentity

log = logging.getLogger(__name__)

OWNER = "GATEHOUSE_COMMAND"
"""The environment variable in which a server carries the process that it belongs to."""


def own() -> None:
    """Servers that this process starts from now on are its own."""
    os.environ[OWNER] = json.dumps(asdict(process.current()))


def stand_apart() -> None:
    """Servers that this process starts from now on hear no signals that are meant for its process group."""
    from prefect.server.api import server

    # Prefect has no setting for it.
    apart = {**vars(subprocess), "Popen": partial(subprocess.Popen, start_new_session=True)}
    vars(server)["subprocess"] = SimpleNamespace(**apart)


def sweep(home: Path) -> int:
    """Ends the servers of a home whose commands are gone; gives how many."""
    gone = 0
    for pid, environment in _servers(home):
        with suppress(ValueError, TypeError, ProcessLookupError, PermissionError):
            if process.lives(ProcessIdentity(**json.loads(environment.get(OWNER, "")))) is False:
                os.kill(pid, signal.SIGTERM)
                log.info("ended a Prefect server (process %d) whose command was killed", pid)
                gone += 1
    return gone


def _servers(home: Path) -> Iterator[tuple[int, dict[str, str]]]:
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            lines = (folder / "environ").read_bytes().decode("utf-8", "surrogateescape").split("\0")
        except OSError:  # another user's, or gone by now
            continue
        found = dict(line.split("=", 1) for line in lines if "=" in line)
        if found.get("PREFECT__SERVER_EPHEMERAL") and found.get("PREFECT_HOME") == str(home / "prefect"):
            yield int(folder.name), found
