"""`gatehouse status`: where tenants stand, how far a run is, why one is held and what helps."""

from __future__ import annotations

from typing import Any

import click

from onboarding.cli.console import document, json_option, speaks_plainly


@click.command()
@click.argument("name", required=False)
@json_option
@speaks_plainly
def status(name: str | None, as_json: bool) -> None:
    """State, progress, reason for holding and remedy: of all tenants, or of one in detail."""
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    if name is None:
        from onboarding.overview import overviews

        found = overviews(workspace)
        if as_json:
            document(found)
        else:
            print_overviews(found)
        return
    from onboarding.one_tenant import one_tenant

    detail = one_tenant(workspace, name)
    if as_json:
        document(detail)
    else:
        print_tenant(detail)


def print_overviews(found: list[dict[str, Any]]) -> None:
    """A line a tenant."""
    if not found:
        click.echo("no tenants yet; add one with `gatehouse tenant add NAME --domain DOMAIN --source URI`")
        return
    click.echo(f"{'tenant':<24} {'state':<12} {'mode':<8} {'mailboxes':>10} {'messages':>10}  now")
    for one in found:
        boxes = f"{one['ingested']}/{one['discovered']}"
        now = one["held_message"] or _step_text(one["step"], one["run_state"])
        click.echo(f"{one['tenant']:<24} {one['state']:<12} {one['mode']:<8} {boxes:>10} {one['stored']:>10,}  {now}")


def print_tenant(detail: dict[str, Any]) -> None:
    """One tenant for people."""
    from onboarding.cli.onboarding import tell

    tell(detail)
    _print_live(detail["live"])
    run = detail["run"]
    if run:
        click.echo(f"  run          {run['id']} {run['state']}" + (f": {run['error']}" if run["error"] else ""))
    for step in detail["steps"]:
        took = f"{step['seconds']:.1f} s" if step["seconds"] is not None else ""
        click.echo(f"    {step['name']:<11}{_step_text(step, None):<40} {took}")
    _print_reading(detail)
    for gate in detail["gates"]:
        mark = "passed" if gate["passed"] else "NOT PASSED"
        value = "not measured" if gate["value"] is None else f"{gate['value']:.4g}"
        click.echo(f"  gate         {gate['name']}: {value}, {gate['bar']} is asked for: {mark}")
        if not gate["passed"]:
            click.echo(f"                 what helps: {gate['remedy']}")
    if detail["report"]:
        click.echo(f"  report       {detail['report']}")


MOST_FAILED = 10


def _print_reading(detail: dict[str, Any]) -> None:
    """How far the reading of mail is: as a whole, of the mailboxes that others wait for, and what could not be read."""
    boxes = {one["name"]: one for one in detail["mailbox_states"]}
    if reading := detail["progress"]:
        stopped = "" if reading["reading"] else f"; nobody reads on: run `gatehouse onboard {detail['tenant']}`"
        click.echo(f"  reading      {_reading_text(reading, reading['expected'])}{stopped}")
        for name in reading["slowest"]:
            click.echo(f"    slowest    {name}: {_reading_text(boxes[name], boxes[name]['estimate'])}")
    failed = [one for one in boxes.values() if one["state"] == "failed"]
    for one in failed[:MOST_FAILED]:
        click.echo(f"  failed       {one['name']}: {one['reason']}")
    if len(failed) > MOST_FAILED:
        click.echo(f"  failed       and {len(failed) - MOST_FAILED} more: `gatehouse status {detail['tenant']} --json`")


def _reading_text(one: dict[str, Any], expected: int | None) -> str:
    counts = f"{one['listed']:,}" + (f" of about {max(expected, one['listed']):,}" if expected else "") + " messages"
    if not one["per_second"]:
        return f"{counts}, nothing lately"
    pace = f"{one['per_second']:,.1f} a second"
    end = one["expected_end"]
    return f"{counts}, {pace}" + (f", expected to end {end:%Y-%m-%d %H:%M:%S} UTC" if end else "")


def _print_live(live: dict[str, Any] | None) -> None:
    if live is None or not (live["decided"] or live["last_looked"]):
        return
    looked = f"; looked at {live['last_looked']:%Y-%m-%d %H:%M} UTC" if live["last_looked"] else ""
    click.echo(
        f"  live         {live['decided']:,} messages of {live['days']} days decided under the calibration in force; "
        f"{live['flagged_and_not_confirmed']:,} of {live['campaigns']:,} campaigns flagged and not confirmed, "
        f"at most {live['promised']:g} promised{looked}"
    )
    for mailbox, error in list(live["unreadable"].items())[:5]:
        click.echo(f"  not followed {mailbox}: {error}")
    if live["alarm"]:
        click.echo(f"  alarm        {live['alarm']}")


def _step_text(step: dict[str, Any] | None, run_state: str | None) -> str:
    if step is None:
        return ""
    state = "interrupted" if run_state == "crashed" else step["state"]
    counts = (
        f" {step['done']:,}" + (f" of {step['total']:,}" if step["total"] else "") + f" {step['unit']}"
        if step["done"]
        else ""
    )
    return f"{step['name']} {state}{counts}"
