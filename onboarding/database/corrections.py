"""Corrections of confirmed false positives: of one sender and one kind of attack, with a reason and an end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database import audit, tenants
from onboarding.database.rows import Key, OfTenant, Row


class CorrectionError(Exception):
    """A correction cannot be made or ended as asked. The message says why."""


class CorrectionRow(OfTenant, Row):
    """One correction: mail of this sender, when it is authentic, is not flagged as this kind."""

    __tablename__ = "corrections"

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    sender_key: Mapped[int] = mapped_column(Key)
    sender: Mapped[str]
    kind: Mapped[str]
    message_id: Mapped[str]
    """The message that was flagged wrongly."""
    reason: Mapped[str]
    actor: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    """When a person took it back."""


def add(
    session: Session,
    tenant: str,
    *,
    sender_key: int,
    sender: str,
    kind: str,
    message_id: str,
    reason: str,
    actor: str,
    lasts: timedelta,
) -> CorrectionRow:
    """Adds one; one in force for the same sender and kind is lengthened instead."""
    tenants.get(session, tenant, lock=True)
    at = clock.now()
    for row in in_force(session, tenant):
        if (row.sender_key, row.kind) == (sender_key, kind):
            row.expires_at = max(row.expires_at, at + lasts)
            again = {"correction": row.id, "until": row.expires_at.isoformat(), "reason": reason}
            audit.record(session, tenant, actor, "correction-lengthened", again)
            return row
    number = session.scalar(select(func.max(CorrectionRow.id)).where(CorrectionRow.tenant == tenant)) or 0
    row = CorrectionRow(
        tenant=tenant,
        id=number + 1,
        sender_key=sender_key,
        sender=sender,
        kind=kind,
        message_id=message_id,
        reason=reason,
        actor=actor,
        created_at=at,
        expires_at=at + lasts,
    )
    session.add(row)
    session.flush()
    detail = {
        "correction": row.id,
        "sender": sender,
        "kind": kind,
        "until": row.expires_at.isoformat(),
        "reason": reason,
    }
    audit.record(session, tenant, actor, "corrected", detail)
    return row


def end(session: Session, tenant: str, number: int, *, actor: str) -> CorrectionRow:
    """Takes one back. Raises CorrectionError when there is none of that number."""
    row = session.get(CorrectionRow, (tenant, number))
    if row is None:
        raise CorrectionError(f"tenant {tenant} has no correction {number}: see `gatehouse corrections list {tenant}`")
    if row.ended_at is None:
        row.ended_at = clock.now()
        audit.record(session, tenant, actor, "correction-ended", {"correction": number})
    return row


def all_of(session: Session, tenant: str) -> Sequence[CorrectionRow]:
    """Every correction, newest first."""
    return session.scalars(
        select(CorrectionRow).where(CorrectionRow.tenant == tenant).order_by(CorrectionRow.id.desc())
    ).all()


def in_force(session: Session, tenant: str) -> Sequence[CorrectionRow]:
    """Those that have neither expired nor been taken back."""
    return session.scalars(
        select(CorrectionRow)
        .where(
            CorrectionRow.tenant == tenant,
            CorrectionRow.ended_at.is_(None),
            CorrectionRow.expires_at > clock.now(),
        )
        .order_by(CorrectionRow.id)
    ).all()


def standing(session: Session, tenant: str) -> Sequence[CorrectionRow]:
    """Those that nobody took back: whether one has expired is asked when a message is decided on."""
    return [row for row in reversed(all_of(session, tenant)) if row.ended_at is None]


def states(session: Session) -> dict[str, tuple[Any, ...]]:
    """By tenant, what changes when a correction is made, lengthened or ended: for a fleet session."""
    found: dict[str, tuple[Any, ...]] = {}
    rows = session.execute(
        select(CorrectionRow.tenant, CorrectionRow.id, CorrectionRow.expires_at)
        .where(CorrectionRow.ended_at.is_(None))
        .order_by(CorrectionRow.tenant, CorrectionRow.id)
    )
    for tenant, number, until in rows:
        found[tenant] = (*found.get(tenant, ()), number, until.timestamp())
    return found
