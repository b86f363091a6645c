"""What else goes wrong in the middle of a run: a killed worker, a full disk, a clock that jumps, servers restarted."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import TENANT, Machine, kill, same_end

from flows import server
from flows.environment import prefect_environment

Calm = tuple[Any, dict[str, bytes]]
READING = "SELECT coalesce(sum(listed), 0) > {share} * {all} FROM mailboxes"


def reading(calm: Calm, share: float) -> str:
    """A query that is true when so much of the mail has been read."""
    return READING.format(share=share, all=calm[0]["messages"]["listed"])


def children(pid: int) -> list[int]:
    """Processes that a process started, and those that they started."""
    found = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    mine = [int(line) for line in found.stdout.split()]
    return mine + [each for one in mine for each in children(one)]


def finished(process: subprocess.Popen[str], code: int = 0) -> None:
    out, err = process.communicate(timeout=300)
    assert process.returncode == code, f"ended with {process.returncode}:\n{err[-4000:]}\n{out}"


def test_a_killed_worker_costs_its_shard_and_nothing_else(calm: Calm, new_machine: Callable[..., Machine]) -> None:
    machine = new_machine()
    process = machine.start("onboard", TENANT, "--json")
    killed = 0
    for share in (0.1, 0.5):
        machine.wait_for(reading(calm, share))
        for worker in children(process.pid):
            command = Path(f"/proc/{worker}/cmdline").read_bytes()
            if b"spawn_main" in command:
                os.kill(worker, signal.SIGKILL)
                killed += 1
                break
    finished(process)
    assert killed == 2
    same_end(calm, machine, machine.onboard())


def test_a_disk_that_fills_while_a_shard_is_written_holds_the_tenant(
    calm: Calm, new_machine: Callable[..., Machine], tmp_path: Path
) -> None:
    machine = new_machine()
    faults = {"FAULT_FULL_DISK_FILE": str(tmp_path / "taken")}
    for limit in (150_000, 600_000, 2_000_000):
        (tmp_path / "taken").unlink(missing_ok=True)
        held = machine.onboard(code=3, faults=faults | {"FAULT_FULL_DISK_AFTER": str(limit)})
        assert (held["state"], held["held_reason"]) == ("held", "disk-full"), limit
        machine.reads_on()
    same_end(calm, machine, machine.onboard())
    assert not machine.leftovers()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of three megabytes, where one may be mounted."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no disk can be mounted here: that takes root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_real_disk_that_is_full_database_and_all(calm: Calm, prefect_api: str, small_disk: Path) -> None:
    machine = Machine(small_disk / "home", {"PREFECT_API_URL": prefect_api})
    machine.register()
    process = machine.start("onboard", TENANT, "--json")
    out, err = process.communicate(timeout=300)
    assert process.returncode in (1, 3), err[-2000:]
    assert "full" in err + out or "space" in err + out, err[-2000:]
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    machine.reads_on()
    same_end(calm, machine, machine.onboard())
    assert not machine.leftovers()


def test_a_store_at_a_url_that_is_full_holds_the_tenant(
    calm: Calm, prefect_api: str, small_disk: Path, tmp_path: Path
) -> None:
    environment = {"PREFECT_API_URL": prefect_api, "GATEHOUSE_STORE": f"file://{small_disk}/store"}
    machine = Machine(tmp_path / "home", environment)
    machine.register()
    subprocess.run(["mount", "-o", "remount,size=300k", str(small_disk)], check=True)
    held = machine.onboard(code=3)
    assert (held["state"], held["held_reason"]) == ("held", "disk-full")
    assert f"file://{small_disk}/store" in held["held_message"]
    machine.reads_on()
    subprocess.run(["mount", "-o", "remount,size=60m", str(small_disk)], check=True)
    same_end(calm, machine, machine.onboard())
    assert not machine.leftovers()
    assert not list((small_disk / "store").rglob(".*"))


def test_a_clock_that_jumps_changes_nothing(calm: Calm, new_machine: Callable[..., Machine], tmp_path: Path) -> None:
    machine, offset = new_machine(), tmp_path / "offset"
    offset.write_text("0")
    process = machine.start("onboard", TENANT, "--json", faults={"FAULT_CLOCK_FILE": str(offset)})
    for share, seconds in ((0.1, 2 * 86_400), (0.4, -86_400), (0.7, 3 * 3600)):
        machine.wait_for(reading(calm, share))
        replaced = tmp_path / "next"
        replaced.write_text(str(seconds))
        replaced.replace(offset)
    finished(process)
    same_end(calm, machine, machine.onboard())


def test_prefect_restarted_in_the_middle(calm: Calm, new_machine: Callable[..., Machine], prefect_home: Path) -> None:
    machine = new_machine()
    process = machine.start("onboard", TENANT, "--json")
    machine.wait_for(reading(calm, 0.2))
    address = server.running(prefect_home)
    assert address is not None
    server.stop(prefect_home)
    again = server.start(prefect_home, prefect_environment(prefect_home), first_port=address.port)
    assert again.port == address.port
    process.communicate(timeout=300)  # it may finish or give up: Prefect drives, SQL remembers
    machine.reads_on()
    same_end(calm, machine, machine.onboard())


def test_prefect_gone_for_good_in_the_middle(calm: Calm, tmp_path: Path) -> None:
    """The flow's own server dies with its machine; another run, with another server, goes on."""
    own = tmp_path / "own"
    address = server.start(own, prefect_environment(own), first_port=4900)
    machine = Machine(tmp_path / "home", {"PREFECT_API_URL": address.api_url})
    machine.register()
    process = machine.start("onboard", TENANT, "--json")
    machine.wait_for(reading(calm, 0.3))
    os.killpg(address.pid, signal.SIGKILL)
    time.sleep(2.0)
    kill(process)
    machine.reads_on()
    shutil.rmtree(own, ignore_errors=True)
    alone = Machine(machine.home)
    same_end(calm, alone, alone.onboard())
