"""`gatehouse calibrate` and `gatehouse calibrations`: thresholds, again and again, and what is in force."""

from __future__ import annotations

from typing import Any

import click

from onboarding.cli.comparison import diff
from onboarding.cli.console import Exit, document, fail, json_option, say, speaks_plainly


@click.command()
@click.argument("name", required=False)
@click.option("--all", "everyone", is_flag=True, help="Every tenant, one after the other.")
@click.option("--tag", help="Every tenant with this tag, one after the other.")
@click.option("--promote-if-better", is_flag=True, help="Put it in force when it is better by every criterion.")
@json_option
@speaks_plainly
def calibrate(name: str | None, everyone: bool, tag: str | None, promote_if_better: bool, as_json: bool) -> None:
    """Calibrates again from stored columns and scores; no mail is fetched. What is in force stays until promoted.

    Better is a calibration that certifies its budget, for the same or a stricter budget (or the tenant's own), whose
    walk-forward audit is kept, and that catches no fewer rehearsed attacks than chance would explain.
    """
    from onboarding.recalibrate import recalibrate, recalibrate_all
    from onboarding.workspace import open_workspace

    if (name is not None) + everyone + (tag is not None) != 1:
        fail("name one tenant, or --all, or --tag TAG", Exit.USAGE)
    workspace = open_workspace()
    if name is not None:
        result = recalibrate(workspace, name, promote_if_better=promote_if_better)
        if as_json:
            document(result)
        _tell_calibrated(result)
        return
    from onboarding.database import fleet

    with workspace.database.fleet_session() as session:
        names = fleet.tagged(session, tag)
    if not names:
        fail(f"no tenant has the tag {tag}" if tag else "there are no tenants yet")
    results = []
    for result in recalibrate_all(workspace, names, promote_if_better=promote_if_better):
        results.append(result)
        if "calibration" in result:
            _tell_calibrated(result)
        else:
            say(f"{result['tenant']}: {result['outcome']}: {result['error']}")
    if as_json:
        document(results)
    if any(result["outcome"] in ("failed", "busy") for result in results):
        fail(
            f"{sum(r['outcome'] in ('failed', 'busy') for r in results)} of {len(results)} tenants were not calibrated"
        )


def _tell_calibrated(result: dict[str, Any]) -> None:
    name, new = result["tenant"], result["calibration"]
    say(f"{name}: calibration {new['version']}. {new['statement']}")
    for one in result["criteria"]:
        # What the certificate says stands above already.
        said = "" if one["said"] == new["statement"] else f": {one['said']}"
        say(f"  {'better' if one['met'] else 'NOT better'} by {one['name']}{said}")
    if result["columns"]["note"]:
        say(f"  {result['columns']['note']}")
    if result["promoted"]:
        say(f"  calibration {new['version']} is in force")
    elif result["in_force"] != new["version"]:
        say(
            f"  in force is {result['in_force'] or 'none'}; `gatehouse calibrations diff {name} {result['in_force']} "
            f"{new['version']}` compares, `gatehouse calibrations promote {name} {new['version']}` switches"
            if result["in_force"]
            else f"  in force is none; `gatehouse onboard {name}` switches detection on"
        )


@click.group()
def calibrations() -> None:
    """Look at calibrations, put one in force, or go back."""


calibrations.add_command(diff)


@calibrations.command("list")
@click.argument("name")
@json_option
@speaks_plainly
def list_calibrations(name: str, as_json: bool) -> None:
    """Every calibration of a tenant, newest first."""
    from onboarding.workspace import open_workspace

    found = _all(open_workspace(), name)
    if as_json:
        document(found)
        return
    for one in found:
        mark = "*" if one["in_force"] else " "
        sure = "certified" if one["certified"] else "not certified"
        made = f"{one['created_at']:%Y-%m-%d %H:%M}"
        click.echo(f"{mark} {one['version']:>3}  {made}  alpha {one['alpha']:g} {sure}, {one['basis']}, n {one['n']:,}")


@calibrations.command("show")
@click.argument("name")
@click.argument("version", type=int)
@json_option
@speaks_plainly
def show(name: str, version: int, as_json: bool) -> None:
    """One calibration: certificate, thresholds, audit."""
    from onboarding.database import tenants, versions
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    with workspace.database.session(name) as session:
        tenants.get(session, name)
        row = versions.calibration(session, name, version)
    if row is None:
        fail(f"tenant {name} has no calibration {version}; see `gatehouse calibrations list {name}`")
    if as_json:
        document({"version": row.version, "baseline": row.baseline, "engine": row.engine, **row.summary})
        return
    click.echo(row.summary["statement"])
    for one in row.summary["detectors"]:
        at = "never" if one["attack_score"] is None else f"{one['attack_score']:.4g}"
        click.echo(f"  {one['detector']:<28} weight {one['weight']:.3f}  tail {one['kind']:<12} attack at {at}")


@calibrations.command("promote")
@click.argument("name")
@click.argument("version", type=int)
@click.option("--force", is_flag=True, help="Although it does not certify its budget; needs --reason.")
@click.option("--reason", help="Why, for the audit log.")
@json_option
@speaks_plainly
def promote(name: str, version: int, force: bool, reason: str | None, as_json: bool) -> None:
    """Puts a calibration in force. One that does not certify its budget is refused unless forced with a reason."""
    if force and not (reason or "").strip():
        fail("--force needs --reason TEXT: it is kept in the audit log", Exit.USAGE)
    from onboarding.cli.tenants import actor
    from onboarding.recalibrate import promote as put_in_force
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    activation = put_in_force(workspace, name, version, actor=actor(), force=force, reason=reason)
    _told(workspace, activation, as_json)


@calibrations.command("rollback")
@click.argument("name")
@json_option
@speaks_plainly
def rollback(name: str, as_json: bool) -> None:
    """Puts in force again what was in force before."""
    from onboarding.activate import roll_back
    from onboarding.cli.tenants import actor
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    activation = roll_back(workspace, name, actor=actor(), reason="rolled back by command")
    _told(workspace, activation, as_json)


def _told(workspace: Any, activation: Any, as_json: bool) -> None:
    from onboarding.report.write import renew_report
    from onboarding.shown import activation_shown

    renew_report(workspace, activation.tenant)
    if as_json:
        document(activation_shown(activation))
    versions = f"calibration {activation.calibration} on baseline {activation.baseline}"
    say(f"{activation.tenant}: {versions} is in force, mode {activation.mode}")


def _all(workspace: Any, name: str) -> list[dict[str, Any]]:
    from onboarding.database import activations, tenants, versions
    from onboarding.shown import calibration_shown

    with workspace.database.session(name) as session:
        tenants.get(session, name)
        current = activations.current(session, name)
        return [calibration_shown(row, current) for row in versions.calibrations(session, name)]
