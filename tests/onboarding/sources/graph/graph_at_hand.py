"""Our source for a simulated Microsoft Graph, as tests ask for it."""

from __future__ import annotations

from collections.abc import Callable

from onboarding.sources.graph.source import GraphSource

Serve = Callable[..., GraphSource]
