"""Makes known to a Prefect server what Gatehouse runs there: work pool, deployments, automations. Again changes nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast
from uuid import UUID

from prefect import Flow
from prefect.automations import AutomationCore
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import RunnerDeployment
from prefect.events.actions import ChangeFlowRunState, RunDeployment
from prefect.events.schemas.automations import EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.exceptions import ObjectNotFound
from prefect.flows import load_flow_from_entrypoint
from prefect.schedules import Cron
from prefect.types.entrypoint import EntrypointType

from flows.deployments import DEPLOYMENTS, ONBOARD, POOL, POOL_TYPE, RESUME, TAG, Declared
from flows.environment import HEARTBEAT_SECONDS

DEAD_RUNS = "gatehouse: runs without a heartbeat are crashed"
RESUMING = "gatehouse: crashed onboardings are gone on with"
SILENT_BEATS = 3


def register(at_once: int) -> list[str]:
    """Work pool, deployments and automations at the server that Prefect is set to; gives the deployments' full names."""
    with get_client(sync_client=True) as client:
        _pool(client, at_once)
        known = {declared.name: _deployed(declared) for declared in DEPLOYMENTS}
        _automation(client, dead_runs())
        _automation(client, resuming(known[RESUME.name]))
    return [declared.full_name for declared in DEPLOYMENTS]


def _deployed(declared: Declared) -> UUID:
    return cast(UUID, deployment_of(declared).apply(work_pool_name=POOL))


def deployment_of(declared: Declared) -> RunnerDeployment:
    """A deployment as Prefect wants it."""
    flow: Flow[..., Any] = load_flow_from_entrypoint(declared.entrypoint)
    deployment = flow.to_deployment(
        declared.name,
        description=declared.description,
        parameters=dict(declared.parameters),
        schedules=[Cron(declared.cron, timezone="UTC")] if declared.cron else None,
        concurrency_limit=declared.most_at_once,
        tags=[TAG],
        entrypoint_type=EntrypointType.MODULE_PATH,
        work_pool_name=POOL,
    )
    assert isinstance(deployment, RunnerDeployment)
    return deployment


def dead_runs() -> AutomationCore:
    """A run of ours that has begun and then says nothing for three heartbeats is marked crashed.

    Prefect alone leaves the run of a killed process Running for ever. It is for the eye: what may write is decided by the
    lease in our database.
    """
    over = [f"prefect.flow-run.{end}" for end in ("Completed", "Failed", "Cancelled", "Crashed", "Held", "Refused")]
    return AutomationCore(
        name=DEAD_RUNS,
        description="A flow run of Gatehouse whose process is gone is marked Crashed, and can be run again.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={"prefect.flow-run.heartbeat", *over},
            match=ResourceSpecification.model_validate({"prefect.resource.id": "prefect.flow-run.*"}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=SILENT_BEATS * HEARTBEAT_SECONDS),
        ),
        actions=[
            ChangeFlowRunState(
                name=None,
                force=False,
                state=StateType.CRASHED,
                message="no heartbeat: its process is gone. The tenant's next run goes on from where it was.",
            )
        ],
    )


def resuming(deployment: UUID) -> AutomationCore:
    """When an onboarding has crashed, however that was seen, `resume-interrupted` looks at once what can be gone on with."""
    return AutomationCore(
        name=RESUMING,
        description="An onboarding that crashed is gone on with by a worker; one that keeps crashing ever more rarely.",
        trigger=EventTrigger(
            expect={"prefect.flow-run.Crashed"},
            match=ResourceSpecification.model_validate({"prefect.resource.id": "prefect.flow-run.*"}),
            match_related=ResourceSpecification.model_validate(
                {"prefect.resource.role": "flow", "prefect.resource.name": ONBOARD.name}
            ),
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        ),
        actions=[RunDeployment(source="selected", deployment_id=deployment, parameters={}, job_variables=None)],
    )


def _pool(client: SyncPrefectClient, at_once: int) -> None:
    try:
        pool = client.read_work_pool(POOL)
    except ObjectNotFound:
        client.create_work_pool(
            WorkPoolCreate(name=POOL, type=POOL_TYPE, description="Gatehouse on one machine", concurrency_limit=at_once)
        )
        return
    if pool.concurrency_limit != at_once:
        client.update_work_pool(POOL, WorkPoolUpdate(concurrency_limit=at_once))


def _automation(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    """Creates it, or replaces the one of that name: also when an interrupted `up` made it twice.

    One that is the same is left alone: Prefect forgets with every change which runs it was waiting to hear of, and `up`
    is what people run after a crash.
    """
    known = client.read_automations_by_name(wanted.name)
    if not known:
        client.create_automation(wanted)
        return
    if any(getattr(known[0], field) != getattr(wanted, field) for field in AutomationCore.model_fields):
        client.update_automation(known[0].id, wanted)
    for double in known[1:]:
        client.delete_automation(double.id)
