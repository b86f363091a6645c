"""In-process servers of killed commands are ended by the next command of the same home, and no others."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from flows import orphans

pytestmark = pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="no /proc that shows environments")

Start = Callable[[Path, str], subprocess.Popen[bytes]]


@pytest.fixture
def start() -> Iterator[Start]:
    started: list[subprocess.Popen[bytes]] = []

    def run(home: Path, owner: str) -> subprocess.Popen[bytes]:
        marked = {"PREFECT__SERVER_EPHEMERAL": "1", "PREFECT_HOME": str(home / "prefect"), orphans.OWNER: owner}
        started.append(subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], env=os.environ | marked))
        return started[-1]

    yield run
    for one in started:
        one.kill()
        one.wait()


def test_a_server_ends_once_its_command_is_gone(tmp_path: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(orphans.OWNER, "")
    orphans.own()
    mine = os.environ[orphans.OWNER]
    told = "from flows import orphans; import os; orphans.own(); print(os.environ[orphans.OWNER])"
    gone = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True).stdout.strip()
    of_the_living, of_the_dead = start(tmp_path, mine), start(tmp_path, gone)
    elsewhere, unknown = start(tmp_path / "other", gone), start(tmp_path, "")
    while Path(f"/proc/{unknown.pid}/environ").read_bytes().count(b"EPHEMERAL") == 0:
        time.sleep(0.01)  # not yet the program that it will be
    assert orphans.sweep(tmp_path) == 1
    assert of_the_dead.wait(10) != 0
    assert [one.poll() for one in (of_the_living, elsewhere, unknown)] == [None] * 3
