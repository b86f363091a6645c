"""A history replayed and learned in stretches, by whoever, gives the bytes of a replay in one go."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from tenants_at_hand import register

from onboarding import stretches
from onboarding.baseline import make_baseline
from onboarding.connect import connect
from onboarding.database.runs import Fenced, RunToken
from onboarding.ingest import ingest, ingesting
from onboarding.run import ONBOARD, running
from onboarding.settings import Settings
from onboarding.workers import WorkerPool
from onboarding.workspace import Workspace, open_workspace

SOURCE = "simulated:seed=11,mailboxes=10,days=60,rate=12"


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, RunToken]:
    """A tenant whose mail has been read, with its run."""
    home = tmp_path_factory.mktemp("read") / "home"
    workspace = open_workspace(Settings(home=home, parse_workers=0, heartbeat_seconds=60))
    register(workspace, "acme", SOURCE)
    with running(workspace, "acme", ONBOARD, actor="test") as token:
        sizes = connect(workspace, token)
        with ingesting(workspace, token):
            ingest(workspace, token, list(sizes))
        shutil.copytree(home, home.with_name("copy"))
    workspace.database.close()
    return home.with_name("copy"), token


@pytest.fixture
def fresh(read: tuple[Path, RunToken], tmp_path: Path) -> Callable[[str], tuple[Workspace, RunToken]]:
    def make(name: str) -> tuple[Workspace, RunToken]:
        shutil.copytree(read[0], tmp_path / name)
        return open_workspace(Settings(home=tmp_path / name, parse_workers=0, shards=4)), read[1]

    return make


def here(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], named: str) -> list[Any]:
    return [work(*each) for each in arguments]


def learned(workspace: Workspace) -> dict[str, bytes]:
    root = workspace.layout("acme").root
    files = [*(root / "baselines").rglob("*"), *(root / "scores").glob("*"), *(root / "history").rglob("*")]
    return {str(path.relative_to(root)): path.read_bytes() for path in files if path.is_file()}


def test_other_processes_give_the_same_bytes(fresh: Callable[[str], tuple[Workspace, RunToken]]) -> None:
    whole, token = fresh("whole")
    make_baseline(whole, token)
    apart, token = fresh("apart")
    processes: set[str] = set()
    handed: list[int] = []
    with WorkerPool(2) as pool:

        def elsewhere(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], named: str) -> list[Any]:
            handed.append(len(arguments))
            processes.add(str(pool.run(os.getpid)))
            return [pool.run(work, *each) for each in arguments]

        make_baseline(apart, token, elsewhere)
    assert len(set(handed)) == 1
    assert handed[0] >= 2
    assert str(os.getpid()) not in processes
    assert learned(apart) == learned(whole)
    assert not (apart.layout("acme").root / "stretches").exists()


def test_a_killed_run_goes_on_with_the_pieces_that_are_there(
    fresh: Callable[[str], tuple[Workspace, RunToken]],
) -> None:
    whole, token = fresh("whole")
    make_baseline(whole, token)
    apart, token = fresh("apart")

    def dying(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], named: str) -> list[Any]:
        if work is stretches.score_stretch:
            work(*arguments[0])
            raise MemoryError
        return here(work, arguments, named)

    with pytest.raises(MemoryError):
        make_baseline(apart, token, dying)
    pieces = {path: path.stat().st_mtime_ns for path in (apart.layout("acme").root / "stretches").rglob("*.parquet")}
    assert len(pieces) == 1

    def noting(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], named: str) -> list[Any]:
        done = here(work, arguments, named)
        for path, at in pieces.items():
            assert path.stat().st_mtime_ns == at, "it was made again"
        return done

    make_baseline(apart, token, noting)
    assert learned(apart) == learned(whole)


def test_a_stretch_of_a_run_that_was_replaced_is_not_published(
    fresh: Callable[[str], tuple[Workspace, RunToken]],
) -> None:
    apart, token = fresh("apart")
    stale = RunToken(token.tenant, token.run, token.number - 1)

    def late(work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], named: str) -> list[Any]:
        return [work(each[0], stale, *each[2:]) for each in arguments]

    with pytest.raises(Fenced):
        make_baseline(apart, token, late)
    published = (apart.layout("acme").root / "stretches").glob("*/*")
    assert not [path for path in published if not path.name.startswith(".")]
