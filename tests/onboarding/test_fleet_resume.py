"""Tenants whose run died are seen and gone on with, with no one looking."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta

import pytest
from tenants_at_hand import register

from onboarding import clock
from onboarding.database import runs, tenants
from onboarding.database.process import ProcessIdentity
from onboarding.database.runs import TenantBusy
from onboarding.fleet import interrupted, pause_after, resume_dead
from onboarding.lifecycle import RunState, when_started
from onboarding.run import ONBOARD, running
from onboarding.workspace import Workspace

DIES = """
import os, sys
from onboarding.run import running
from onboarding.workspace import open_workspace
with running(open_workspace(), sys.argv[1], "onboard", actor="test"):
    os._exit(9)
"""


@pytest.fixture
def die(workspace: Workspace) -> Callable[[str], None]:
    """Begins a tenant's onboarding in the name of a process that is not there any more."""

    def begun(name: str) -> None:
        with workspace.database.transaction(name) as session:
            row = tenants.get(session, name)
            runs.begin(session, name, kind=ONBOARD, actor="test")
            tenants.move(session, name, when_started(row.state), actor="test")
            run = runs.latest(session, name)
            assert run is not None
            run.process_started = "before the last restart"

    return begun


@pytest.fixture
def three(workspace: Workspace) -> Workspace:
    for name in ("acme", "globex", "initech"):
        register(workspace, name, "maildir:/nowhere", "acme.example")
    return workspace


def test_a_tenant_whose_run_died_is_started_again_and_no_other(
    three: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEHOUSE_HOME", str(three.home))
    assert subprocess.run([sys.executable, "-c", DIES, "acme"], check=False).returncode == 9
    with pytest.raises(RuntimeError, match="no mail today"), running(three, "globex", ONBOARD, actor="test"):
        raise RuntimeError("no mail today")
    started: list[str] = []
    with running(three, "initech", ONBOARD, actor="test"):
        found = resume_dead(three, started.append)
    assert started == ["acme"]
    assert [(one.tenant, one.deaths, one.problem) for one in found] == [("acme", 1, None)]
    with three.database.session("acme") as session:
        dead = runs.latest(session, "acme")
        assert dead is not None
        assert (dead.state, dead.id) == (RunState.CRASHED, found[0].run)


def test_it_is_seen_until_it_has_been_gone_on_with(three: Workspace, die: Callable[[str], None]) -> None:
    die("acme")
    assert [one.tenant for one in interrupted(three)] == ["acme"]
    assert [one.tenant for one in interrupted(three)] == ["acme"], "seeing it does not make it disappear"

    def finish(name: str) -> None:
        with running(three, name, ONBOARD, actor="test"):
            pass

    resume_dead(three, finish)
    assert interrupted(three) == []


def test_one_that_dies_again_and_again_is_tried_ever_more_rarely(three: Workspace, die: Callable[[str], None]) -> None:
    for deaths in (1, 2, 3):
        die("acme")
        (found,) = interrupted(three)
        assert found.deaths == deaths
    started: list[str] = []
    assert resume_dead(three, started.append) == []
    later = clock.now() + pause_after(3) + timedelta(seconds=1)
    with clock.use(lambda: later):
        resume_dead(three, started.append)
    assert started == ["acme"]


def test_one_that_cannot_be_started_keeps_no_other_from_it(three: Workspace, die: Callable[[str], None]) -> None:
    for name in ("acme", "globex", "initech"):
        die(name)

    def start(name: str) -> None:
        if name == "acme":
            raise ConnectionError("no server")
        if name == "globex":
            with three.database.session(name) as session:
                newest = runs.latest(session, name)
                assert newest is not None
                raise TenantBusy(newest)

    found = {one.tenant: one.problem for one in resume_dead(three, start)}
    assert found == {"acme": "ConnectionError: no server", "initech": None}


def test_a_run_of_another_machine_counts_as_dead_when_it_has_been_silent(three: Workspace) -> None:
    with three.database.transaction("acme") as session:
        runs.begin(session, "acme", kind=ONBOARD, actor="test")
        run = runs.latest(session, "acme")
        assert run is not None
        elsewhere = ProcessIdentity("elsewhere", "another boot", 1, "1")
        run.host, run.place, run.pid = elsewhere.host, elsewhere.place, elsewhere.pid
    assert interrupted(three) == []
    later = clock.now() + timedelta(seconds=three.settings.silent_seconds + 1)
    with clock.use(lambda: later):
        assert [one.tenant for one in interrupted(three)] == ["acme"]
