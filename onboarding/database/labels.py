"""What people say of single messages: safe or attack. It survives every recalibration and enters the next."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from itertools import islice

from sqlalchemy import delete, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database import audit
from onboarding.database.rows import Key, OfTenant, Row


class Verdict(StrEnum):
    """What a message is, by a person."""

    SAFE = "safe"
    ATTACK = "attack"


ASKED_AT_ONCE = 500
"""Messages in one question: databases bound the values of a statement."""


class Label(OfTenant, Row):
    """One message's label; a later one replaces it, and the audit log keeps both."""

    __tablename__ = "labels"

    message_key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    message_id: Mapped[str]
    verdict: Mapped[Verdict]
    reason: Mapped[str]
    actor: Mapped[str]
    labelled_at: Mapped[datetime]


def label(
    session: Session, tenant: str, message_key: int, message_id: str, verdict: Verdict, *, reason: str, actor: str
) -> Label:
    """Writes down what the message is."""
    row = session.get(Label, (tenant, message_key))
    before = None if row is None else str(row.verdict)
    if row is None:
        row = Label(tenant=tenant, message_key=message_key)
        session.add(row)
    row.message_id, row.verdict, row.reason, row.actor = message_id, verdict, reason, actor
    row.labelled_at = clock.now()
    session.flush()
    detail = {"message_id": message_id, "verdict": str(verdict), "before": before, "reason": reason}
    audit.record(session, tenant, actor, "message-labelled", detail)
    return row


def all_of(session: Session, tenant: str) -> Sequence[Label]:
    """Every label of the tenant, by message."""
    return session.scalars(select(Label).where(Label.tenant == tenant).order_by(Label.message_key)).all()


def given_before(session: Session, tenant: str, moment: datetime) -> set[int]:
    """Messages whose label was given before a moment."""
    return set(session.scalars(select(Label.message_key).where(Label.tenant == tenant, Label.labelled_at < moment)))


def forget(session: Session, tenant: str, before: datetime, messages: Collection[int]) -> int:
    """Deletes labels of these messages, unless they were given anew since; gives how many."""
    gone = 0
    for key in sorted(messages):
        found = session.execute(
            delete(Label).where(Label.tenant == tenant, Label.message_key == key, Label.labelled_at < before)
        )
        gone += int(found.rowcount)  # type: ignore[attr-defined]
    return gone


def safe(session: Session, tenant: str, message_keys: Iterable[int]) -> set[int]:
    """Which of these messages people said are safe."""
    found, wanted = set[int](), iter(message_keys)
    while some := list(islice(wanted, ASKED_AT_ONCE)):
        found.update(
            session.scalars(
                select(Label.message_key).where(
                    Label.tenant == tenant, Label.verdict == Verdict.SAFE, Label.message_key.in_(some)
                )
            )
        )
    return found
