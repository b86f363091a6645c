"""`gatehouse serve`: the HTTP API. `gatehouse token`: who may use it."""

from __future__ import annotations

from datetime import timedelta

import click

from onboarding.cli.console import document, json_option, say, speaks_plainly

KEEP_ALIVE_SECONDS = 75
"""A client's connection may be silent for so long. Of one that is closed sooner the client may only hear by a lost request."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(0, 65_535), default=8025, show_default=True)
@click.option("--workers", type=click.IntRange(1, 256), default=1, show_default=True, help="Processes.")
@speaks_plainly
def serve(host: str, port: int, workers: int) -> None:
    """Serves the HTTP API; its description is at /docs. Ctrl-C ends it."""
    import uvicorn

    from onboarding.workspace import open_workspace

    # Opened here first, so that a wrong setting is one sentence and not one a process.
    open_workspace().database.close()
    say(f"Gatehouse answers at http://{host}:{port}, described at http://{host}:{port}/docs")
    uvicorn.run(
        "onboarding.api.app:application",
        factory=True,
        host=host,
        port=port,
        workers=workers,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=10,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )


@click.group()
def token() -> None:
    """Tokens of the HTTP API."""


@token.command("create")
@click.option("--tenant", help="The tenant it is good for; by default all of them.")
@click.option("--role", type=click.Choice(["admin", "pipeline", "analyst"]), required=True, help="What it may do.")
@click.option("--days", type=click.IntRange(1, 3_650), default=90, show_default=True, help="How long it lasts.")
@click.option("--note", default="", help="What it is for.")
@json_option
@speaks_plainly
def create(tenant: str | None, role: str, days: int, note: str, as_json: bool) -> None:
    """Makes a token and shows it, this once."""
    from onboarding.cli.tenants import actor
    from onboarding.database.tokens import Role
    from onboarding.tokens import create_token
    from onboarding.workspace import open_workspace

    made, row = create_token(open_workspace(), tenant, Role(role), lasts=timedelta(days=days), note=note, actor=actor())
    if as_json:
        document({"token": made, "id": row.id, "tenant": tenant, "role": role, "expires_at": row.expires_at})
        return
    say(f"good for {tenant or 'every tenant'} as {role} until {row.expires_at:%Y-%m-%d}; it is not shown again:")
    click.echo(made)


@token.command("list")
@json_option
@speaks_plainly
def list_tokens(as_json: bool) -> None:
    """Every token by its public part, newest first."""
    from onboarding import clock
    from onboarding.database import tokens
    from onboarding.workspace import open_workspace

    with open_workspace().database.fleet_session() as session:
        rows = tokens.every(session)
    now = clock.now()
    found = [
        {
            "id": row.id,
            "tenant": row.of_tenant,
            "role": str(row.role),
            "state": "revoked" if row.revoked_at else "expired" if row.expires_at <= now else "good",
            "expires_at": row.expires_at,
            "note": row.note,
            "actor": row.actor,
        }
        for row in rows
    ]
    if as_json:
        document(found)
        return
    for one in found:
        click.echo(
            f"{one['id']}  {one['tenant'] or 'all':<20} {one['role']:<9} {one['state']:<8} "
            f"until {one['expires_at']:%Y-%m-%d}  {one['note']}"
        )


@token.command("revoke")
@click.argument("token_id")
@json_option
@speaks_plainly
def revoke(token_id: str, as_json: bool) -> None:
    """Ends a token; a serving process that has just looked may take it for two seconds more."""
    from onboarding.cli.tenants import actor
    from onboarding.tokens import revoke_token
    from onboarding.workspace import open_workspace

    row = revoke_token(open_workspace(), token_id, actor=actor())
    if as_json:
        document({"id": row.id, "revoked_at": row.revoked_at})
    say(f"token {row.id} is revoked")
