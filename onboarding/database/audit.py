"""The audit log: who did what to which tenant. Rows are only ever added, and go only when their tenant is removed."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database.rows import Row, Tenanted


class AuditEntry(Tenanted, Row):
    """One action. Not tied to the tenant's row: that a tenant was removed outlives it."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    at: Mapped[datetime]
    actor: Mapped[str]
    """A person's or a service's name."""
    action: Mapped[str]
    detail: Mapped[dict[str, Any]]


def record(session: Session, tenant: str, actor: str, action: str, detail: dict[str, Any] | None = None) -> None:
    """Adds an entry."""
    session.add(AuditEntry(tenant=tenant, at=clock.now(), actor=actor, action=action, detail=detail or {}))


def entries(session: Session, tenant: str, *, limit: int = 100) -> Sequence[AuditEntry]:
    """The newest entries of a tenant, newest first."""
    return session.scalars(
        select(AuditEntry).where(AuditEntry.tenant == tenant).order_by(AuditEntry.id.desc()).limit(limit)
    ).all()


def forget(session: Session, tenant: str) -> None:
    """Deletes the entries of a tenant that is being removed."""
    session.execute(delete(AuditEntry).where(AuditEntry.tenant == tenant))
