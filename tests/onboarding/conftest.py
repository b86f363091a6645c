"""A Gatehouse home of one's own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from onboarding.settings import Settings
from onboarding.workspace import Workspace, open_workspace


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    opened = open_workspace(Settings(home=tmp_path / "home", parse_workers=0, heartbeat_seconds=60))
    yield opened
    opened.database.close()
