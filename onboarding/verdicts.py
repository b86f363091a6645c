"""Decisions as they are shown and recorded: the one place that knows the fields of a decision outside the engine."""

from __future__ import annotations

from typing import Any

from detection.decision import Decision
from detection.mail.batch import MessageBatch
from detection.mail.message import Skip
from onboarding.database.decisions import Flagged


def shown(path: str, message_id: str, decision: Decision) -> dict[str, Any]:
    """One decision as `gatehouse score` and `gatehouse replay` give it."""
    return {
        "path": path,
        "message_id": message_id,
        "decision": str(decision.verdict),
        "kind": str(decision.kind) if decision.kind else None,
        "tail_probability": decision.tail_probability,
        "detectors": detectors_of(decision),
        "reasons": list(decision.reasons),
    }


def shown_skip(path: str, skip: Skip) -> dict[str, Any]:
    """A message that could not be decided on, in the same fields, and why."""
    return {
        "path": path,
        "message_id": None,
        "decision": None,
        "kind": None,
        "tail_probability": None,
        "detectors": [],
        "reasons": [],
        "skipped": str(skip.reason),
        "detail": skip.detail,
    }


def flagged(batch: MessageBatch, row: int, decision: Decision) -> Flagged:
    """One decision as it is recorded."""
    return Flagged(
        message_key=int(batch.message_key[row]),
        message_id=batch.message_id[row],
        path=batch.path[row],
        time=int(batch.time[row]),
        verdict=str(decision.verdict),
        kind=str(decision.kind) if decision.kind else "",
        tail_probability=decision.tail_probability,
        attribution={
            "sender": batch.sender[row],
            "mailbox": batch.mailbox[row],
            "detectors": detectors_of(decision),
            "reasons": list(decision.reasons),
        },
    )


def detectors_of(decision: Decision) -> list[dict[str, Any]]:
    """Every detector's part, the largest share first."""
    parts = sorted(decision.detectors, key=lambda part: -part.share)
    return [{"name": p.name, "score": p.score, "tail_probability": p.tail_probability, "share": p.share} for p in parts]
