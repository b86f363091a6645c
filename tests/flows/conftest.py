"""One Prefect server for all tests of flows, and the command line as a user has it: in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows import server
from flows.environment import prefect_environment

COMMAND = str(Path(sys.executable).with_name("gatehouse"))


@dataclass(frozen=True, slots=True)
class Gatehouse:
    """The command `gatehouse` in a home of its own."""

    home: Path
    environment: dict[str, str]

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """Begins a command and does not wait."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            env=os.environ | self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def run(self, *arguments: str, code: int = 0) -> str:
        """What a command printed. Fails the test when its exit code is another."""
        process = self.start(*arguments)
        out, err = process.communicate(timeout=180)
        assert process.returncode == code, (
            f"gatehouse {' '.join(arguments)} ended with {process.returncode}:\n{err}\n{out}"
        )
        return out

    def document(self, *arguments: str, code: int = 0) -> Any:
        """The JSON document a command printed."""
        return json.loads(self.run(*arguments, "--json", code=code))


@pytest.fixture(scope="session")
def prefect_api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("prefect")
    yield server.start(home, prefect_environment(home)).api_url
    server.stop(home)


@pytest.fixture
def gatehouse(tmp_path: Path, prefect_api: str) -> Gatehouse:
    home = tmp_path / "home"
    return Gatehouse(home, {"GATEHOUSE_HOME": str(home), "PREFECT_API_URL": prefect_api})
