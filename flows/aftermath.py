"""What a killed run leaves in Prefect: a flow run that stays Running for ever. The run that takes over closes it."""

from __future__ import annotations

import logging
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.states import Crashed

from onboarding.database import runs
from onboarding.database.runs import RunToken
from onboarding.lifecycle import RunState
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)


def close_dead_runs(workspace: Workspace, token: RunToken) -> None:
    """Marks the flow runs of this tenant's crashed runs as crashed. SQL is the truth; when the server refuses, so be it."""
    with workspace.database.session(token.tenant) as session:
        known = runs.all_of(session, token.tenant, limit=20)
    dead = [run.flow_run for run in known if run.state is RunState.CRASHED and run.flow_run]
    if not dead:
        return
    try:
        with get_client(sync_client=True) as client:
            for flow_run in dead:
                state = client.read_flow_run(UUID(flow_run)).state
                if state is not None and not state.is_final():
                    client.set_flow_run_state(
                        UUID(flow_run), Crashed(message=f"its process was gone; run {token.run} went on"), force=True
                    )
    except Exception as error:
        log.debug("flow runs of crashed runs of %s were not closed: %s", token.tenant, error)
