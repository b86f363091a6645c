"""`gatehouse onboard`: the whole way, or on from where it stopped."""

from __future__ import annotations

import sys
from typing import Any

import click

from onboarding.cli.console import Exit, document, fail, json_option, say, speaks_plainly
from onboarding.cli.fleet import onboard_many
from onboarding.lifecycle import Step


@click.command()
@click.argument("name", required=False)
@click.option("--all", "every", is_flag=True, help="Every tenant, several at a time, small ones not behind giants.")
@click.option("--tag", help="The same for every tenant with this tag.")
@click.option("--until", type=click.Choice([str(step) for step in Step]), help="Stop after this step.")
@click.option("--detach", is_flag=True, help="Hand it to the worker of `gatehouse up` and do not wait.")
@json_option
@speaks_plainly
def onboard(name: str | None, every: bool, tag: str | None, until: str | None, detach: bool, as_json: bool) -> None:
    """Reads a tenant's mail, learns, calibrates and switches detection on; resumes where it stopped. Ctrl-C is safe."""
    from onboarding.database import runs, tenants
    from onboarding.lifecycle import RunState
    from onboarding.orchestration import orchestrator
    from onboarding.run import outcome
    from onboarding.workspace import open_workspace

    if (name is not None) + every + (tag is not None) != 1:
        fail("name one tenant, or --all, or --tag TAG", Exit.USAGE)
    if name is None:
        if until or detach:
            fail("--until and --detach are for one tenant", Exit.USAGE)
        onboard_many(tag, as_json)
        return
    workspace = open_workspace()
    with workspace.database.session(name) as session:
        tenants.get(session, name)
        # The flow would find out as well, half a minute of starting later and with a traceback.
        runs.refuse_if_busy(session, name, silent_after=workspace.settings.silent_seconds)
    if detach:
        handed = orchestrator().submit(workspace, name, Step(until) if until else None)
        if as_json:
            document(handed)
        say(f"{name}: {'joined' if handed['joined'] else 'handed over as'} flow run {handed['flow_run']}")
        say(f"  watch it     {handed['prefect_ui']}, or `gatehouse status {name}`")
        return
    run = orchestrator().onboard(workspace, name, Step(until) if until else None)
    with workspace.database.session(name) as session:
        held = runs.get(session, name, run).state is RunState.HELD
    result = outcome(workspace, name, run)
    if as_json:
        document(result)
    tell(result)
    if held:
        sys.exit(int(Exit.HELD))


def tell(result: dict[str, Any]) -> None:
    """The outcome in a few lines."""
    mail, boxes, name = result["messages"], result["mailboxes"], result["tenant"]
    skipped = ", ".join(f"{count:,} {reason}" for reason, count in mail["skipped"].items())
    say("")
    say(f"{name}: {result['state']}, mode {result['mode']}")
    say(
        f"  mailboxes    {boxes['ingested']} of {boxes['discovered']} read"
        + (f", {boxes['failed']} failed" if boxes["failed"] else "")
    )
    kept = f"{mail['stored']:,} stored + {mail['duplicates']:,} duplicates"
    if not mail["duplicates_known"]:
        kept = f"{mail['stored'] + mail['duplicates']:,} read (duplicates are counted by the baseline)"
    say(
        f"  messages     {mail['listed']:,} listed = {kept} + {sum(mail['skipped'].values()):,} skipped"
        + (f" ({skipped})" if skipped else "")
    )
    if result["early"]:
        say(
            f"  early        on mail from {result['early']['back_to']} on; {result['early']['mailboxes']} mailboxes have older "
            "mail that is still to be read, and it is calibrated again when that is in"
        )
    if result["history"]["days"]:
        say(f"  history      {result['history']['from']} to {result['history']['to']}")
    if result["calibration"]:
        say(f"  promise      {result['calibration']['statement']}")
        strongest = f"the {result['findings']:,} strongest of history's outliers are kept"
        say(f"  findings     {strongest if result['findings'] else 'none'}")
    if result["held_reason"]:
        say(f"  held         {result['held_message']}")
        say(f"  what helps   {result['held_remedy']}")
