"""How a run is found in the UI, however it was started: its name and its tags."""

from __future__ import annotations

import logging
from uuid import UUID

from prefect import runtime
from prefect.client.orchestration import get_client

log = logging.getLogger(__name__)


def tags_of(tenant: str) -> set[str]:
    """Tags of a run that works on one tenant."""
    return {"onboarding", f"tenant:{tenant}"}


def tag_run(tenant: str) -> None:
    """Gives the current run its tenant's tags: one started from the UI has none of its own."""
    wanted = tags_of(tenant) | set(runtime.flow_run.tags or ())
    if wanted != set(runtime.flow_run.tags or ()):
        _change(tags=wanted)


def rename_run(name: str) -> None:
    """Gives the current run a name, so that a list of runs says what each is about."""
    _change(name=name)


def _change(name: str | None = None, tags: set[str] | None = None) -> None:
    try:
        with get_client(sync_client=True) as client:
            client.update_flow_run(UUID(str(runtime.flow_run.id)), name=name, tags=tags)
    except Exception as error:
        # Names and tags are for looking; the run goes on without.
        log.debug("the run could not be marked: %s", error)
