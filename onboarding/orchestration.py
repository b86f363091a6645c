"""The seam through which the command line starts flows. Arrows point down, so `flows` is found by entry point.

`flows` registers an object with these functions under the group `gatehouse.orchestrator`.
"""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Protocol, cast

from onboarding.lifecycle import Step
from onboarding.workspace import Workspace

GROUP = "gatehouse.orchestrator"


class Orchestrator(Protocol):
    """What the command line asks of the flows."""

    def onboard(self, workspace: Workspace, tenant: str, until: Step | None) -> str:
        """Runs the onboarding flow in this process and waits; gives the run's id. Raises what the steps raise."""
        ...

    def start_server(self, workspace: Workspace) -> str:
        """Starts the local Prefect server, or finds the running one; gives the address of its UI."""
        ...

    def stop_server(self, workspace: Workspace) -> bool:
        """Stops it; whether one was running."""
        ...


def orchestrator() -> Orchestrator:
    """The installed orchestrator. Raises RuntimeError when the installation is incomplete."""
    for point in entry_points(group=GROUP):
        return cast(Orchestrator, point.load()())
    raise RuntimeError(f"no package registers {GROUP}: this installation is incomplete, run `make setup` again")
