"""The audit log as it is shown: what was done to a tenant, and in its place among that what was done for all tenants.

What holds for all tenants is kept in rows that are never changed (versions of the shared tuning) or that name who made
them (tokens for every tenant): the log is read from these, so that no change can be missing in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from onboarding.database import audit, tokens, tuning
from onboarding.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Entry:
    """One action."""

    at: datetime
    actor: str
    action: str
    detail: Mapping[str, Any]
    for_all: bool = False
    """It was done for all tenants."""


def of_tenant(workspace: Workspace, tenant: str, limit: int) -> list[Entry]:
    """The newest entries of a tenant, newest first; empty when there is no such tenant and never was."""
    with workspace.database.session(tenant) as session:
        own = [Entry(e.at, e.actor, e.action, e.detail) for e in audit.entries(session, tenant, limit=limit)]
        # What was shared before the tenant came (or before what is shown) is no event of its log.
        shared = [one for one in _shared_tuning(session) if own and one.at >= own[-1].at]
    return _newest([*own, *shared], limit)


def of_all(workspace: Workspace, limit: int) -> list[Entry]:
    """The newest entries of what was done for all tenants, newest first."""
    with workspace.database.fleet_session() as session:
        return _newest([*_shared_tuning(session), *_tokens(session)], limit)


def _newest(entries: list[Entry], limit: int) -> list[Entry]:
    return sorted(entries, key=lambda one: one.at, reverse=True)[:limit]


def _shared_tuning(session: Session) -> list[Entry]:
    """Every change of what is set for the detectors of all tenants: each value before and after."""
    found, before = [], dict[str, Any]()
    for row in tuning.versions(session):
        after = {
            f"{detector} {part.removesuffix('s')}": value
            for part, values in row.overrides.items()
            for detector, value in values.items()
        }
        changed = {
            name: {"before": before.get(name), "after": after.get(name)}
            for name in sorted({*before, *after})
            if before.get(name) != after.get(name)
        }
        detail = {"version": row.version, "changed": changed}
        found.append(Entry(row.created_at, row.actor, "shared-tuning-changed", detail, for_all=True))
        before = after
    return found


def _tokens(session: Session) -> list[Entry]:
    """Tokens that are good for every tenant; those of one tenant stand in its own log."""
    found = []
    for row in tokens.every(session):
        if row.of_tenant is None:
            said = {"token": row.id, "role": str(row.role), "note": row.note}
            found.append(Entry(row.created_at, row.actor, "token-created", said, for_all=True))
            if row.revoked_at is not None:
                found.append(Entry(row.revoked_at, row.revoked_by or "unknown", "token-revoked", said, for_all=True))
    return found
