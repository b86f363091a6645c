"""How far each mailbox is followed, and who follows a tenant at the moment: one process at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database import mailboxes, tenants
from onboarding.database.rows import OfTenant, Row
from onboarding.layout import LIVE
from onboarding.lifecycle import MailboxState


class FollowedElsewhereError(Exception):
    """Another process follows the tenant now. The message says which tenant."""


class Watched(OfTenant, Row):
    """One mailbox that is followed. Its cursor is apart from that of ingest: each reads on from its own."""

    __tablename__ = "watched"

    mailbox: Mapped[str] = mapped_column(primary_key=True)
    cursor: Mapped[str | None]
    messages: Mapped[int]
    """Listed since it is followed."""
    error: Mapped[str | None]
    """Why it could not be read when it was last looked at."""
    looked_at: Mapped[datetime | None]
    """When it was last; None: it is known where to begin, and nobody has looked yet."""


class Watcher(OfTenant, Row):
    """The process that follows a tenant, until when unless it says so again."""

    __tablename__ = "watchers"

    owner: Mapped[str]
    until: Mapped[datetime]


def claim(session: Session, tenant: str, owner: str, lasts: timedelta) -> bool:
    """Takes the tenant for a while, or keeps it; False while another has it."""
    tenants.get(session, tenant, lock=True)
    row = session.get(Watcher, tenant)
    at = clock.now()
    if row is not None and row.owner != owner and row.until > at:
        return False
    if row is None:
        row = Watcher(tenant=tenant)
        session.add(row)
    row.owner, row.until = owner, at + lasts
    session.flush()
    return True


def hold(session: Session, tenant: str, owner: str) -> None:
    """To be asked in the transaction that keeps what a follower found: only while the tenant is its own.

    Raises FollowedElsewhereError when another process has taken the tenant.
    """
    row = session.scalar(select(Watcher).where(Watcher.tenant == tenant).with_for_update())
    if row is None or row.owner != owner:
        raise FollowedElsewhereError(
            f"tenant {tenant} was taken over by another process, which reads the same mail again"
        )


def let_go(session: Session, tenant: str, owner: str) -> None:
    """Gives the tenant free, so that another need not wait."""
    row = session.get(Watcher, tenant)
    if row is not None and row.owner == owner:
        session.delete(row)


def pin(session: Session, tenant: str) -> None:
    """Notes for every mailbox from where it is to be followed, unless that is noted: what a later run reads moves it no more.

    That is behind what was read as history. A mailbox that was not read to its end has history behind its cursor: of that
    one, as of one that was found later, only what came since the tenant was added is new.
    """
    known = cursors(session, tenant)
    for box in mailboxes.all_of(session, tenant):
        if box.name != LIVE and box.name not in known:
            _row(session, tenant, box.name).cursor = box.cursor if box.state is MailboxState.INGESTED else None
    session.flush()


def cursors(session: Session, tenant: str) -> Mapping[str, str | None]:
    """How far each followed mailbox is."""
    rows = session.scalars(select(Watched).where(Watched.tenant == tenant))
    return {row.mailbox: row.cursor for row in rows}


def all_of(session: Session, tenant: str) -> Sequence[Watched]:
    """Every followed mailbox, by name."""
    return session.scalars(select(Watched).where(Watched.tenant == tenant).order_by(Watched.mailbox)).all()


def advance(session: Session, tenant: str, mailbox: str, cursor: str | None, messages: int) -> None:
    """The mailbox was read up to the cursor."""
    row = _row(session, tenant, mailbox)
    row.cursor, row.messages, row.error, row.looked_at = cursor, row.messages + messages, None, clock.now()


def fail(session: Session, tenant: str, mailbox: str, error: str) -> None:
    """The mailbox could not be read; its cursor stays."""
    row = _row(session, tenant, mailbox)
    row.error, row.looked_at = error[:2_000], clock.now()


def _row(session: Session, tenant: str, mailbox: str) -> Watched:
    row = session.get(Watched, (tenant, mailbox))
    if row is None:
        row = Watched(tenant=tenant, mailbox=mailbox, messages=0)
        session.add(row)
    return row
