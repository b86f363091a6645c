"""Flagged messages: verdicts on live mail, and findings in history. Safe ones are not kept here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import islice
from typing import Any

from sqlalchemy import Index, delete, func, or_, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database.rows import Key, OfTenant, Row
from onboarding.database.runs import RunToken, fence

ASKED_AT_ONCE = 500
"""Messages named in one query."""


class Origin(StrEnum):
    """What a decision was made on."""

    LIVE = "live"
    HISTORY = "history"


class DecisionRow(OfTenant, Row):
    """One verdict other than `safe`. A message is decided once by each calibration, live and in history apart."""

    __tablename__ = "decisions"
    __table_args__ = (Index(None, "tenant", "message_id"), Index(None, "tenant", "time"))

    origin: Mapped[Origin] = mapped_column(primary_key=True)
    calibration: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    message_key: Mapped[int] = mapped_column(Key, primary_key=True, autoincrement=False)
    activation: Mapped[int | None]
    """What was in force; None in history."""
    message_id: Mapped[str]
    path: Mapped[str]
    """Where the source has the message."""
    time: Mapped[int]
    """When the message came, seconds since the epoch."""
    verdict: Mapped[str]
    kind: Mapped[str]
    tail_probability: Mapped[float]
    attribution: Mapped[dict[str, Any]]
    """Detectors with score, tail probability and share; reasons as sentences; signals behind them."""
    decided_at: Mapped[datetime]


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """One flagged message, to be recorded."""

    message_key: int
    message_id: str
    path: str
    time: int
    verdict: str
    kind: str
    tail_probability: float
    attribution: Mapping[str, Any] = field(default_factory=dict)


def record_findings(session: Session, token: RunToken, calibration: int, found: Iterable[Flagged]) -> int:
    """Sets what a calibration finds in history, in place of what it found before; gives how many."""
    fence(session, token)
    session.execute(
        delete(DecisionRow).where(
            DecisionRow.tenant == token.tenant,
            DecisionRow.origin == Origin.HISTORY,
            DecisionRow.calibration == calibration,
        )
    )
    rows = [_row(token.tenant, Origin.HISTORY, calibration, None, flagged) for flagged in found]
    session.add_all(rows)
    session.flush()
    return len(rows)


def record_live(session: Session, tenant: str, calibration: int, activation: int, flagged: Iterable[Flagged]) -> int:
    """Adds decisions on live mail; gives how many are new. One that is there already is left as it is."""
    wanted = {one.message_key: one for one in flagged}
    known = set(
        session.scalars(
            select(DecisionRow.message_key).where(
                DecisionRow.tenant == tenant,
                DecisionRow.origin == Origin.LIVE,
                DecisionRow.calibration == calibration,
                DecisionRow.message_key.in_(wanted),
            )
        )
    )
    new = [_row(tenant, Origin.LIVE, calibration, activation, one) for key, one in wanted.items() if key not in known]
    session.add_all(new)
    session.flush()
    return len(new)


def flagged(session: Session, tenant: str, keys: Iterable[int], *, in_history_by: int) -> Mapping[int, DecisionRow]:
    """The newest verdict on each of these messages that was flagged, live by whichever calibration or, where it never was,
    in history by the one named. Others are not in it."""
    wanted, found = iter(sorted(set(keys))), dict[int, DecisionRow]()
    while some := list(islice(wanted, ASKED_AT_ONCE)):
        rows = session.scalars(
            select(DecisionRow).where(
                DecisionRow.tenant == tenant,
                DecisionRow.message_key.in_(some),
                or_(DecisionRow.origin == Origin.LIVE, DecisionRow.calibration == in_history_by),
            )
        )
        ordered = sorted(rows, key=lambda row: (row.origin is Origin.LIVE, row.decided_at))
        found |= {row.message_key: row for row in ordered}
    return found


def live(session: Session, tenant: str, calibration: int) -> Sequence[DecisionRow]:
    """What a calibration flagged in live mail, in order of time."""
    return session.scalars(
        select(DecisionRow)
        .where(DecisionRow.tenant == tenant, DecisionRow.origin == Origin.LIVE, DecisionRow.calibration == calibration)
        .order_by(DecisionRow.time, DecisionRow.message_key)
    ).all()


def findings(session: Session, tenant: str, calibration: int, *, limit: int | None = None) -> Sequence[DecisionRow]:
    """What a calibration finds in history, strongest first."""
    return session.scalars(
        select(DecisionRow)
        .where(
            DecisionRow.tenant == tenant, DecisionRow.origin == Origin.HISTORY, DecisionRow.calibration == calibration
        )
        .order_by(DecisionRow.tail_probability, DecisionRow.time, DecisionRow.message_key)
        .limit(limit)
    ).all()


def count_findings(session: Session, tenant: str, calibration: int) -> int:
    """How many messages of history a calibration flags."""
    return session.scalars(
        select(func.count())
        .select_from(DecisionRow)
        .where(
            DecisionRow.tenant == tenant, DecisionRow.origin == Origin.HISTORY, DecisionRow.calibration == calibration
        )
    ).one()


def about(session: Session, tenant: str, message_id: str) -> Sequence[DecisionRow]:
    """Every recorded decision on a message, newest first."""
    return session.scalars(
        select(DecisionRow)
        .where(DecisionRow.tenant == tenant, DecisionRow.message_id == message_id)
        .order_by(DecisionRow.decided_at.desc())
    ).all()


def message_keys(session: Session, tenant: str) -> set[int]:
    """The messages that a decision is recorded on."""
    return set(session.scalars(select(DecisionRow.message_key).where(DecisionRow.tenant == tenant).distinct()))


def forget(session: Session, tenant: str, before: datetime, *, calibrations_before: int) -> int:
    """Deletes what was decided before a moment by calibrations of earlier versions than that; gives how many."""
    gone = session.execute(
        delete(DecisionRow).where(
            DecisionRow.tenant == tenant,
            DecisionRow.decided_at < before,
            DecisionRow.calibration < calibrations_before,
        )
    )
    return int(gone.rowcount)  # type: ignore[attr-defined]


def _row(tenant: str, origin: Origin, calibration: int, activation: int | None, one: Flagged) -> DecisionRow:
    return DecisionRow(
        tenant=tenant,
        origin=origin,
        calibration=calibration,
        message_key=one.message_key,
        activation=activation,
        message_id=one.message_id,
        path=one.path,
        time=one.time,
        verdict=one.verdict,
        kind=one.kind,
        tail_probability=one.tail_probability,
        attribution=dict(one.attribution),
        decided_at=clock.now(),
    )
