"""Many tenants at once: `gatehouse onboard --all`, and `gatehouse sweep` for those whose run died."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from onboarding.cli.console import Exit, document, json_option, say, speaks_plainly

if TYPE_CHECKING:
    # Left out at run time: a command should answer `--help` before SQLAlchemy is loaded.
    from onboarding.fleet_run import Done


@click.command()
@click.option("--dry-run", is_flag=True, help="Only say which tenants would be gone on with.")
@json_option
@speaks_plainly
def sweep(dry_run: bool, as_json: bool) -> None:
    """Marks runs whose process is gone, and goes on with the onboardings that were interrupted. For a scheduler."""
    from onboarding.fleet import interrupted, resume_dead
    from onboarding.fleet_run import onboard_fleet
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    found = interrupted(workspace)
    if dry_run or not found:
        if as_json:
            document([asdict(one) for one in found])
        for one in found:
            say(
                f"{one.tenant}: run {one.run} died ({one.deaths} in a row), to be gone on with from {one.due:%F %T} UTC"
            )
        return
    due: list[str] = []
    resume_dead(workspace, due.append)
    _end(onboard_fleet(workspace, due, tell=_tell) if due else [], as_json)


def onboard_many(tag: str | None, as_json: bool) -> None:
    """Onboards all tenants, or those with a tag; a line each as they end."""
    from onboarding.fleet_run import chosen, onboard_fleet
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    names = chosen(workspace, tag)
    say(f"{len(names)} tenants" + (f" with tag {tag}" if tag else ""))
    _end(onboard_fleet(workspace, names, tell=_tell) if names else [], as_json)


def _tell(done: Done) -> None:
    say(f"{done.tenant}: {done.outcome} after {done.seconds:.1f} s" + (f": {done.said}" if done.said else ""))


def _end(ended: list[Done], as_json: bool) -> None:
    if as_json:
        document([asdict(one) for one in ended])
    outcomes = {one.outcome for one in ended}
    if outcomes - {"completed", "held"}:
        sys.exit(int(Exit.FAILED))
    if "held" in outcomes:
        sys.exit(int(Exit.HELD))
