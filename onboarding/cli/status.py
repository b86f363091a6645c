"""`gatehouse status`: where tenants stand, how far a run is, why one is held and what helps."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from onboarding.cli.console import document, json_option, speaks_plainly

if TYPE_CHECKING:
    # Left out at run time: a command should answer `--help` before SQLAlchemy is loaded.
    from sqlalchemy.orm import Session

    from onboarding.workspace import Workspace


@click.command()
@click.argument("name", required=False)
@json_option
@speaks_plainly
def status(name: str | None, as_json: bool) -> None:
    """State, progress, reason for holding and remedy: of all tenants, or of one in detail."""
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    if name is None:
        found = overviews(workspace)
        if as_json:
            document(found)
        else:
            print_overviews(found)
        return
    detail = one_tenant(workspace, name)
    if as_json:
        document(detail)
    else:
        print_tenant(detail)


def overviews(workspace: Workspace) -> list[dict[str, Any]]:
    """Every tenant at a glance."""
    from onboarding.database import fleet

    with workspace.database.fleet_session() as session:
        return [asdict(one) for one in fleet.overview(session)]


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


def one_tenant(workspace: Workspace, name: str) -> dict[str, Any]:
    """One tenant in detail, as JSON values."""
    from onboarding.database import activations, gates, mailboxes, runs, steps, tenants
    from onboarding.report.write import report_path
    from onboarding.run import outcome

    with workspace.database.session(name) as session:
        row = tenants.get(session, name)
        run = runs.latest(session, name, "onboard") or runs.latest(session, name)
        boxes = mailboxes.all_of(session, name)
        stages = steps.of_run(session, name, run.id) if run else []
        measured = gates.latest(session, name)
        activation = activations.current(session, name)
        live = _live(session, name)
        alive = bool(run and run.state == "running" and runs.is_alive(run))
    report = report_path(workspace, name)
    detail = outcome(workspace, name, run.id if run else "")
    detail |= {
        "run_id": run.id if run else None,
        "domains": row.domains,
        "source": row.source,
        "budget": row.alpha,
        "held_since": row.held_since,
        "run": {
            "id": run.id,
            "kind": run.kind,
            "state": str(run.state) if run.state != "running" or alive else "crashed",
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "error": run.error,
        }
        if run
        else None,
        "steps": [
            {
                "name": str(s.name),
                "state": str(s.state),
                "done": s.done,
                "total": s.total,
                "unit": s.unit,
                "seconds": s.seconds,
                "error": s.error,
            }
            for s in stages
        ],
        "mailbox_states": [
            {
                "name": m.name,
                "state": str(m.state),
                "reason": m.reason,
                "listed": m.listed,
                "stored": m.stored,
                "duplicates": m.duplicates,
                "skipped": m.skipped,
                "estimate": m.estimate,
            }
            for m in boxes
        ],
        "gates": [
            {
                "name": g.name,
                "measure": g.measure,
                "value": g.value,
                "bar": g.bar,
                "passed": g.passed,
                "remedy": g.remedy,
            }
            for g in measured
        ],
        "activation": {
            "version": activation.version,
            "engine": activation.engine,
            "baseline": activation.baseline,
            "calibration": activation.calibration,
            "mode": str(activation.mode),
            "since": activation.since,
        }
        if activation
        else None,
        "live": live,
        "report": str(report) if report.exists() else None,
    }
    return detail


def _live(session: Session, name: str) -> dict[str, Any] | None:
    """Live mail since the calibration in force is; None for a tenant with nothing in force."""
    from onboarding.database import activations, canary, watching
    from onboarding.policy import canary_of

    seen = canary_of(session, name)
    if seen is None:
        return None
    followed = watching.all_of(session, name)
    same = [one.version for one in activations.all_of(session, name) if one.calibration == seen.calibration]
    return {
        "decided": sum(row.messages for row in canary.of_activations(session, name, same)),
        "campaigns": seen.campaigns,
        "flagged_and_not_confirmed": seen.flagged,
        "confirmed": seen.confirmed,
        "days": seen.days,
        "promised": seen.watch.alpha,
        "alarm": seen.alarm,
        "mailboxes_followed": len(followed),
        "last_looked": max((one.looked_at for one in followed), default=None),
        "unreadable": {one.mailbox: one.error for one in followed if one.error},
    }


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
    failed = [m for m in detail["mailbox_states"] if m["state"] == "failed"]
    for mailbox in failed[:10]:
        click.echo(f"  failed       {mailbox['name']}: {mailbox['reason']}")
    for gate in detail["gates"]:
        mark = "passed" if gate["passed"] else "NOT PASSED"
        value = "not measured" if gate["value"] is None else f"{gate['value']:.4g}"
        click.echo(f"  gate         {gate['name']}: {value}, {gate['bar']} is asked for: {mark}")
        if not gate["passed"]:
            click.echo(f"                 what helps: {gate['remedy']}")
    if detail["report"]:
        click.echo(f"  report       {detail['report']}")


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
