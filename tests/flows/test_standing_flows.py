"""The flows that nobody starts: the steward and the follower of live mail, as Prefect runs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL, temporary_settings
from tenants_at_hand import onboard

from flows import steward, watch
from flows.parameters import OneTenant, WatchTenants
from onboarding import clock
from onboarding.database import activations, tenants
from onboarding.live.arrivals import Reader
from onboarding.settings import Settings
from onboarding.sources.maildir import Maildirs
from onboarding.workspace import Workspace, open_workspace

pytestmark = pytest.mark.slow

DAY = timedelta(days=1)


@pytest.fixture
def home(tmp_path: Path, prefect_api: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    """A home with tenant acme, whose maildir is not there yet; flows run against the server of the tests."""
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "home"))
    workspace = open_workspace(Settings(home=tmp_path / "home", parse_workers=0, heartbeat_seconds=60))
    with workspace.database.transaction("acme") as session:
        tenants.add(
            session,
            "acme",
            domains=["acme.example"],
            source=Maildirs(str(tmp_path / "mail")).uri,
            alpha=0.05,
            delta=0.2,
            lookback_days=None,
            actor="test",
        )
    with temporary_settings({PREFECT_API_URL: prefect_api}):
        yield workspace
    workspace.database.close()


def deliver(root: Path, at: datetime, number: int) -> None:
    for part in ("cur", "new", "tmp"):
        (root / "ann" / part).mkdir(parents=True, exist_ok=True)
    seconds = int(at.timestamp()) + number
    (root / "ann" / "new" / f"{seconds}.M{number}.host").write_text(
        f"From: P <p{number % 4}@partner.example>\nTo: ann@acme.example\nSubject: note {number}\n"
        f"Date: {formatdate(seconds)}\nMessage-ID: <{seconds}.{number}@x.example>\n\nhello {number}\n"
    )


def test_nobody_has_to_look(home: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert onboard(home, "acme")["state"] == "held"
    handed: list[str] = []

    def submitted(request: Any, api_url: str) -> dict[str, Any]:
        handed.append(request.tenant)
        return {"joined": False, "flow_run": "a run"}

    monkeypatch.setattr(steward, "submit_onboarding", submitted)
    assert steward.steward() == [], "its source is not there, and it was looked at an hour ago"
    now = datetime.now(UTC)
    for number in range(240):
        deliver(tmp_path / "mail", now - 60 * DAY + number * DAY / 4, number)
    with clock.use(lambda: now + 2 * timedelta(hours=1)):
        (resumed,) = steward.steward()
    assert (resumed["duty"], resumed["outcome"], handed) == ("resume", "done", ["acme"])
    assert "handed to a worker" in resumed["said"]

    assert onboard(home, "acme")["state"] == "active"
    deliver(tmp_path / "mail", now, 999)
    followed = watch.watch_tenants(WatchTenants(tenants=OneTenant(tenant="acme"), minutes=0))
    assert (followed["acme"]["outcome"], followed["acme"]["decided"]) == ("followed", 1)
    (arrival,) = Reader(home.layout("acme").arrivals).new()
    before = _in_force(home)
    with clock.use(lambda: now + DAY):
        done = {one["duty"]: one for one in steward.steward()}
    assert done["refresh"]["outcome"] == "done", done
    assert _in_force(home) > before
    assert arrival.door == "watch"


def test_a_tenant_that_cannot_be_followed_is_named(home: Workspace, tmp_path: Path) -> None:
    for number in range(240):
        deliver(tmp_path / "mail", datetime.now(UTC) - 60 * DAY + number * DAY / 4, number)
    assert onboard(home, "acme")["state"] == "active"
    (tmp_path / "mail").rename(tmp_path / "gone")
    with pytest.raises(RuntimeError, match="not followed: acme"):
        watch.watch_tenants(WatchTenants(minutes=0))


def _in_force(workspace: Workspace) -> int:
    with workspace.database.session("acme") as session:
        current = activations.current(session, "acme")
    assert current is not None
    return current.baseline
