"""`gatehouse score` and `gatehouse replay`: decisions with their reasons, from the command line."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import click

from onboarding.cli.console import Exit, json_option, line, say, speaks_plainly


@click.command()
@click.argument("name")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@json_option
@speaks_plainly
def score(name: str, files: tuple[Path, ...], as_json: bool) -> None:
    """Decides on mail files by what is in force for the tenant, with reasons. Nothing is recorded or learned."""
    from onboarding.scoring import open_scorer, score_files
    from onboarding.workspace import open_workspace

    scorer = open_scorer(open_workspace(), name)
    failed = False
    for result in score_files(scorer, files):
        failed |= result["decision"] is None
        if as_json:
            line(result)
        else:
            print_decision(result)
    sys.exit(int(Exit.FAILED if failed else Exit.DONE))


@click.command()
@click.argument("name")
@click.argument("uri", metavar="SOURCE-URI")
@json_option
@speaks_plainly
def replay(name: str, uri: str, as_json: bool) -> None:
    """Sends the mail of a source through the live path in order of time, learning as it goes; a decision each."""
    from onboarding.scoring import open_scorer, replay_source
    from onboarding.sources.registry import open_source
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    scorer = open_scorer(workspace, name)
    counts: Counter[str] = Counter()
    for result in replay_source(workspace, scorer, open_source(uri)):
        counts[result["decision"] or f"skipped: {result['skipped']}"] += 1
        if as_json:
            line(result)
        elif result["decision"] != "safe":
            print_decision(result)
    say(", ".join(f"{count:,} {what}" for what, count in sorted(counts.items())) or f"no mail in {uri}")


def print_decision(result: dict[str, Any]) -> None:
    """One decision for people."""
    if result["decision"] is None:
        click.echo(f"{result['path']}: not decided, {result['skipped']} {result['detail']}")
        return
    kind = f" ({result['kind']})" if result["kind"] else ""
    click.echo(f"{result['path']}: {result['decision']}{kind}, tail probability {result['tail_probability']:.2g}")
    for reason in result["reasons"]:
        click.echo(f"  - {reason}")
