"""A Microsoft 365 organisation on this machine, and our source pointed at it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from provider_at_hand import FASTER
from simulators.graph import Graph

from onboarding.settings import Settings
from onboarding.sources.graph.source import GraphSource, Pace
from onboarding.sources.network.rules import read_address


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., GraphSource]]:
    """Serves a simulated Graph; gives our source for it, whose time passes faster."""
    with ExitStack() as stack:

        def start(graph: Graph, options: str = "", **pace: Any) -> GraphSource:
            address = stack.enter_context(graph.running())
            monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "home"))
            monkeypatch.setenv("GATEHOUSE_GRAPH_URL", f"{address}/v1.0")
            monkeypatch.setenv("GATEHOUSE_GRAPH_AUTHORITY", address)
            monkeypatch.setenv("GATEHOUSE_SECRET_GRAPH_CLIENT_ID", graph.client_id)
            monkeypatch.setenv("GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET", graph.client_secret)
            quick = {"sleep": lambda seconds: time.sleep(seconds / FASTER), "now": lambda: time.monotonic() * FASTER}
            source = GraphSource(
                read_address("graph", graph.tenant + options, {"account"}), Settings(), Pace(**{**quick, **pace})
            )
            stack.callback(source.close)
            return source

        yield start
