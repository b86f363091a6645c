"""One Prefect server and one undisturbed run, to compare with, for all that is survived."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from machine import Machine

from flows import server
from flows.environment import prefect_environment


@pytest.fixture(scope="session")
def prefect_home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    home = tmp_path_factory.mktemp("prefect")
    yield home
    server.stop(home)


@pytest.fixture(scope="session")
def prefect_api(prefect_home: Path) -> str:
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return server.start(prefect_home, prefect_environment(prefect_home), first_port=4700 + 50 * worker).api_url


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory, prefect_api: str) -> tuple[Any, dict[str, bytes]]:
    """Outcome and contents of a run that nothing disturbed."""
    machine = Machine(tmp_path_factory.mktemp("calm") / "home", {"PREFECT_API_URL": prefect_api})
    machine.register()
    outcome = machine.onboard()
    return outcome, machine.learned()


@pytest.fixture
def new_machine(tmp_path: Path, prefect_api: str) -> Callable[..., Machine]:
    def make(name: str = "home", **how: Any) -> Machine:
        machine = Machine(tmp_path / name, {"PREFECT_API_URL": prefect_api}, **how)
        machine.register()
        return machine

    return make
