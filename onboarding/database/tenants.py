"""Tenants: who is being onboarded, from which source, under which budget, and where they stand."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from onboarding import clock
from onboarding.database import audit
from onboarding.database.rows import Row
from onboarding.database.sources import refuse_secret
from onboarding.holds import Hold, HoldReason
from onboarding.lifecycle import Mode, TenantState, moved, when_held


class TenantError(Exception):
    """A tenant cannot be added, found or changed as asked. The message says why and what to do."""


class Tenant(Row):
    """One customer organisation."""

    __tablename__ = "tenants"

    name: Mapped[str] = mapped_column(primary_key=True)
    """What every other table calls `tenant`. Never changes."""
    domains: Mapped[list[str]]
    source: Mapped[str]
    """Source URI, without secrets."""
    alpha: Mapped[float]
    """False-positive budget: the share of benign messages that may be flagged."""
    delta: Mapped[float]
    """One minus the confidence of the promise."""
    lookback_days: Mapped[int | None]
    """How far back history is read; None for all of it."""
    tags: Mapped[list[str]]
    overrides: Mapped[dict[str, Any]]
    """Values set by an admin. They survive every recalibration until they are cleared."""
    state: Mapped[TenantState]
    mode: Mapped[Mode]
    held_reason: Mapped[HoldReason | None]
    held_message: Mapped[str | None]
    held_remedy: Mapped[str | None]
    held_since: Mapped[datetime | None]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]


NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
"""A tenant's name, used in file and deployment names: a DNS label (RFC 1123 section 2.1), lower case."""


def add(
    session: Session,
    name: str,
    *,
    domains: Sequence[str],
    source: str,
    alpha: float,
    delta: float,
    lookback_days: int | None,
    actor: str,
    tags: Sequence[str] = (),
    overrides: Mapping[str, Any] = MappingProxyType({}),
) -> Tenant:
    """Registers a tenant. Raises TenantError for a name that is taken or malformed, and for a source URI with a secret.

    Domains are taken as they are: whoever asks has checked and normalised them.
    """
    check_name(name)
    if not domains:
        raise TenantError(f"tenant {name} needs at least one domain of its own: --domain example.com")
    if session.get(Tenant, name) is not None:
        raise TenantError(
            f"tenant {name} is there already; change it with `gatehouse tenant set {name}`, or choose another name"
        )
    refuse_secret(source)
    at = clock.now()
    tenant = Tenant(
        name=name,
        domains=list(domains),
        source=source,
        alpha=alpha,
        delta=delta,
        lookback_days=lookback_days,
        tags=sorted(set(tags)),
        overrides=dict(overrides),
        state=TenantState.REGISTERED,
        mode=Mode.OFF,
        created_at=at,
        updated_at=at,
    )
    session.add(tenant)
    session.flush()
    audit.record(
        session,
        name,
        actor,
        "tenant-added",
        {"domains": list(domains), "source": source, "alpha": alpha, "delta": delta},
    )
    return tenant


def get(session: Session, name: str, *, lock: bool = False) -> Tenant:
    """The tenant; with `lock`, kept from changing until the transaction ends. Raises TenantError when there is none."""
    chosen = select(Tenant).where(Tenant.name == name)
    if lock:
        # No stronger than needed: rows that refer to the tenant can be written meanwhile.
        chosen = chosen.with_for_update(key_share=True).execution_options(populate_existing=True)
    tenant = session.scalar(chosen)
    if tenant is None:
        raise TenantError(
            f"there is no tenant {name}; add it with `gatehouse tenant add {name} --domain DOMAIN --source URI`"
        )
    return tenant


def change(session: Session, name: str, *, actor: str, **values: Any) -> Tenant:
    """Sets some of domains, source, alpha, delta, lookback_days, tags, overrides, and notes it in the audit log."""
    unknown = values.keys() - {"domains", "source", "alpha", "delta", "lookback_days", "tags", "overrides"}
    if unknown:
        raise TypeError(f"cannot be set for a tenant: {', '.join(sorted(unknown))}")
    tenant = get(session, name, lock=True)
    if "source" in values:
        refuse_secret(values["source"])
    changed = {key: value for key, value in values.items() if getattr(tenant, key) != value}
    if changed:
        audit.record(
            session,
            name,
            actor,
            "tenant-changed",
            {key: {"from": getattr(tenant, key), "to": value} for key, value in changed.items()},
        )
        for key, value in changed.items():
            setattr(tenant, key, value)
        tenant.updated_at = clock.now()
    return tenant


def move(session: Session, name: str, to: TenantState, *, actor: str) -> Tenant:
    """Moves the tenant to a state and clears what held it. Raises TransitionError when the lifecycle forbids it."""
    tenant = get(session, name, lock=True)
    before = tenant.state
    tenant.state = moved(name, before, to)
    clear_hold(tenant)
    if tenant.state is not before:
        tenant.updated_at = clock.now()
        audit.record(session, name, actor, "tenant-moved", {"from": before, "to": to})
    return tenant


def hold(session: Session, name: str, held: Hold, *, actor: str, action: str = "tenant-held", **detail: Any) -> Tenant:
    """Writes down why the tenant cannot go on. An active tenant stays active, with the reason beside it.

    The audit log says it once, as `action` with `detail`.
    """
    tenant = get(session, name, lock=True)
    tenant.state = moved(name, tenant.state, when_held(tenant.state))
    if (tenant.held_reason, tenant.held_message, tenant.held_remedy) != (held.reason, held.message, held.remedy):
        tenant.held_reason, tenant.held_message, tenant.held_remedy = held.reason, held.message, held.remedy
        tenant.held_since = tenant.updated_at = clock.now()
        audit.record(session, name, actor, action, {"reason": held.reason, "message": held.message, **detail})
    return tenant


def remove(session: Session, name: str, *, actor: str) -> dict[str, int]:
    """Deletes everything of the tenant; gives the rows deleted by table. What is left is one line in the audit log.

    Raises TenantError when there is no such tenant, RuntimeError when something were left.
    """
    get(session, name)
    deleted = rows_of(session, name)
    audit.forget(session, name)
    session.execute(delete(Tenant).where(Tenant.name == name))
    session.expire_all()
    if left := {table: n for table, n in rows_of(session, name).items() if n}:
        raise RuntimeError(f"tenant {name} could not be removed from: {', '.join(left)}")
    audit.record(session, name, actor, "tenant-removed", {"rows": deleted})
    return deleted


def rows_of(session: Session, name: str) -> dict[str, int]:
    """How many rows each table holds of the tenant."""
    counts = {}
    for table in Row.metadata.sorted_tables:
        if table.name != Tenant.__tablename__ and "tenant" not in table.c:
            continue  # nothing of any tenant is in it
        column = table.c.name if table.name == Tenant.__tablename__ else table.c.tenant
        counts[table.name] = session.scalar(select(func.count()).select_from(table).where(column == name)) or 0
    return counts


def check_name(name: str) -> None:
    """Raises TenantError for a name that a tenant cannot have."""
    if not NAME.fullmatch(name):
        raise TenantError(f"{name!r} cannot be a tenant's name: use up to 63 lower-case letters, digits and hyphens")


def clear_hold(tenant: Tenant) -> None:
    """Nothing holds the tenant any longer."""
    tenant.held_reason = tenant.held_message = tenant.held_remedy = tenant.held_since = None
