"""What a killed run leaves in Prefect: flow and task runs that stay Running for ever. The run that takes over closes them."""

from __future__ import annotations

import logging
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    TaskRunFilter,
    TaskRunFilterState,
    TaskRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.states import Crashed

from onboarding.database import runs
from onboarding.lifecycle import RunState
from onboarding.workspace import Workspace

UNFINISHED = (StateType.RUNNING, StateType.PENDING, StateType.SCHEDULED, StateType.PAUSED)

log = logging.getLogger(__name__)


def close_dead_runs(workspace: Workspace, tenant: str, said: str) -> None:
    """Marks the flow runs of this tenant's crashed runs as crashed. SQL is the truth; when the server refuses, so be it."""
    with workspace.database.session(tenant) as session:
        known = runs.all_of(session, tenant, limit=20)
    dead = [run.flow_run for run in known if run.state is RunState.CRASHED and run.flow_run]
    if not dead:
        return
    try:
        with get_client(sync_client=True) as client:
            for flow_run in dead:
                state = client.read_flow_run(UUID(flow_run)).state
                if state is not None and not state.is_final():
                    client.set_flow_run_state(UUID(flow_run), Crashed(message=said), force=True)
                left = client.read_task_runs(
                    flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[UUID(flow_run)])),
                    task_run_filter=TaskRunFilter(
                        state=TaskRunFilterState(type=TaskRunFilterStateType(any_=list(UNFINISHED)))
                    ),
                )
                for task_run in left:
                    client.set_task_run_state(task_run.id, Crashed(message=said), force=True)
    except Exception as error:
        log.debug("flow runs of crashed runs of %s were not closed: %s", tenant, error)
