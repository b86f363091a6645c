"""Tokens of the HTTP API: shown once, kept as a digest, good for what they say until they expire or are revoked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text
from tenants_at_hand import register

from onboarding import clock
from onboarding.audit_log import of_all
from onboarding.database import audit, tenants, tokens
from onboarding.database.tokens import Grant, Role, TokenError
from onboarding.tokens import create_token, revoke_token
from onboarding.workspace import Workspace

DAY = timedelta(days=1)


def made(workspace: Workspace, tenant: str | None = None, role: Role = Role.PIPELINE, lasts: timedelta = DAY) -> str:
    return create_token(workspace, tenant, role, lasts=lasts, note="", actor="test")[0]


def asked(workspace: Workspace, token: str) -> Grant | None:
    with workspace.database.fleet_session() as session:
        return tokens.granted(session, token)


def test_a_token_grants_what_it_says(workspace: Workspace) -> None:
    register(workspace, "acme", "simulated:seed=1")
    grant = asked(workspace, made(workspace, "acme", Role.ANALYST))
    assert grant is not None
    assert (grant.tenant, grant.role) == ("acme", Role.ANALYST)
    assert (grant.covers("acme"), grant.covers("other"), grant.covers(None)) == (True, False, False)
    everyone = asked(workspace, made(workspace))
    assert everyone is not None
    assert (everyone.covers("acme"), everyone.covers(None)) == (True, True)


def test_the_secret_is_not_kept(workspace: Workspace) -> None:
    token = made(workspace)
    with workspace.database.fleet_session() as session:
        stored = str(session.execute(text("SELECT * FROM api_tokens")).all())
    assert token.rsplit("_", 1)[1] not in stored
    assert token.split("_", 2)[2] not in stored


@pytest.mark.parametrize(
    "change", [lambda t: t[:-1], lambda t: t + "x", lambda t: "", lambda t: "a_b", lambda t: t[5:]]
)
def test_nothing_but_the_whole_token_is_good(workspace: Workspace, change: object) -> None:
    assert asked(workspace, change(made(workspace))) is None  # type: ignore[operator]


def test_it_ends_when_it_expires(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    token = made(workspace)
    assert asked(workspace, token) is not None
    later = clock.now() + DAY
    monkeypatch.setattr(clock, "now", lambda: later)
    assert asked(workspace, token) is None


def test_it_ends_when_it_is_revoked_and_the_audit_log_says_so(workspace: Workspace) -> None:
    register(workspace, "acme", "simulated:seed=1")
    token = made(workspace, "acme")
    revoke_token(workspace, token.split("_")[1], actor="test")
    assert asked(workspace, token) is None
    with workspace.database.session("acme") as session:
        assert {"token-created", "token-revoked"} <= {entry.action for entry in audit.entries(session, "acme")}
    for_all = made(workspace).split("_")[1]
    for person in ("ada", "ben"):
        revoke_token(workspace, for_all, actor=person)
    said = [(one.actor, one.action) for one in of_all(workspace, 10)]
    assert said == [("ada", "token-revoked"), ("test", "token-created")], "who was first"


def test_tokens_go_with_their_tenant(workspace: Workspace) -> None:
    register(workspace, "acme", "simulated:seed=1")
    token = made(workspace, "acme")
    with workspace.database.transaction("acme") as session:
        tenants.remove(session, "acme", actor="test")
    assert asked(workspace, token) is None


def test_what_cannot_be_is_refused(workspace: Workspace) -> None:
    with pytest.raises(TokenError, match="some days"):
        made(workspace, lasts=timedelta(0))
    with pytest.raises(tenants.TenantError, match="no tenant nobody"):
        made(workspace, "nobody")
    with pytest.raises(TokenError, match="gatehouse token list"):
        revoke_token(workspace, "nobody", actor="test")
