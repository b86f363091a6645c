"""Runs whose process is gone are seen and gone on with, with no one looking. SQL is asked, and nothing else is trusted.

Meant to be called every minute or so, from as many places as one likes: the lease lets one of them begin.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from onboarding import clock
from onboarding.database import fleet, runs
from onboarding.database.runs import Run, TenantBusy
from onboarding.lifecycle import RunState
from onboarding.run import ONBOARD
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

AT_ONCE = 2
"""So many deaths in a row are resumed from at once: machines are restarted, workers moved."""

FIRST_PAUSE = timedelta(minutes=2)
LONGEST_PAUSE = timedelta(hours=6)
"""A run that dies again and again takes its machine with it, perhaps: it is tried ever more rarely, never given up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interrupted:
    """A tenant whose onboarding was interrupted by the death of its process."""

    tenant: str
    run: str
    """The run that died last."""
    flow_run: str | None
    deaths: int
    """Runs that died one after the other, the last included."""
    due: datetime
    """When it is to be gone on with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """What came of an interrupted tenant. `problem` is None when it was started."""

    tenant: str
    run: str
    deaths: int
    problem: str | None = None


def interrupted(workspace: Workspace) -> list[Interrupted]:
    """Marks runs whose process is gone as crashed; gives every tenant whose newest onboarding ended that way.

    A run that a person stopped, that failed or is held is not among them: it says what to do.
    """
    fleet.sweep(workspace.database, silent_after=workspace.settings.silent_seconds)
    with workspace.database.fleet_session() as session:
        names = fleet.newest_crashed(session)
    found = []
    for name in names:
        with workspace.database.session(name) as session:
            known = [run for run in runs.all_of(session, name) if run.kind == ONBOARD]
        if dead := _dead(known):
            found.append(
                Interrupted(
                    tenant=name,
                    run=dead[0].id,
                    flow_run=dead[0].flow_run,
                    deaths=len(dead),
                    due=(dead[0].ended_at or clock.now()) + pause_after(len(dead)),
                )
            )
    return found


def resume_dead(workspace: Workspace, start: Callable[[str], object]) -> list[Resumed]:
    """Has every interrupted tenant that is due gone on with; `start` begins a tenant's onboarding, wherever it runs.

    `start` may wait for its end or not. One that cannot be started is reported and keeps no other from it.
    """
    found, now = interrupted(workspace), clock.now()
    resumed = []
    for one in found:
        if one.due > now:
            continue
        problem = None
        try:
            start(one.tenant)
        except TenantBusy:
            continue  # somebody else was faster
        except Exception as error:
            problem = f"{type(error).__name__}: {error}"
            log.warning("%s was interrupted and could not be resumed: %s", one.tenant, problem)
        resumed.append(Resumed(tenant=one.tenant, run=one.run, deaths=one.deaths, problem=problem))
    return resumed


def pause_after(deaths: int) -> timedelta:
    """How long a tenant is left alone after so many deaths in a row.

    >>> [str(pause_after(deaths)) for deaths in (1, 2, 3, 4, 40)]
    ['0:00:00', '0:00:00', '0:02:00', '0:04:00', '6:00:00']
    """
    if deaths <= AT_ONCE:
        return timedelta(0)
    return min(FIRST_PAUSE * float(2 ** min(deaths - AT_ONCE - 1, 16)), LONGEST_PAUSE)


def _dead(known: list[Run]) -> list[Run]:
    """The newest runs that crashed, up to the first that did not; newest first."""
    dead = []
    for run in known:
        if run.state is not RunState.CRASHED:
            break
        dead.append(run)
    return dead
