"""`gatehouse audit` and `gatehouse feedback`: who did what, and what a person says of a message."""

from __future__ import annotations

from typing import Any

import click

from onboarding.cli.console import document, json_option, say, speaks_plainly


@click.command()
@click.argument("name", required=False)
@click.option("--limit", type=click.IntRange(1, 100_000), default=50, show_default=True, help="Newest entries shown.")
@json_option
@speaks_plainly
def audit(name: str | None, limit: int, as_json: bool) -> None:
    """The audit log of a tenant, newest first; it outlives the tenant. Without a name: what was done for all tenants.

    Changes of the tuning that all tenants share stand in the log of each.
    """
    from onboarding.audit_log import of_all, of_tenant
    from onboarding.cli.console import fail
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    entries = of_tenant(workspace, name, limit) if name is not None else of_all(workspace, limit)
    if name is not None and not entries:
        fail(f"there is no tenant {name} and never was")
    if as_json:
        document(
            [
                {"at": e.at, "actor": e.actor, "action": e.action, "for_all": e.for_all, "detail": e.detail}
                for e in entries
            ]
        )
        return
    if not entries:
        say("nothing was ever done for all tenants")
    for e in entries:
        detail = ", ".join(_told(key, value) for key, value in e.detail.items() if value not in (None, ""))
        click.echo(f"{e.at:%Y-%m-%d %H:%M:%S}  {e.actor:<12} {e.action:<18} {detail}")


def _told(key: str, value: Any) -> str:
    if (
        value
        and isinstance(value, dict)
        and all(isinstance(one, dict) and {"before", "after"} == one.keys() for one in value.values())
    ):
        return ", ".join(f"{name} from {one['before']} to {one['after']}" for name, one in value.items())
    return f"{key} {value}"


@click.command()
@click.argument("name")
@click.argument("message_id")
@click.option("--verdict", type=click.Choice(["safe", "attack"]), required=True)
@click.option("--reason", default="", help="For the audit log.")
@click.option(
    "--message", "messages", multiple=True, help="Which one, where several carry the Message-ID; may be repeated."
)
@json_option
@speaks_plainly
def feedback(name: str, message_id: str, verdict: str, reason: str, messages: tuple[str, ...], as_json: bool) -> None:
    """Says what a message is, by its Message-ID; the next calibration goes by it.

    Anybody can write another's Message-ID into a mail of their own: where several messages carry it they are listed, and
    nothing is labelled until --message names those that are meant.
    """
    from onboarding.cli.tenants import actor
    from onboarding.feedback import give_feedback
    from onboarding.shown import feedback_shown
    from onboarding.workspace import open_workspace

    heard = give_feedback(open_workspace(), name, message_id, verdict, reason=reason, actor=actor(), messages=messages)
    corrected = heard.corrected
    if as_json:
        document(feedback_shown(name, message_id, verdict, heard))
    say(f"{name}: {message_id} is labelled {verdict}; `gatehouse calibrate {name}` takes it into account")
    for one in corrected.rows if corrected else ():
        say(
            f"  mail of {one.sender} is not flagged as {one.kind} until {one.expires_at:%Y-%m-%d} (correction {one.id})"
        )
    if corrected and corrected.refused:
        say(f"  nothing is let through: {corrected.refused}")


@click.group()
def corrections() -> None:
    """Corrections of false positives: what is let through, why and until when."""


@corrections.command("list")
@click.argument("name")
@json_option
@speaks_plainly
def list_corrections(name: str, as_json: bool) -> None:
    """Every correction of a tenant, newest first."""
    from onboarding import clock
    from onboarding.database import corrections as stored
    from onboarding.database import tenants
    from onboarding.workspace import open_workspace

    with open_workspace().database.session(name) as session:
        tenants.get(session, name)
        rows = stored.all_of(session, name)
    now = clock.now()
    found = [
        {
            "id": row.id,
            "sender": row.sender,
            "kind": row.kind,
            "state": "ended" if row.ended_at else "expired" if row.expires_at <= now else "in force",
            "expires_at": row.expires_at,
            "message_id": row.message_id,
            "reason": row.reason,
            "actor": row.actor,
        }
        for row in rows
    ]
    if as_json:
        document(found)
        return
    for one in found:
        click.echo(
            f"{one['id']:>3}  {one['state']:<8} until {one['expires_at']:%Y-%m-%d}  {one['sender']} as {one['kind']}"
            + (f": {one['reason']}" if one["reason"] else "")
        )


@corrections.command("end")
@click.argument("name")
@click.argument("number", type=int)
@json_option
@speaks_plainly
def end_correction(name: str, number: int, as_json: bool) -> None:
    """Takes a correction back: the sender's mail is judged as before."""
    from onboarding.cli.tenants import actor
    from onboarding.database import corrections as stored
    from onboarding.workspace import open_workspace

    with open_workspace().database.transaction(name) as session:
        row = stored.end(session, name, number, actor=actor())
    if as_json:
        document({"tenant": name, "id": row.id, "ended_at": row.ended_at})
    say(f"{name}: correction {row.id} is ended")
