"""What the command line can ask of Prefect. Prefect itself is imported when a flow is run, not before: it takes seconds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from flows import machine, orphans, server
from flows.daemon import ServerError
from flows.environment import prefect_environment, prepare
from onboarding.lifecycle import Step
from onboarding.settings import Settings, TaskRunner
from onboarding.workspace import Workspace


class PrefectOrchestrator:
    """Runs flows in this process, against the server that is there or Prefect's in-process one."""

    def onboard(self, workspace: Workspace, tenant: str, until: Step | None) -> str:
        """Runs the flow `onboard-tenant` and waits; gives the run's id."""
        api_url = prepare(workspace.home)
        if api_url is None and workspace.settings.task_runner is TaskRunner.DASK:
            # The workers of a cluster are processes of their own, which no in-process server is there for.
            with self.served(workspace):
                return self.onboard(workspace, tenant, until)
        orphans.sweep(workspace.home)
        if api_url is None:
            orphans.own()
            orphans.stand_apart()
        from flows.onboard import run_onboarding

        return run_onboarding(workspace, tenant, until)

    def submit(self, workspace: Workspace, tenant: str, until: Step | None) -> dict[str, Any]:
        """Gives the onboarding to a worker and does not wait; joins the run that the tenant already has there.

        Raises ServerError when there is no server, or it does not know the deployment.
        """
        api_url = prepare(workspace.home)
        if api_url is None:
            raise ServerError(
                "there is no Prefect server to hand the run to: run `gatehouse up`, or set PREFECT_API_URL"
            )
        from flows.parameters import OnboardTenant
        from flows.submit import submit_onboarding

        return submit_onboarding(OnboardTenant(tenant=tenant, until=until or Step.ACTIVATE), api_url)

    def up(self, workspace: Workspace, tell: Callable[[str], None]) -> dict[str, Any]:
        """Starts what is needed on this machine, or finds it running; gives the addresses."""
        return machine.up(workspace, tell)

    def down(self, workspace: Workspace) -> list[str]:
        """Stops it; gives the names of what was running."""
        return machine.down(workspace)

    def start_server(self, workspace: Workspace) -> str:
        """Starts the local Prefect server, or finds the running one; gives the address of its UI."""
        return server.start(workspace.home, prefect_environment(workspace.home)).ui_url

    @contextmanager
    def served(self, workspace: Workspace) -> Iterator[None]:
        """A server for as long as the block lasts: the one that is there, else one started for it."""
        if prepare(workspace.home) is not None:
            yield
            return
        server.start(workspace.home, prefect_environment(workspace.home))
        prepare(workspace.home)
        try:
            yield
        finally:
            server.stop(workspace.home)

    def stop_server(self, workspace: Workspace) -> bool:
        """Stops it; whether one was running."""
        return server.stop(workspace.home)

    def secret_block(self, settings: Settings, name: str) -> str | None:
        """The value of the Prefect block of type Secret with this name; None when there is none, or no server."""
        if prepare(settings.folder) is None:
            return None
        from prefect.blocks.system import Secret

        try:
            block: Any = Secret.load(name)
        except ValueError:
            return None
        return str(block.get())
