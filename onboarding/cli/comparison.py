"""`gatehouse calibrations diff`: what another calibration would have changed."""

from __future__ import annotations

from typing import Any

import click

from onboarding.cli.console import document, json_option, speaks_plainly


@click.command("diff")
@click.argument("name")
@click.argument("before", type=int)
@click.argument("after", type=int)
@json_option
@speaks_plainly
def diff(name: str, before: int, after: int, as_json: bool) -> None:
    """Threshold by threshold, and what it would have changed over history. Reads stored scores; nothing changes."""
    from onboarding.compare import compare
    from onboarding.workspace import open_workspace

    found = compare(open_workspace(), name, before, after)
    if as_json:
        document(found)
    else:
        print_comparison(found)


def print_comparison(found: dict[str, Any]) -> None:
    """A comparison for people."""
    for side in ("before", "after"):
        click.echo(f"{side:<7} calibration {found[side]['version']}: {found[side]['statement']}")
    for one in found["detectors"]:
        if one["changed"]:
            click.echo(f"  {one['detector']:<28} {_side(one['before'])}  ->  {_side(one['after'])}")
    if not any(one["changed"] for one in found["detectors"]):
        click.echo("  no threshold and no weight differs")
    if history := found["history"]:
        flagged = f"{history['flagged_before']:,} before, {history['flagged_after']:,} after"
        click.echo(f"over {history['messages']:,} messages of history flagged as attack: {flagged}")
        for key, title in (("newly_flagged", "newly flagged"), ("no_longer_flagged", "no longer flagged")):
            change = history[key]
            weeks = ", ".join(f"{week}: {count}" for week, count in change["by_week"].items())
            click.echo(
                f"  {title}: {change['messages']:,} messages, {change['known_bad']:,} of them known bad"
                + (f" (week of {weeks})" if weeks else "")
            )
            for example in change["strongest"]:
                click.echo(f"    {example['time'][:10]} {example['sender']} ({example['kind']}) {example['path']}")
                for reason in example["reasons"][:3]:
                    click.echo(f"      - {reason}")
    for kind, one in (found["rehearsal"] or {}).items():
        click.echo(f"  rehearsed {kind:<26} {one['caught_before']} -> {one['caught_after']} of {one['sent']} caught")
    for missing in found["missing"]:
        click.echo(f"not compared: {missing}")


def _side(one: dict[str, Any] | None) -> str:
    if one is None:
        return "(not there)"
    at = "never" if one["attack_score"] is None else f"at {one['attack_score']:.4g}"
    return f"{at}, weight {one['weight']:.3f}"
