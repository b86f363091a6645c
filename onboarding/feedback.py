"""What people say of single messages, found by their Message-ID in what was decided and in the stored history."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from onboarding.corrections import Corrected, correct
from onboarding.database import decisions, labels, tenants
from onboarding.database.labels import Verdict
from onboarding.files import StoreError
from onboarding.history import history_tables
from onboarding.workspace import Workspace


class UnknownMessageError(Exception):
    """No message of that Message-ID was ever seen. The message says where was looked."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a person's word."""

    messages: int
    """Labelled by it."""
    corrected: Corrected | None
    """Of a message that was flagged and is safe: what lets its like through from now on, or why nothing does."""


def give_feedback(
    workspace: Workspace, tenant: str, message_id: str, verdict: str, *, reason: str, actor: str
) -> Heard:
    """Labels every message of the Message-ID; one that was flagged and is safe is corrected at once (`corrections`).

    Raises UnknownMessageError when there is no such message.
    """
    wanted = message_id.strip().removeprefix("<").removesuffix(">")
    keys = _keys(workspace, tenant, wanted)
    if not keys:
        raise UnknownMessageError(
            f"tenant {tenant} has no message with the Message-ID {wanted} in its history or among its decisions"
        )
    with workspace.database.transaction(tenant) as session:
        for key in sorted(keys):
            labels.label(session, tenant, key, wanted, Verdict(verdict), reason=reason, actor=actor)
    if Verdict(verdict) is Verdict.ATTACK:
        return Heard(len(keys), None)
    return Heard(len(keys), correct(workspace, tenant, wanted, reason=reason, actor=actor))


def _keys(workspace: Workspace, tenant: str, message_id: str) -> set[int]:
    with workspace.database.session(tenant) as session:
        tenants.get(session, tenant)
        keys = {row.message_key for row in decisions.about(session, tenant, message_id)}
    try:
        for table in history_tables(workspace.layout(tenant), ["message_key", "message_id"]):
            found = table.filter(pc.equal(table.column("message_id"), message_id))
            keys |= set(found.column("message_key").to_pylist())
    except StoreError:
        if not keys:
            raise
    return keys
