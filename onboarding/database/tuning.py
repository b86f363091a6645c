"""Detector tuning that holds for every tenant: versions that are added to, the newest in force.

Values of one tenant's own stand with the tenant (`Tenant.overrides`) and go before these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database.rows import Row


class SharedTuning(Row):
    """One version of what admins set for all tenants."""

    __tablename__ = "shared_tuning"

    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    overrides: Mapped[dict[str, Any]]
    """As `Tenant.overrides`: weights and thresholds by detector."""
    actor: Mapped[str]
    created_at: Mapped[datetime]


def shared(session: Session) -> dict[str, Any]:
    """What is in force for all tenants."""
    row = session.scalar(select(SharedTuning).order_by(SharedTuning.version.desc()).limit(1))
    return dict(row.overrides) if row else {}


def versions(session: Session) -> Sequence[SharedTuning]:
    """Everything that ever was in force for all tenants, oldest first."""
    return session.scalars(select(SharedTuning).order_by(SharedTuning.version)).all()


def share(session: Session, overrides: Mapping[str, Any], *, actor: str) -> int:
    """Puts values in force for all tenants, in a fleet transaction; gives their version."""
    version = (session.scalar(select(func.max(SharedTuning.version))) or 0) + 1
    session.add(SharedTuning(version=version, overrides=dict(overrides), actor=actor, created_at=clock.now()))
    session.flush()
    return version
