"""What people say of single messages, named by their Message-ID."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from onboarding.corrections import Corrected, correct
from onboarding.database import labels
from onboarding.database.labels import Verdict
from onboarding.lookup import bare, carriers, meant
from onboarding.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Heard:
    """What came of a person's word."""

    messages: int
    """Labelled by it."""
    corrected: Corrected | None
    """Of a message that was flagged and is safe: what lets its like through from now on, or why nothing does."""


def give_feedback(
    workspace: Workspace,
    tenant: str,
    message_id: str,
    verdict: str,
    *,
    reason: str,
    actor: str,
    messages: Sequence[str] = (),
) -> Heard:
    """Labels the message of that Message-ID; one that was flagged and is safe is corrected at once (`corrections`).

    Where several messages carry it, `messages` names those that are meant (`lookup.Carrier.name`); without it nothing is
    labelled. Raises UnknownMessageError, AmbiguousMessageError.
    """
    wanted = bare(message_id)
    found = meant(tenant, wanted, carriers(workspace, tenant, wanted), messages)
    with workspace.database.transaction(tenant) as session:
        for one in found:
            labels.label(session, tenant, one.key, wanted, Verdict(verdict), reason=reason, actor=actor)
    if Verdict(verdict) is Verdict.ATTACK:
        return Heard(len(found), None)
    each = [correct(workspace, tenant, one, wanted, reason=reason, actor=actor) for one in found]
    refused = dict.fromkeys(one.refused for one in each if one.refused)
    rows = {row.id: row for one in each for row in one.rows}
    return Heard(len(found), Corrected(list(rows.values()), "; ".join(refused) or None))
