"""Decisions as they are shown and recorded: the one place that knows the fields of a decision outside the engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from detection.decision import Decision
from detection.mail.batch import MessageBatch
from detection.mail.message import Skip
from onboarding.database.decisions import Flagged

Part = tuple[str, float, float, float]
"""One detector's part in a decision: name, score, tail probability, share."""


def shown(path: str, message_id: str, decision: Decision) -> dict[str, Any]:
    """One decision as `gatehouse score` and `gatehouse replay` give it."""
    kind = str(decision.kind) if decision.kind else None
    return fields(
        path, message_id, str(decision.verdict), kind, decision.tail_probability, parts_of(decision), decision.reasons
    )


def fields(
    path: str,
    message_id: str,
    verdict: str,
    kind: str | None,
    tail_probability: float,
    parts: Iterable[Part],
    reasons: Sequence[str],
) -> dict[str, Any]:
    """The fields of a decision, also of one that was made before and is given again; the largest share first."""
    return {
        "path": path,
        "message_id": message_id,
        "decision": verdict,
        "kind": kind,
        "tail_probability": tail_probability,
        "detectors": _by_share(parts),
        "reasons": list(reasons),
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
    return _by_share(parts_of(decision))


def parts_of(decision: Decision) -> list[Part]:
    """Every detector's part, in the order of the engine."""
    return [(part.name, part.score, part.tail_probability, part.share) for part in decision.detectors]


def _by_share(parts: Iterable[Part]) -> list[dict[str, Any]]:
    return [
        {"name": name, "score": score, "tail_probability": tail, "share": share}
        for name, score, tail, share in sorted(parts, key=lambda part: -part[3])
    ]
