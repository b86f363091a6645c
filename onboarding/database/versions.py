"""Versions of what was learned: baselines and calibrations. Immutable, numbered from 1 for each tenant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKeyConstraint, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database.rows import OfTenant, Row
from onboarding.database.runs import RunToken, fence


class Baseline(OfTenant, Row):
    """One immutable snapshot of a tenant's facts."""

    __tablename__ = "baselines"
    __table_args__ = (Index(None, "tenant", "digest", unique=True),)

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    """Of its content: the same content is the same version."""
    folder: Mapped[str]
    """Where it lies, relative to the home folder."""
    messages: Mapped[int]
    first_time: Mapped[int | None]
    """Earliest message in it, seconds since the epoch."""
    last_time: Mapped[int | None]
    facts: Mapped[dict[str, int]]
    """Number of keys by fact."""
    engine: Mapped[str]
    """Version of the detection engine that built it."""
    run: Mapped[str]
    created_at: Mapped[datetime]


class Calibration(OfTenant, Row):
    """One immutable set of tails and thresholds with its certificate."""

    __tablename__ = "calibrations"
    __table_args__ = (
        Index(None, "tenant", "digest", unique=True),
        ForeignKeyConstraint(["tenant", "baseline"], ["baselines.tenant", "baselines.version"]),
    )

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    digest: Mapped[str]
    """Of its artifact and what it was made from: the same calibration is the same version."""
    baseline: Mapped[int]
    engine: Mapped[str]
    alpha: Mapped[float]
    delta: Mapped[float]
    n: Mapped[int]
    """Benign messages that the certificate counts."""
    effective_n: Mapped[float]
    """The same, messages of one campaign counted once."""
    basis: Mapped[str]
    """How the promise was obtained: counted, pooled or extrapolated."""
    valid: Mapped[bool]
    """Whether the evidence suffices for the promise."""
    artifact: Mapped[str]
    """Where it lies, relative to the home folder."""
    summary: Mapped[dict[str, Any]]
    """What the report shows: thresholds, shares, observed rate, walk-forward audit ..."""
    actor: Mapped[str]
    run: Mapped[str]
    created_at: Mapped[datetime]


def record_baseline(
    session: Session,
    token: RunToken,
    *,
    digest: str,
    folder: str,
    messages: int,
    first_time: int | None,
    last_time: int | None,
    facts: Mapping[str, int],
    engine: str,
) -> Baseline:
    """The version with this content: the one that is there already, or a new one."""
    fence(session, token)
    known = session.scalar(select(Baseline).where(Baseline.tenant == token.tenant, Baseline.digest == digest))
    if known is not None:
        return known
    row = Baseline(
        tenant=token.tenant,
        version=_next(session, Baseline, token.tenant),
        digest=digest,
        folder=folder,
        messages=messages,
        first_time=first_time,
        last_time=last_time,
        facts=dict(facts),
        engine=engine,
        run=token.run,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row


def record_calibration(
    session: Session,
    token: RunToken,
    *,
    digest: str,
    baseline: int,
    engine: str,
    alpha: float,
    delta: float,
    n: int,
    effective_n: float,
    basis: str,
    valid: bool,
    artifact: str,
    summary: Mapping[str, Any],
    actor: str,
) -> Calibration:
    """The version with this content: the one that is there already, or a new one."""
    fence(session, token)
    known = session.scalar(select(Calibration).where(Calibration.tenant == token.tenant, Calibration.digest == digest))
    if known is not None:
        return known
    row = Calibration(
        tenant=token.tenant,
        version=_next(session, Calibration, token.tenant),
        digest=digest,
        baseline=baseline,
        engine=engine,
        alpha=alpha,
        delta=delta,
        n=n,
        effective_n=effective_n,
        basis=basis,
        valid=valid,
        artifact=artifact,
        summary=dict(summary),
        actor=actor,
        run=token.run,
        created_at=clock.now(),
    )
    session.add(row)
    session.flush()
    return row


def baseline(session: Session, tenant: str, version: int | None = None) -> Baseline | None:
    """A baseline of the tenant, the newest if no version is named; None when there is none."""
    chosen = select(Baseline).where(Baseline.tenant == tenant)
    if version is not None:
        return session.scalar(chosen.where(Baseline.version == version))
    return session.scalar(chosen.order_by(Baseline.version.desc()).limit(1))


def baseline_of(session: Session, tenant: str, digest: str) -> Baseline | None:
    """The baseline with this content; None when there is none."""
    return session.scalar(select(Baseline).where(Baseline.tenant == tenant, Baseline.digest == digest))


def calibration(session: Session, tenant: str, version: int | None = None) -> Calibration | None:
    """A calibration of the tenant, the newest if no version is named; None when there is none."""
    chosen = select(Calibration).where(Calibration.tenant == tenant)
    if version is not None:
        return session.scalar(chosen.where(Calibration.version == version))
    return session.scalar(chosen.order_by(Calibration.version.desc()).limit(1))


def calibration_of(session: Session, tenant: str, digest: str) -> Calibration | None:
    """The calibration with this digest; None when there is none."""
    return session.scalar(select(Calibration).where(Calibration.tenant == tenant, Calibration.digest == digest))


def calibrations(session: Session, tenant: str) -> Sequence[Calibration]:
    """Every calibration of the tenant, newest first."""
    return session.scalars(
        select(Calibration).where(Calibration.tenant == tenant).order_by(Calibration.version.desc())
    ).all()


def _next(session: Session, kind: type[Baseline] | type[Calibration], tenant: str) -> int:
    return (session.scalar(select(func.max(kind.version)).where(kind.tenant == tenant)) or 0) + 1
