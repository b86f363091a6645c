"""The same bytes wherever shards run: processes of this machine, and a Dask cluster of two workers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import Machine, same_end

Calm = tuple[Any, dict[str, bytes]]


@pytest.fixture
def scheduler() -> Iterator[str]:
    """Address of a cluster of two workers in processes of their own."""
    distributed = pytest.importorskip("distributed", reason="no Dask here: pip install 'gatehouse[dask]'")
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        yield cluster.scheduler_address


def test_on_a_dask_cluster(calm: Calm, tmp_path: Path, prefect_api: str, scheduler: str) -> None:
    environment = {"GATEHOUSE_TASK_RUNNER": "dask", "GATEHOUSE_DASK_ADDRESS": scheduler}
    machine = Machine(tmp_path / "home", {"PREFECT_API_URL": prefect_api} | environment)
    machine.register()
    same_end(calm, machine, machine.onboard())


def test_in_processes(calm: Calm, tmp_path: Path, prefect_api: str) -> None:
    machine = Machine(tmp_path / "home", {"PREFECT_API_URL": prefect_api, "GATEHOUSE_TASK_RUNNER": "processes"})
    machine.register()
    same_end(calm, machine, machine.onboard())
