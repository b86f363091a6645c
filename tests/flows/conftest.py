"""One Prefect server for all tests of flows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import Gatehouse

from flows import server
from flows.environment import prefect_environment


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("prefect")
    # Processes that run tests side by side start their servers at the same moment: each has ports of its own.
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    address = server.start(home, prefect_environment(home), first_port=4300 + 50 * worker)
    yield address.api_url
    server.stop(home)


@pytest.fixture
def gatehouse(tmp_path: Path, prefect_api: str) -> Gatehouse:
    home = tmp_path / "home"
    return Gatehouse(home, {"GATEHOUSE_HOME": str(home), "PREFECT_API_URL": prefect_api})
