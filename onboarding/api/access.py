"""Who may do what: a bearer token (RFC 6750) is good for one tenant or all, in one role, until it expires."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from onboarding.api.problems import Problem
from onboarding.database import tokens
from onboarding.database.tokens import Grant, Role
from onboarding.workspace import Workspace

REMEMBERED_SECONDS = 2.0
"""For so long a token is good without looking again: a revoked one ends by then."""

LONGEST_TOKEN = 200
"""Characters. Ours have 66; what is longer is not looked up, and not remembered either."""

BEARER = HTTPBearer(auto_error=False, description="a token made by `gatehouse token create`")


class Grants:
    """Tokens as the database knows them, remembered for a moment."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._known: dict[str, tuple[float, Grant | None]] = {}

    def of(self, token: str) -> Grant | None:
        """What a token grants; None for one that is not good."""
        if len(token) > LONGEST_TOKEN:
            return None
        now = time.monotonic()
        until, grant = self._known.get(token, (0.0, None))
        if now < until:
            return grant
        with self._workspace.database.fleet_session() as session:
            grant = tokens.granted(session, token)
        if len(self._known) > 10_000:
            self._known.clear()
        self._known[token] = now + REMEMBERED_SECONDS, grant
        return grant


def _in_role(*roles: Role) -> Callable[..., Grant]:
    """The grant of a token in one of the roles (admins may do everything) that is good for the path's tenant."""

    def check(
        request: Request, given: Annotated[HTTPAuthorizationCredentials | None, Security(BEARER)] = None
    ) -> Grant:
        grants: Grants = request.app.state.grants
        grant = grants.of(given.credentials) if given else None
        if grant is None:
            raise Problem(
                401,
                "no-valid-token",
                "this needs a token that has not expired: `gatehouse token create` makes one, sent as "
                "`Authorization: Bearer TOKEN`",
                {"WWW-Authenticate": "Bearer"},
            )
        tenant = request.path_params.get("tenant")
        if not grant.covers(tenant):
            # Alike for a tenant that is there and one that is not: nothing of another shows, not even that it is there.
            raise Problem(403, "another-tenant", f"this token is not good for {tenant or 'more than one tenant'}")
        if grant.role is not Role.ADMIN and grant.role not in roles:
            wanted = " or ".join((*roles, Role.ADMIN))
            raise Problem(403, "another-role", f"this needs a token in the role {wanted}; this one is for {grant.role}")
        return grant

    return check


Pipeline = Annotated[Grant, Depends(_in_role(Role.PIPELINE))]
Analyst = Annotated[Grant, Depends(_in_role(Role.ANALYST))]
Reader = Annotated[Grant, Depends(_in_role(Role.ANALYST, Role.PIPELINE))]
Admin = Annotated[Grant, Depends(_in_role())]


def workspace_of(request: Request) -> Workspace:
    """What the application works in."""
    workspace: Workspace = request.app.state.workspace
    return workspace
