"""A run whose token is revoked in the middle of a step writes nothing from that moment on: no row, and no file that counts.

Each step of a small onboarding is repeated from the same start with the token revoked before its n-th transaction;
what stands in the database and on disk at that moment must stand there when the step has given up. `make test-real`
revokes before every transaction, the ordinary tests before every sixth.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from tenants_at_hand import onboard, register

from onboarding.activate import activate
from onboarding.baseline import BaselineMade, make_baseline
from onboarding.calibrate import CalibrationMade, make_calibration
from onboarding.connect import connect
from onboarding.database import mailboxes, runs
from onboarding.database.runs import Fenced, RunToken
from onboarding.fencing import fenced, sweep_leftovers
from onboarding.ingest import ingest, ingesting
from onboarding.lifecycle import Step
from onboarding.readiness import Readiness, check_readiness
from onboarding.registration import remove_tenant
from onboarding.rehearse import rehearse
from onboarding.report.write import write_report
from onboarding.run import ONBOARD, outcome, running
from onboarding.settings import Settings
from onboarding.workspace import Workspace, open_workspace

TINY = "simulated:seed=11,mailboxes=5,days=30,rate=6"
EVERY = int(os.environ.get("GATEHOUSE_TEST_REVOKE_EVERY", "6"))

Work = Callable[[Workspace, RunToken], Any]


class Way:
    """Onboarding of a tiny tenant, with a copy of its home as it was before each step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.work: dict[str, Work] = {}
        self.transactions: dict[str, int] = {}
        home = folder / "home"
        workspace = open_workspace(Settings(home=home, parse_workers=0, heartbeat_seconds=60))
        register(workspace, "acme", TINY, alpha=0.05)
        with running(workspace, "acme", ONBOARD, actor="test") as self.token:
            sizes: dict[str, int | None] = self._take(workspace, Step.CONNECT, connect)
            self._take(workspace, Step.INGEST, lambda w, t: read_all(w, t, list(sizes)))
            baseline: BaselineMade = self._take(workspace, Step.BASELINE, make_baseline)
            self._take(workspace, Step.REHEARSE, rehearse)
            made: CalibrationMade = self._take(
                workspace, Step.CALIBRATE, lambda w, t: make_calibration(w, t, baseline.version)
            )
            ready: Readiness = self._take(workspace, Step.READINESS, lambda w, t: check_readiness(w, t, made))
            self._take(workspace, Step.ACTIVATE, lambda w, t: activate(w, t, baseline.version, made.version, ready))
            self._take(workspace, "report", report)
        workspace.database.close()

    def _take(self, workspace: Workspace, name: str, work: Work) -> Any:
        shutil.copytree(workspace.home, self.folder / name)
        counted = []
        note = lambda *_: counted.append(1)  # noqa: E731 - the same object has to be taken away again
        event.listen(workspace.database.engine.pool, "checkout", note)
        made = work(workspace, self.token)
        event.remove(workspace.database.engine.pool, "checkout", note)
        self.work[name], self.transactions[name] = work, len(counted)
        return made


def read_all(workspace: Workspace, token: RunToken, names: list[str]) -> None:
    with ingesting(workspace, token):
        ingest(workspace, token, names)


def report(workspace: Workspace, token: RunToken) -> None:
    with fenced(workspace, token):
        write_report(workspace, token.tenant, outcome(workspace, token.tenant, token.run))


@pytest.fixture(scope="module")
def way(tmp_path_factory: pytest.TempPathFactory) -> Way:
    return Way(tmp_path_factory.mktemp("way"))


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Callable[[Path], Workspace]]:
    found: list[Workspace] = []

    def open_copy(source: Path) -> Workspace:
        home = tmp_path / f"home-{len(found)}"
        shutil.copytree(source, home)
        found.append(open_workspace(Settings(home=home, parse_workers=0, heartbeat_seconds=60)))
        return found[-1]

    yield open_copy
    for workspace in found:
        workspace.database.close()


@pytest.mark.parametrize("step", [*Step, "report"])
def test_a_run_that_lost_its_lease_in_the_middle_of_a_step_writes_nothing(
    way: Way, opened: Callable[[Path], Workspace], step: str
) -> None:
    transactions = way.transactions[step]
    assert transactions
    refused = 0
    for nth in sorted({*range(1, transactions + 1, EVERY), transactions}):
        workspace = opened(way.folder / step)
        standing = revoke_before(workspace, nth)
        try:
            way.work[step](workspace, way.token)
        except Fenced:
            refused += 1
        if not standing:
            continue  # it took fewer transactions this time: progress is told by the clock
        assert everything(workspace) == standing[0], f"{step} wrote after it was revoked before transaction {nth}"
        shutil.rmtree(workspace.home)
    assert refused, f"no revocation stopped {step}"


def revoke_before(workspace: Workspace, nth: int) -> list[dict[str, str]]:
    """Gives the lease away just before the nth transaction from now begins; what stood at that moment is added."""
    begun, standing = [0], []

    @event.listens_for(workspace.database.engine.pool, "checkout")
    def begin(*_: Any) -> None:
        begun[0] += 1
        if begun[0] == nth and not standing:
            with closing(sqlite3.connect(workspace.home / "gatehouse.db", timeout=30)) as other, other:
                other.execute("UPDATE leases SET number = number + 1, run = NULL")
            standing.append(everything(workspace))

    return standing


def everything(workspace: Workspace) -> dict[str, str]:
    """The rows of every table, and every file that counts: no draft, and no part that the database does not name."""
    with closing(sqlite3.connect(f"file:{workspace.home / 'gatehouse.db'}?mode=ro", uri=True)) as database:
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        found = {table: repr(sorted(map(repr, database.execute(f"SELECT * FROM {table}")))) for table in sorted(tables)}
        recorded = {file for (file,) in database.execute("SELECT file FROM parts WHERE file IS NOT NULL")}
    root = workspace.home / "tenants"
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root)
        draft = any(part.startswith(".") for part in name.parts)
        unrecorded = path.name.startswith("part-") and f"{path.parent.name}/{path.name}" not in recorded
        if path.is_file() and not draft and not unrecorded:
            found[str(name)] = sha256(path.read_bytes()).hexdigest()
    return found


def test_a_removal_that_lost_its_lease_removes_nothing(way: Way, opened: Callable[[Path], Workspace]) -> None:
    for nth in (2, 3):
        workspace = opened(way.folder / "report")
        with workspace.database.transaction("acme") as session:
            runs.finish(session, way.token, runs.RunState.COMPLETED)
        standing = revoke_before(workspace, nth)
        with pytest.raises(Fenced):
            remove_tenant(workspace, "acme", actor="test")
        after = everything(workspace)
        assert all(after[table] == rows for table, rows in standing[0].items())


def test_what_killed_runs_left_is_gone_when_the_next_begins(way: Way, opened: Callable[[Path], Workspace]) -> None:
    workspace = opened(way.folder / Step.BASELINE)
    layout = workspace.layout("acme")
    before = everything(workspace)
    mailbox = next(layout.mail.iterdir())
    left = [mailbox / "part-000077-0123456789abcdef.parquet", mailbox / ".tmp-1-a"]
    for folder in (layout.history, layout.scores, layout.baseline(1).parent, layout.calibration(1).parent):
        left += [folder / ".tmp-9-b", folder / "..tmp-9-c.9.draft" / "facts.bin"]
    for path in left:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"half")
    sweep_leftovers(workspace, way.token)
    assert not any(path.exists() for path in left)
    assert everything(workspace) == before


def test_a_worker_never_sweeps_what_another_of_its_run_is_about_to_record(
    way: Way, opened: Callable[[Path], Workspace]
) -> None:
    """Two workers may be given one shard (a cluster that lost sight of the first): neither takes the other's part."""
    workspace = opened(way.folder / Step.INGEST)
    mailbox = workspace.layout("acme").mailbox("someone")
    mailbox.mkdir(parents=True)
    (mailbox / "part-000000-0123456789abcdef.parquet").write_bytes(b"of the other worker")
    with workspace.database.session("acme") as session:
        names = [one.name for one in mailboxes.all_of(session, "acme")]
    read_all(workspace, way.token, names)
    assert (mailbox / "part-000000-0123456789abcdef.parquet").exists()


def test_the_whole_way_again_after_a_run_was_replaced_in_the_middle(
    way: Way, opened: Callable[[Path], Workspace]
) -> None:
    """The successor's result is that of an undisturbed run, whatever the one before it tried."""
    workspace = opened(way.folder / Step.BASELINE)
    revoke_before(workspace, 9)
    with pytest.raises(Fenced):
        make_baseline(workspace, way.token)
    with closing(sqlite3.connect(workspace.home / "gatehouse.db")) as other, other:
        other.execute("UPDATE runs SET state = 'crashed'")
    again = onboard(workspace, "acme")
    assert (again["state"], again["mode"]) == ("active", "shadow")
    calm = way.folder / "home" / "tenants" / "acme"
    for name in ("history/history.json", "baselines/1/facts.bin", "calibrations/1.json"):
        assert (workspace.layout("acme").root / name).read_bytes() == (calm / name).read_bytes(), name
