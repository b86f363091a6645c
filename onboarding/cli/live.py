"""`gatehouse metrics` and `gatehouse steward`: how live decisions turn out, and doing what is due."""

from __future__ import annotations

from typing import Any

import click

from onboarding.cli.console import document, fail, json_option, line, speaks_plainly


@click.command()
@click.argument("name")
@click.option("--days", type=click.IntRange(1, 3_650), default=30, show_default=True, help="How far back.")
@json_option
@speaks_plainly
def metrics(name: str, days: int, as_json: bool) -> None:
    """Precision, misses, flag rate against the promise and time to verdict of live mail, with 95% intervals."""
    from onboarding.live.metrics import metrics as measured
    from onboarding.workspace import open_workspace

    found = measured(open_workspace(), name, days)
    if as_json:
        document(found)
        return
    rates = (
        ("precision", "attacks among judged mail that was flagged"),
        ("false_negative_rate", "not flagged among what people call attacks"),
        ("offline_precision", "attacks among judged findings in history"),
    )
    click.echo(f"{name}, {found['from']} to {found['to']}, mode {found['mode']}, calibration {found['calibration']}")
    click.echo(
        f"  {found['messages']:,} messages: {found['flagged']:,} attack, {found['suspicious']:,} suspicious; "
        f"{found['judged']:,} judged by people"
    )
    for key, title in rates:
        click.echo(f"  {title}: {_said(found[key])}")
    promised = found["flag_rate"]["promised"]
    click.echo(f"  campaigns flagged: {_said(found['flag_rate'])}; promised at most {promised:g}" if promised else "")
    for week, one in found["by_week"].items():
        click.echo(f"  week of {week}: {one['messages']:,} messages, {one['flagged']:,} attack")
    for kind, one in found["by_detector"].items():
        click.echo(
            f"  {kind}: {one['flagged']:,} attack, {one['suspicious']:,} suspicious, precision {_said(one['precision'])}"
        )
    for key, title in (("seconds_to_decide", "to decide"), ("seconds_to_verdict", "from arrival to verdict")):
        if found[key]:
            quantiles = ", ".join(f"p{float(q) * 100:g} {value:.4g} s" for q, value in found[key].items())
            click.echo(f"  time {title}: {quantiles}")


@click.command()
@click.argument("names", nargs=-1)
@json_option
@speaks_plainly
def steward(names: tuple[str, ...], as_json: bool) -> None:
    """Does what is due at every tenant (or those named), once: resume, refresh, recalibrate, advance or drop, retire.

    `gatehouse up` has it done every ten minutes.
    """
    from onboarding.database import fleet
    from onboarding.orchestration import orchestrator
    from onboarding.steward import look_after
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    with workspace.database.fleet_session() as session:
        everyone = fleet.tagged(session, None)
    if unknown := sorted(set(names) - set(everyone)):
        fail(f"there is no tenant {unknown[0]}")

    def onboard(tenant: str) -> None:
        orchestrator().onboard(workspace, tenant, None)

    failed = False
    for tenant in names or everyone:
        # What is done is told by its log, here as in the flow.
        for one in look_after(workspace, tenant, onboard):
            failed |= one.outcome == "failed"
            if as_json:
                line(
                    {"tenant": tenant, "duty": str(one.duty), "why": one.why, "outcome": one.outcome, "said": one.said}
                )
    if failed:
        fail("not everything that was due could be done")


def _said(one: dict[str, Any]) -> str:
    if one["value"] is None:
        return "nothing to measure it on"
    return f"{one['value']:.3g} [{one['low']:.3g}, {one['high']:.3g}] ({one['hits']:,} of {one['n']:,})"
