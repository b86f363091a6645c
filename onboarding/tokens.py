"""Making and ending tokens of the HTTP API, with the line in the tenant's audit log that goes with it."""

from __future__ import annotations

from datetime import timedelta

from onboarding.database import audit, tokens
from onboarding.database.tokens import ApiToken, Role
from onboarding.workspace import Workspace


def create_token(
    workspace: Workspace, tenant: str | None, role: Role, *, lasts: timedelta, note: str, actor: str
) -> tuple[str, ApiToken]:
    """A new token, whole (to be shown once), and its row. Raises TenantError, TokenError."""
    with workspace.database.fleet_transaction() as session:
        token, row = tokens.create(session, tenant, role, lasts=lasts, note=note, actor=actor)
    if tenant is not None:
        with workspace.database.transaction(tenant) as session:
            detail = {"token": row.id, "role": str(role), "note": note}
            audit.record(session, tenant, actor, "token-created", detail)
    return token, row


def revoke_token(workspace: Workspace, name: str, *, actor: str) -> ApiToken:
    """Ends a token. Raises TokenError when there is none of that name."""
    with workspace.database.fleet_transaction() as session:
        row = tokens.revoke(session, name, actor=actor)
    if row.of_tenant is not None:
        with workspace.database.transaction(row.of_tenant) as session:
            audit.record(session, row.of_tenant, actor, "token-revoked", {"token": name})
    return row
