"""What is done with flagged live mail: planned with the page that brought it, carried out once, undone on request.

The plan is committed in the transaction that moves the mailbox's cursor; carrying out comes after and is repeated until it
is known to be done, so that no crash loses an action, and a row a copy and kind keeps it from being done twice. The same
bytes delivered once more are another copy; a copy that somebody moved is none, and is left where they put it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Index, delete, not_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database.rows import Key, OfTenant, Row

MOST_ATTEMPTS = 12
FIRST_PAUSE = timedelta(seconds=10)
LONGEST_PAUSE = timedelta(hours=1)


class ActionKind(StrEnum):
    """What is done."""

    NOTIFY = "notify"
    """The tenant's webhook is told."""
    MOVE = "move"
    """The message is moved to the junk folder."""


class ActionState(StrEnum):
    """How an action stands."""

    PLANNED = "planned"
    DONE = "done"
    GIVEN_UP = "given-up"
    UNDONE = "undone"


class Action(OfTenant, Row):
    """One action on one copy of a message."""

    __tablename__ = "actions"
    __table_args__ = (Index(None, "tenant", "state", "due_at"), Index(None, "tenant", "message_id"))

    message_key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    mailbox: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[ActionKind] = mapped_column(primary_key=True)
    state: Mapped[ActionState]
    message_id: Mapped[str]
    path: Mapped[str] = mapped_column(primary_key=True)
    """Where the source had the copy when it was planned."""
    time: Mapped[int | None]
    """When the copy came, seconds since the epoch; None for what was planned before that was written down."""
    moved_path: Mapped[str | None]
    """Where the source has it since it was moved, there or back."""
    folder: Mapped[int]
    """The folder it was in (`detection.mail.message.Folder`)."""
    activation: Mapped[int]
    """What was in force."""
    document: Mapped[dict[str, Any]]
    """The decision, as the webhook is told."""
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    error: Mapped[str | None]
    planned_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """One action to be planned."""

    message_key: int
    mailbox: str
    kind: ActionKind
    message_id: str
    path: str
    time: int
    folder: int
    activation: int
    document: dict[str, Any] = field(default_factory=dict)


def plan(session: Session, tenant: str, planned: Sequence[Planned]) -> int:
    """Plans actions of one look at a mailbox; gives how many are new. What was planned on a copy before stays as it is.

    Copies of one mail that are there at the same time are as many. One that comes to light later is another only if it
    came at another time, or if the source keeps the place of a mail that is moved and this is none of those known.
    """
    new = 0
    before = {
        (one.message_key, one.mailbox, one.kind): on_copies(session, tenant, one.message_key, one.mailbox, one.kind)
        for one in planned
    }
    planned_now: set[tuple[int, str, ActionKind, str]] = set()
    for one in planned:
        known = before[one.message_key, one.mailbox, one.kind]
        place = (one.message_key, one.mailbox, one.kind, one.path)
        if place in planned_now or any(_same_copy(action, one.path, one.time) for action in known):
            continue
        planned_now.add(place)
        at = clock.now()
        session.add(
            Action(
                tenant=tenant,
                message_key=one.message_key,
                mailbox=one.mailbox,
                kind=one.kind,
                state=ActionState.PLANNED,
                message_id=one.message_id,
                path=one.path,
                time=one.time,
                folder=one.folder,
                activation=one.activation,
                document=one.document,
                attempts=0,
                due_at=at,
                planned_at=at,
            )
        )
        session.flush()
        new += 1
    return new


def on_copies(session: Session, tenant: str, message_key: int, mailbox: str, kind: ActionKind) -> Sequence[Action]:
    """The actions of a kind on the copies of a message in a mailbox."""
    return session.scalars(
        select(Action).where(
            Action.tenant == tenant,
            Action.message_key == message_key,
            Action.mailbox == mailbox,
            Action.kind == kind,
        )
    ).all()


def _same_copy(action: Action, path: str, time: int) -> bool:
    """Whether a copy at a place is the one that the action is on, wherever that was moved."""
    if path in (action.path, action.moved_path):
        return True
    stays = action.kind is ActionKind.MOVE and action.moved_path == action.path
    return not stays and (action.time is None or action.time == time)


def due(session: Session, tenant: str, *, limit: int = 500) -> Sequence[Action]:
    """What is to be carried out now, in the order in which it was planned."""
    return session.scalars(
        select(Action)
        .where(Action.tenant == tenant, Action.state == ActionState.PLANNED, Action.due_at <= clock.now())
        .order_by(Action.planned_at, Action.message_key, Action.mailbox, Action.kind, Action.path)
        .limit(limit)
    ).all()


def of_message(session: Session, tenant: str, message_id: str) -> Sequence[Action]:
    """Everything that was done with a message."""
    return session.scalars(
        select(Action)
        .where(Action.tenant == tenant, Action.message_id == message_id)
        .order_by(Action.mailbox, Action.kind, Action.path)
    ).all()


def get(session: Session, action: Action) -> Action:
    """The same action in this session."""
    row = session.get(Action, (action.tenant, action.message_key, action.mailbox, action.kind, action.path))
    assert row is not None, "planned actions, and moves that are done, go only with their tenant"
    return row


def done(session: Session, action: Action, moved_path: str | None = None) -> None:
    """It was carried out."""
    row = get(session, action)
    row.state, row.moved_path, row.error, row.ended_at = ActionState.DONE, moved_path, None, clock.now()
    row.attempts += 1


def failed(session: Session, action: Action, error: str) -> None:
    """It could not be carried out: later again, and in the end given up. What was done or called off meanwhile stays so."""
    row = get(session, action)
    if row.state is not ActionState.PLANNED:
        return
    row.attempts += 1
    row.error = error[:2_000]
    row.due_at = clock.now() + min(FIRST_PAUSE * 2 ** (row.attempts - 1), LONGEST_PAUSE)
    if row.attempts >= MOST_ATTEMPTS:
        row.state, row.ended_at = ActionState.GIVEN_UP, clock.now()


def undone(session: Session, action: Action, path: str | None = None) -> None:
    """It was taken back, or never needs to be carried out."""
    row = get(session, action)
    row.state, row.ended_at = ActionState.UNDONE, clock.now()
    if path is not None:
        row.moved_path = path


def forget(session: Session, tenant: str, before: datetime) -> int:
    """Deletes what ended before a moment, but no move that can still be taken back; gives how many."""
    gone = session.execute(
        delete(Action).where(
            Action.tenant == tenant,
            Action.state != ActionState.PLANNED,
            Action.ended_at < before,
            not_((Action.kind == ActionKind.MOVE) & (Action.state == ActionState.DONE)),
        )
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]
