"""A Google Workspace on this machine, and our source pointed at it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from provider_at_hand import FASTER
from simulators.gmail import ADMIN, Gmail

from onboarding.settings import Settings
from onboarding.sources.gmail.source import GmailSource, Pace
from onboarding.sources.network.pacing import Allowance
from onboarding.sources.network.rules import read_address


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., GmailSource]]:
    """Serves a simulated Gmail; gives our source for it, whose time passes faster and whose allowance is larger."""
    with ExitStack() as stack:

        def start(gmail: Gmail, options: str = f"?admin={ADMIN}", **pace: Any) -> GmailSource:
            address = stack.enter_context(gmail.running())
            # Many pages of few messages.
            monkeypatch.setattr("onboarding.sources.gmail.listing.PAGE", 20)
            monkeypatch.setattr("onboarding.sources.gmail.mailbox.HISTORY_PAGE", 20)
            monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "home"))
            monkeypatch.setenv("GATEHOUSE_GMAIL_URL", address)
            monkeypatch.setenv("GATEHOUSE_GOOGLE_DIRECTORY_URL", address)
            monkeypatch.setenv("GATEHOUSE_GOOGLE_TOKEN_URL", f"{address}/token")
            monkeypatch.setenv("GATEHOUSE_SECRET_GMAIL_SERVICE_ACCOUNT", json.dumps(gmail.key()))
            quick = {
                "sleep": lambda seconds: time.sleep(seconds / FASTER),
                "now": lambda: time.monotonic() * FASTER,
                "per_mailbox": Allowance(1_000_000, 60.0),
            }
            address_of_source = read_address("gmail", "acme.example" + options, {"account", "admin"})
            source = GmailSource(address_of_source, Settings(), Pace(**{**quick, **pace}))
            stack.callback(source.close)
            return source

        yield start
