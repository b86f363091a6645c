"""Onboards many tenants side by side, each in a process that takes one after the other.

A process has the imports and Prefect's client done once, so a small tenant costs little more than its mail. A tenant
that kills its process costs that process only. The order is that of `onboarding.fleet_queue`.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, replace
from functools import cache

from onboarding.database import fleet, runs, tenants
from onboarding.database.runs import TenantBusy
from onboarding.fleet_queue import Candidate, bar_of, choose
from onboarding.lifecycle import RunState, TenantState
from onboarding.orchestration import orchestrator
from onboarding.settings import Settings
from onboarding.workers import WorkerPool
from onboarding.workspace import Workspace, open_workspace

log = logging.getLogger(__name__)

SQLITE_AT_ONCE = 4
"""SQLite has one writer at a time; Prefect's, too."""

LOOK_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What came of one tenant."""

    tenant: str
    outcome: str
    """completed, held, failed, busy, crashed ..."""
    said: str
    """Why, when it is not completed; else empty."""
    seconds: float
    run_id: str | None = None


def chosen(workspace: Workspace, tag: str | None) -> list[str]:
    """Tenants to onboard, by name: all, or those with a tag; not those that were switched off."""
    with workspace.database.fleet_session() as session:
        names = set(fleet.tagged(session, tag))
        overview = fleet.overview(session)
    return [one.tenant for one in overview if one.tenant in names and one.state is not TenantState.DEACTIVATED]


def onboard_fleet(
    workspace: Workspace,
    names: Sequence[str],
    *,
    at_once: int | None = None,
    tell: Callable[[Done], None] = lambda done: None,
) -> list[Done]:
    """Onboards the tenants; gives what came of each, in the order of their ends. What one does keeps no other from it."""
    slots = at_once or workspace.settings.tenants_at_once
    if workspace.database.url.get_backend_name() == "sqlite":
        slots = min(slots, SQLITE_AT_ONCE)
    waiting = _candidates(workspace, names)
    pools = [WorkerPool(1) for _ in range(slots + 1)]
    running: dict[Future[Done], tuple[Candidate, WorkerPool]] = {}
    bar = bar_of([one.size for one in waiting])
    ended: list[Done] = []
    with orchestrator().served(workspace), ThreadPoolExecutor(slots + 1) as threads:
        try:
            while waiting or running:
                while one := choose(waiting, [each for each, _ in running.values()], slots, bar):
                    waiting.remove(one)
                    pool = pools.pop()
                    future = threads.submit(_in_process, workspace.settings, one, bar, pool)
                    running[future] = one, pool
                done, _ = wait(running, timeout=LOOK_EVERY_SECONDS, return_when=FIRST_COMPLETED)
                for future in done:
                    _, pool = running.pop(future)
                    pools.append(pool)
                    ended.append(future.result())
                    tell(ended[-1])
                if not done and waiting:
                    # A tenant's size is found out when its source is connected: a giant may run that nobody knew for one.
                    sizes = _sizes(workspace)
                    bar = max(bar, bar_of([sizes.get(name) for name in names]))
                    running = {
                        future: (replace(one, size=sizes.get(one.tenant)), pool)
                        for future, (one, pool) in running.items()
                    }
        finally:
            for pool in (*pools, *(pool for _, pool in running.values())):
                pool.__exit__(None, None, None)
    return ended


def _candidates(workspace: Workspace, names: Sequence[str]) -> list[Candidate]:
    with workspace.database.fleet_session() as session:
        sizes, sources = fleet.sizes(session), fleet.sources(session)
    return [Candidate(name, sources[name].partition(":")[0], sizes.get(name)) for name in names if name in sources]


def _sizes(workspace: Workspace) -> dict[str, int]:
    with workspace.database.fleet_session() as session:
        return fleet.sizes(session)


def _in_process(settings: Settings, one: Candidate, bar: int, pool: WorkerPool) -> Done:
    begun, tenant = time.monotonic(), one.tenant
    if (one.size or 0) <= bar:
        # One process a tenant: processes of its own would cost a small one more than they save.
        settings = settings.model_copy(update={"workers": 1, "parse_workers": 0})
    environment = {
        "GATEHOUSE_HOME": str(settings.folder),
        "GATEHOUSE_WORKERS": str(settings.workers),
        "GATEHOUSE_PARSE_WORKERS": str(settings.parse_workers),
    }
    try:
        outcome, said, run = pool.run(_onboard, environment, tenant)
    except BrokenProcessPool:
        outcome, said, run = "crashed", "its process was killed three times", None
    except Exception as error:
        outcome, said, run = "failed", f"{type(error).__name__}: {error}".splitlines()[0][:500], None
    return Done(tenant=tenant, outcome=outcome, said=said, seconds=round(time.monotonic() - begun, 3), run_id=run)


def _onboard(environment: dict[str, str], tenant: str) -> tuple[str, str, str | None]:
    # The flow reads its settings from the environment, as it does in whatever process it runs.
    os.environ.update(environment)
    workspace = _opened()
    settings = workspace.settings
    with workspace.database.session(tenant) as session:
        try:
            tenants.get(session, tenant)
            runs.refuse_if_busy(session, tenant, silent_after=settings.silent_seconds)
        except TenantBusy as busy:
            return "busy", str(busy), busy.run_id
    run_id = orchestrator().onboard(workspace, tenant, None)
    with workspace.database.session(tenant) as session:
        run = runs.get(session, tenant, run_id)
        row = tenants.get(session, tenant)
    said = (row.held_message if run.state is RunState.HELD else run.error) or ""
    return str(run.state), said, run.id


@cache
def _opened() -> Workspace:
    return open_workspace()
