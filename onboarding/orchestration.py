"""The seam through which the command line starts flows. Arrows point down, so `flows` is found by entry point.

`flows` registers an object with these functions under the group `gatehouse.orchestrator`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from importlib.metadata import entry_points
from typing import Any, Protocol, cast

from onboarding.lifecycle import Step
from onboarding.settings import Settings
from onboarding.workspace import Workspace

GROUP = "gatehouse.orchestrator"


class Orchestrator(Protocol):
    """What the command line asks of the flows."""

    def onboard(self, workspace: Workspace, tenant: str, until: Step | None) -> str:
        """Runs the onboarding flow in this process and waits; gives the run's id. Raises what the steps raise."""
        ...

    def submit(self, workspace: Workspace, tenant: str, until: Step | None) -> dict[str, Any]:
        """Hands the onboarding to a worker and does not wait; gives flow run, state, whether it was joined, address."""
        ...

    def up(self, workspace: Workspace, tell: Callable[[str], None]) -> dict[str, Any]:
        """Starts what runs beside the commands (server, worker, deployments), or finds it; gives the addresses."""
        ...

    def down(self, workspace: Workspace) -> list[str]:
        """Stops all of it; the names of what was running."""
        ...

    def start_server(self, workspace: Workspace) -> str:
        """Starts the local Prefect server, or finds the running one; gives the address of its UI."""
        ...

    def served(self, workspace: Workspace) -> AbstractContextManager[None]:
        """A Prefect server for as long as the block lasts: the one that is there, else one started for it."""
        ...

    def stop_server(self, workspace: Workspace) -> bool:
        """Stops it; whether one was running."""
        ...

    def secret_block(self, settings: Settings, name: str) -> str | None:
        """The value of the Prefect block of type Secret with this name; None when there is none, or no server."""
        ...


def secret_block(settings: Settings, name: str) -> str | None:
    """The value of a secret that Prefect keeps; None when it keeps none of this name or is not there to be asked."""
    for point in entry_points(group=GROUP):
        return cast(Orchestrator, point.load()()).secret_block(settings, name)
    return None


def orchestrator() -> Orchestrator:
    """The installed orchestrator. Raises RuntimeError when the installation is incomplete."""
    for point in entry_points(group=GROUP):
        return cast(Orchestrator, point.load()())
    raise RuntimeError(f"no package registers {GROUP}: this installation is incomplete, run `make setup` again")
