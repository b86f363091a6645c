"""`gatehouse up`, `down` and `database`: what runs beside the commands on this machine."""

from __future__ import annotations

import click

from onboarding.cli.console import document, json_option, say, speaks_plainly


@click.command()
@json_option
@speaks_plainly
def up(as_json: bool) -> None:
    """Starts what onboarding runs on, on this machine: Prefect server with its UI, worker, deployments, database.

    Again it starts only what is missing. Without it every command still works, on a server that Prefect starts for the run.
    """
    from onboarding.orchestration import orchestrator
    from onboarding.workspace import open_workspace

    running = orchestrator().up(open_workspace(), say)
    if as_json:
        document(running)
    say(f"Prefect UI   {running['prefect_ui']}")
    say(f"reports      {running['reports']}/NAME/")
    say(f"database     {running['database']}")
    say(f"worker       process {running['worker']['pid']}, up to {running['worker']['at_once']} runs at a time")
    say(f"deployments  {', '.join(running['deployments'])}")
    say("`gatehouse onboard NAME --detach` hands a tenant to the worker; `gatehouse down` stops all of it")


@click.command()
@json_option
@speaks_plainly
def down(as_json: bool) -> None:
    """Stops what `gatehouse up` started. A run that is under way stops with it and can be resumed."""
    from onboarding.orchestration import orchestrator
    from onboarding.workspace import open_workspace

    stopped = orchestrator().down(open_workspace())
    if as_json:
        document({"stopped": stopped})
    say(f"stopped: {', '.join(stopped)}" if stopped else "nothing was running")


@click.group()
def database() -> None:
    """The database of progress."""


@database.command("upgrade")
@json_option
@speaks_plainly
def upgrade(as_json: bool) -> None:
    """Brings the database to this version's tables."""
    from onboarding.database.connection import Database
    from onboarding.database.upgrade import upgrade as bring_up
    from onboarding.settings import load

    settings = load()
    if settings.database_url is None:
        settings.create_home()
    before, after = bring_up(Database(settings.database_address))
    if as_json:
        document({"before": before, "after": after})
    say(f"the database is at revision {after}" + ("" if before == after else f" (was {before or 'empty'})"))
