"""Asks a worker, through Prefect's server, to onboard a tenant: the same as the form in the UI."""

from __future__ import annotations

from typing import Any

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
    FlowRunFilterTags,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError

from flows.daemon import ServerError
from flows.deployments import ONBOARD, RESUME
from flows.marking import tags_of
from flows.parameters import OnboardTenant

WAITING = (StateType.SCHEDULED, StateType.PENDING, StateType.RUNNING)


def submit_onboarding(request: OnboardTenant, api_url: str) -> dict[str, Any]:
    """Gives a run to do to whichever worker is there; joins the one that the tenant already has waiting or running.

    Raises ServerError when the deployment is not known there, or the server refuses.
    """
    with get_client(sync_client=True) as client:
        try:
            deployment = client.read_deployment_by_name(ONBOARD.full_name)
            run = _under_way(client, request.tenant)
            joined = run is not None
            if run is None:
                run = client.create_flow_run_from_deployment(
                    deployment.id,
                    parameters={"request": request.model_dump(mode="json")},
                    name=f"onboard {request.tenant}",
                    tags=tags_of(request.tenant),
                )
        except ObjectNotFound:
            raise ServerError(
                f"the Prefect server at {api_url} knows no deployment {ONBOARD.full_name}: run `gatehouse up`"
            ) from None
        except PrefectHTTPStatusError as error:
            raise ServerError(f"the Prefect server at {api_url} refused the run: {error.response.text[:500]}") from None
    return {
        "tenant": request.tenant,
        "flow_run": str(run.id),
        "state": str(run.state.name if run.state else "Scheduled"),
        "joined": joined,
        "prefect_ui": f"{api_url.removesuffix('/api')}/runs/flow-run/{run.id}",
    }


def submit_resuming() -> None:
    """Has a worker look for interrupted onboardings now, rather than within ten minutes."""
    with get_client(sync_client=True) as client:
        client.create_flow_run_from_deployment(client.read_deployment_by_name(RESUME.full_name).id)


def _under_way(client: SyncPrefectClient, tenant: str) -> FlowRun | None:
    """The run that a worker has, or will have, for the tenant; None when there is none."""
    found = client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            tags=FlowRunFilterTags(all_=sorted(tags_of(tenant))),
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=list(WAITING))),
        )
    )
    return found[0] if found else None
