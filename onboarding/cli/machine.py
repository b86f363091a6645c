"""`gatehouse up`, `down` and `database`: what runs beside the commands on this machine."""

from __future__ import annotations

import click

from onboarding.cli.console import document, json_option, say, speaks_plainly


@click.command()
@json_option
@speaks_plainly
def up(as_json: bool) -> None:
    """Starts the Prefect server on this machine, for its UI; without it flows use a server of their own."""
    from onboarding.orchestration import orchestrator
    from onboarding.workspace import open_workspace

    say("starting the Prefect server, some 20 s the first time")
    url = orchestrator().start_server(open_workspace())
    if as_json:
        document({"prefect_ui": url})
    say(f"Prefect UI: {url}")


@click.command()
@json_option
@speaks_plainly
def down(as_json: bool) -> None:
    """Stops what `gatehouse up` started."""
    from onboarding.orchestration import orchestrator
    from onboarding.workspace import open_workspace

    stopped = orchestrator().stop_server(open_workspace())
    if as_json:
        document({"stopped": stopped})
    say("stopped" if stopped else "nothing was running")


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
