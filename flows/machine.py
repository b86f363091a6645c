"""`gatehouse up` and `gatehouse down`: what onboarding runs on, on one machine, as a whole. Again, only what is missing.

The parts are started in the order in which they need each other: database, server, deployments, worker. Each writes down
at once which process it is, so that `down` also ends what an interrupted `up` has left half-started.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from flows import daemon, orphans, reports, server, worker
from flows.daemon import ServerError
from flows.deployments import POOL
from flows.environment import given_api_url, prefect_environment, prepare
from onboarding.database import fleet
from onboarding.fleet import interrupted
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

STANDING = 1
"""Places for runs beside the tenants that are onboarded at a time: live mail is followed all day."""


def up(workspace: Workspace, tell: Callable[[str], None], first_port: int = server.FIRST_PORT) -> dict[str, Any]:
    """Starts what is missing and gives the addresses, as JSON values. The database is migrated by then.

    With a PREFECT_API_URL of the user's own, that server is used: only the worker runs here.
    Raises ServerError, saying which part did not start and where its log is; what did start stays.
    """
    home, environment = workspace.home, prefect_environment(workspace.home)
    with daemon.one_at_a_time(home):
        api_url = given_api_url()
        if api_url is None:
            api_url = server.start(home, environment, tell, first_port).api_url
        elif not server.healthy(api_url):
            raise ServerError(
                f"no Prefect server answers at PREFECT_API_URL={api_url}: start it, or unset the variable"
            )
        orphans.sweep(home)
        prepare(home, api_url)
        at_once = workspace.settings.tenants_at_once
        tell(f"registering deployments at {api_url}")
        # Not before: it loads Prefect, which reads its settings once.
        from flows.register import register

        deployments = register(at_once + STANDING)
        tell("starting the worker")
        reports_url = reports.start(home)
        working = worker.start(home, environment, api_url, at_once + STANDING)
        if dead := interrupted(workspace):
            from flows.submit import submit_resuming

            tell(
                f"{len(dead)} onboardings were interrupted and are gone on with: {', '.join(d.tenant for d in dead[:5])}"
            )
            submit_resuming()
    return {
        "prefect_ui": api_url.removesuffix("/api"),
        "prefect_api": api_url,
        "reports": reports_url,
        "database": workspace.database.url.render_as_string(),
        "work_pool": POOL,
        "worker": {"pid": working.pid, "at_once": at_once, "log": str(daemon.log_of(home, worker.NAME))},
        "deployments": deployments,
    }


def down(workspace: Workspace) -> list[str]:
    """Stops worker, reports and server, whatever state they are in, and writes down that runs they had are interrupted.

    Gives the names of what was running. The server of a PREFECT_API_URL is somebody else's and goes on.
    """
    home = workspace.home
    with daemon.one_at_a_time(home):
        parts = ((worker.NAME, worker.stop), (reports.NAME, reports.stop), (server.NAME, server.stop))
        stopped = [name for name, stop in parts if stop(home)]
    for tenant, run in fleet.sweep(workspace.database, silent_after=workspace.settings.silent_seconds):
        log.info("%s: run %s is interrupted; `gatehouse onboard %s` goes on from there", tenant, run, tenant)
    return stopped
