"""`gatehouse audit` and `gatehouse feedback`: who did what, and what a person says of a message."""

from __future__ import annotations

import click

from onboarding.cli.console import document, json_option, say, speaks_plainly


@click.command()
@click.argument("name")
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Newest entries shown.")
@json_option
@speaks_plainly
def audit(name: str, limit: int, as_json: bool) -> None:
    """The audit log of a tenant, newest first. It outlives the tenant."""
    from onboarding.cli.console import fail
    from onboarding.database import audit as log
    from onboarding.workspace import open_workspace

    with open_workspace().database.session(name) as session:
        entries = log.entries(session, name, limit=limit)
    if not entries:
        fail(f"there is no tenant {name} and never was")
    if as_json:
        document([{"at": e.at, "actor": e.actor, "action": e.action, "detail": e.detail} for e in entries])
        return
    for e in entries:
        detail = ", ".join(f"{key} {value}" for key, value in e.detail.items())
        click.echo(f"{e.at:%Y-%m-%d %H:%M:%S}  {e.actor:<12} {e.action:<18} {detail}")


@click.command()
@click.argument("name")
@click.argument("message_id")
@click.option("--verdict", type=click.Choice(["safe", "attack"]), required=True)
@click.option("--reason", default="", help="For the audit log.")
@json_option
@speaks_plainly
def feedback(name: str, message_id: str, verdict: str, reason: str, as_json: bool) -> None:
    """Says what a message is, by its Message-ID; the next calibration goes by it."""
    from onboarding.cli.tenants import actor
    from onboarding.feedback import give_feedback
    from onboarding.workspace import open_workspace

    count = give_feedback(open_workspace(), name, message_id, verdict, reason=reason, actor=actor())
    if as_json:
        document({"tenant": name, "message_id": message_id, "verdict": verdict, "messages": count})
    say(f"{name}: {message_id} is labelled {verdict}; `gatehouse calibrate {name}` takes it into account")
