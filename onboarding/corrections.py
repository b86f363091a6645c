"""A confirmed false positive is corrected at once and narrowly; the next calibration learns from its label.

Narrowly: mail of the same sender address, flagged as the same kind of attack, is let through while it is authentic. Mail
whose authentication fails, or says nothing, is judged as before: a correction must not be a key for whoever forges the sender.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from detection.decision import Decision, Verdict
from detection.keys import NO_KEY
from detection.mail.batch import MessageBatch
from detection.mail.message import Authentication
from onboarding import clock
from onboarding.database import corrections
from onboarding.database.corrections import CorrectionRow
from onboarding.lookup import Carrier
from onboarding.workspace import Workspace

LASTS = timedelta(days=180)


@dataclass(frozen=True, slots=True)
class Correction:
    """What a decision needs of a correction."""

    kinds: frozenset[str]
    until: Mapping[str, float]
    """By kind, seconds since the epoch."""
    said: Mapping[str, str]
    """By kind, the sentence that stands as the reason."""


@dataclass(frozen=True, slots=True)
class Corrected:
    """What came of asking for a correction."""

    rows: Sequence[CorrectionRow]
    refused: str | None = None
    """Why there is none, in a sentence."""


def load(rows: Sequence[CorrectionRow]) -> dict[int, Correction]:
    """Corrections by sender key."""
    found: dict[int, dict[str, CorrectionRow]] = {}
    for row in rows:
        found.setdefault(row.sender_key, {})[row.kind] = row
    return {
        key: Correction(
            frozenset(kinds),
            {kind: row.expires_at.timestamp() for kind, row in kinds.items()},
            {kind: _sentence(row) for kind, row in kinds.items()},
        )
        for key, kinds in found.items()
    }


def heeded(decision: Decision, batch: MessageBatch, known: Mapping[int, Correction]) -> Decision:
    """The decision on a message (a batch of one), safe where a correction in force says so."""
    if not known or decision.kind is None or decision.verdict is Verdict.SAFE:
        return decision
    found = known.get(int(batch.sender_key[0]))
    kind = str(decision.kind)
    if found is None or kind not in found.kinds or clock.now().timestamp() >= found.until[kind]:
        return decision
    if not authentic(int(batch.dmarc[0]), *_aligned(batch)):
        return decision
    return replace(decision, verdict=Verdict.SAFE, kind=None, reasons=(found.said[kind], *decision.reasons))


def authentic(dmarc: int, spf: int, spf_aligned: int, dkim: int, dkim_aligned: int) -> bool:
    """Whether the mail is known to come from its sender's domain: DMARC passed (RFC 7489), or what makes it pass did."""
    if dmarc in (Authentication.FAIL, Authentication.PERMERROR, Authentication.TEMPERROR):
        return False
    passed = Authentication.PASS
    return dmarc == passed or (spf == passed and spf_aligned == 1) or (dkim == passed and dkim_aligned == 1)


def correct(
    workspace: Workspace,
    tenant: str,
    message: Carrier,
    message_id: str,
    *,
    reason: str,
    actor: str,
    lasts: timedelta = LASTS,
) -> Corrected:
    """Corrects what a message was flagged as, live or in history; refused, with the reason, where that would not be safe."""
    found = message.columns
    if not message.kinds:
        return Corrected((), "the message was not flagged: there is nothing to correct")
    if found is None:
        return Corrected((), "what was known of the message is not kept any more: only its label counts")
    if found["sender_key"] == NO_KEY:
        return Corrected((), "the message names no sender that could be let through")
    checks = (found["dmarc"], found["spf"], found["spf_aligned"], found["dkim"], found["dkim_aligned"])
    if not authentic(*(int(one) for one in checks)):
        return Corrected(
            (),
            f"nothing shows that the message really came from {found['sender']} (its authentication failed or is not "
            "known), so mail in that name is judged as before; its label counts in the next calibration",
        )
    with workspace.database.transaction(tenant) as session:
        rows = [
            corrections.add(
                session,
                tenant,
                sender_key=int(found["sender_key"]),
                sender=found["sender"],
                kind=kind,
                message_id=message_id,
                reason=reason,
                actor=actor,
                lasts=lasts,
            )
            for kind in message.kinds
        ]
    return Corrected(rows)


def _aligned(batch: MessageBatch) -> tuple[int, int, int, int]:
    return int(batch.spf[0]), int(batch.spf_aligned[0]), int(batch.dkim[0]), int(batch.dkim_aligned[0])


def _sentence(row: CorrectionRow) -> str:
    until = datetime.fromtimestamp(row.expires_at.timestamp(), UTC)
    why = f" ({row.reason})" if row.reason else ""
    return (
        f"{row.actor} said on {row.created_at:%Y-%m-%d} that mail of {row.sender} is wrongly flagged as {row.kind}{why}; "
        f"authentic mail of this sender is let through until {until:%Y-%m-%d}."
    )
