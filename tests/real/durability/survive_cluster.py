"""The same bytes wherever shards run: processes of this machine, and a Dask cluster of two workers on machines of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from machine import FAULTS, TENANT, Machine, same_end

Calm = tuple[Any, dict[str, bytes]]


@dataclass(frozen=True, slots=True)
class Cluster:
    """Workers by the home of each, in processes of their own; one of them gets stuck in a put and says so in `stuck`."""

    address: str
    workers: dict[Path, subprocess.Popen[bytes]]
    stuck: Path


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    distributed = pytest.importorskip("distributed", reason="no Dask here: pip install 'gatehouse[dask]'")
    stuck = tmp_path / "stuck"
    path = os.pathsep.join([str(FAULTS), *filter(None, [os.environ.get("PYTHONPATH")])])
    with distributed.LocalCluster(n_workers=0, dashboard_address=None) as scheduler:
        command = [sys.executable, "-m", "distributed.cli.dask_worker", scheduler.scheduler_address]
        command += ["--no-nanny", "--no-dashboard", "--nthreads", "1", "--death-timeout", "60"]
        workers = {
            home: subprocess.Popen(
                [*command, "--local-directory", str(home)],
                env=os.environ | {"GATEHOUSE_HOME": str(home), "PYTHONPATH": path, "FAULT_STUCK_PUT_FILE": str(stuck)},
            )
            for home in (tmp_path / "worker 1", tmp_path / "worker 2")
        }
        try:
            with distributed.Client(scheduler) as client:
                client.wait_for_workers(2, timeout=120)
            yield Cluster(scheduler.scheduler_address, workers, stuck)
        finally:
            for worker in workers.values():
                worker.kill()
                worker.wait()


def test_on_a_dask_cluster_that_shares_a_url_and_the_database(
    calm: Calm, tmp_path: Path, prefect_api: str, cluster: Cluster
) -> None:
    """Two workers and the flow, each with a home of its own. One worker is killed in the middle of a put."""
    store, home = tmp_path / "store", tmp_path / "home"
    environment = {"GATEHOUSE_TASK_RUNNER": "dask", "GATEHOUSE_DASK_ADDRESS": cluster.address}
    environment |= {"PREFECT_API_URL": prefect_api, "GATEHOUSE_STORE": f"file://{store}"}
    machine = Machine(home, environment)
    machine.register()
    process = machine.start("onboard", TENANT, "--json")
    until = time.monotonic() + 180
    while not cluster.stuck.exists() or not cluster.stuck.read_text():
        assert time.monotonic() < until
        assert process.poll() is None, process.communicate()
        time.sleep(0.05)
    half = [path for path in (store / "tenants" / TENANT).iterdir() if path.name.startswith(".")]
    assert half, "it is killed while something is half put"
    pid = int(cluster.stuck.read_text())
    assert pid in {worker.pid for worker in cluster.workers.values()}
    os.kill(pid, signal.SIGKILL)
    _, err = process.communicate(timeout=300)
    assert process.returncode in (0, 1), err
    print("the run that lost a worker ended with", process.returncode)
    outcome = machine.onboard()
    same_end(calm, machine, outcome)
    at_the_url = {path.relative_to(store) for path in store.rglob("*") if path.is_file()}
    recorded = {file for (file,) in machine.query("SELECT file FROM parts WHERE file IS NOT NULL")}
    root = Path("tenants") / TENANT
    assert {
        str(path.relative_to(root / "mail")) for path in at_the_url if path.is_relative_to(root / "mail")
    } == recorded
    assert not [path for path in at_the_url if path.name.startswith(".")], "what it had half put was swept"
    for path in at_the_url:
        assert (home / path).read_bytes() == (store / path).read_bytes()
    worked = [home for home in cluster.workers if list((home / "copies" / root).rglob("*.parquet"))]
    assert len(worked) == 2, "both have had a part in it"
    assert not [path for path in machine.leftovers() if "copies" not in path]


def test_in_processes(calm: Calm, tmp_path: Path, prefect_api: str) -> None:
    machine = Machine(tmp_path / "home", {"PREFECT_API_URL": prefect_api, "GATEHOUSE_TASK_RUNNER": "processes"})
    machine.register()
    same_end(calm, machine, machine.onboard())
