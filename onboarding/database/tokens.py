"""Tokens of the HTTP API: who may do what with which tenant, until when. A token is shown once; its digest is kept.

The secret is 256 random bits, so one round of SHA-256 keeps it: there is nothing to guess that a slow hash would slow.
"""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from sqlalchemy import ForeignKey, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database import tenants
from onboarding.database.rows import Row

PREFIX = "gatehouse"


class Role(StrEnum):
    """What a token may do."""

    ADMIN = "admin"
    """Everything."""
    PIPELINE = "pipeline"
    """Score messages."""
    ANALYST = "analyst"
    """Read decisions, calibrations and metrics; give feedback."""


class TokenError(Exception):
    """A token cannot be made or revoked as asked. The message says why."""


class ApiToken(Row):
    """One token, by its public part."""

    __tablename__ = "api_tokens"

    id: Mapped[str] = mapped_column(primary_key=True)
    digest: Mapped[str]
    """SHA-256 of the secret part, in hexadecimal."""
    of_tenant: Mapped[str | None] = mapped_column(ForeignKey("tenants.name", ondelete="CASCADE"), index=True)
    """None: every tenant."""
    role: Mapped[Role]
    note: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]
    revoked_by: Mapped[str | None]
    """Who revoked it; None of one that was revoked before that was written down."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What the bearer of a valid token may do."""

    token: str
    """Public part, for the audit log."""
    tenant: str | None
    """None: every tenant."""
    role: Role

    def covers(self, tenant: str | None) -> bool:
        """Whether it is good for a tenant (None: for what belongs to no tenant)."""
        return self.tenant is None or self.tenant == tenant


def create(
    session: Session, tenant: str | None, role: Role, *, lasts: timedelta, note: str, actor: str
) -> tuple[str, ApiToken]:
    """A new token, whole (to be shown once), and its row. For a fleet transaction. Raises TenantError, TokenError."""
    if lasts <= timedelta(0):
        raise TokenError("a token that never was valid is of no use: give it some days")
    if tenant is not None:
        tenants.get(session, tenant)
    name, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    at = clock.now()
    row = ApiToken(
        id=name,
        digest=_digest(secret),
        of_tenant=tenant,
        role=role,
        note=note,
        actor=actor,
        created_at=at,
        expires_at=at + lasts,
    )
    session.add(row)
    session.flush()
    return f"{PREFIX}_{name}_{secret}", row


def revoke(session: Session, name: str, *, actor: str) -> ApiToken:
    """Ends a token, at once. Raises TokenError when there is none of that name."""
    row = session.get(ApiToken, name)
    if row is None:
        raise TokenError(f"there is no token {name}: see `gatehouse token list`")
    if row.revoked_at is None:
        row.revoked_at, row.revoked_by = clock.now(), actor
    return row


def every(session: Session) -> Sequence[ApiToken]:
    """All tokens, newest first."""
    return session.scalars(select(ApiToken).order_by(ApiToken.created_at.desc(), ApiToken.id)).all()


def granted(session: Session, token: str) -> Grant | None:
    """What a token grants now; None for one that is malformed, unknown, expired or revoked."""
    prefix, _, rest = token.partition("_")
    name, _, secret = rest.partition("_")
    if prefix != PREFIX or not secret:
        return None
    row = session.get(ApiToken, name)
    if row is None or not hmac.compare_digest(row.digest, _digest(secret)):
        return None
    if row.revoked_at is not None or row.expires_at <= clock.now():
        return None
    return Grant(name, row.of_tenant, row.role)


def _digest(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
