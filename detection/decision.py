"""From scores to decisions: tail probabilities against certified thresholds, and the kind that is named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np

from detection.attribution import (
    MOST_REASONS,
    TEXTS,
    Known,
    LookUp,
    Names,
    explaining,
    quotable,
    reasons_of,
    sentence_of,
    texts_of,
)
from detection.baselines.values import FactValues
from detection.detectors.registry import DETECTORS, AttackKind
from detection.engine import Scores
from detection.mail.batch import Bools, Floats, Ints, MessageBatch

__all__ = [
    "MOST_REASONS",
    "TEXTS",
    "Calibration",
    "CalibrationMismatchError",
    "Decision",
    "DetectorDecision",
    "Known",
    "Names",
    "Verdict",
    "decide",
    "explaining",
    "quotable",
    "reasons_of",
    "sentence_of",
    "texts_of",
    "verdicts",
]


class Verdict(StrEnum):
    """What the engine says of a message. `suspicious` never moves mail."""

    SAFE = "safe"
    SUSPICIOUS = "suspicious"
    ATTACK = "attack"


class Calibration(Protocol):
    """What a decision needs of a tenant's calibration (`detection.calibration`)."""

    @property
    def detectors(self) -> Sequence[str]:
        """Names of the detectors it was made for, in the order of its rows."""
        ...

    @property
    def attack_threshold(self) -> float:
        """A combined number at or below this is an attack."""
        ...

    @property
    def suspicious_threshold(self) -> float:
        """A combined number at or below this is suspicious."""
        ...

    def tail_probabilities(self, scores: Floats) -> Floats:
        """float64[detectors, n]: share of the tenant's benign mail that scores at least this high."""
        ...

    def shares(self, tails: Floats) -> Floats:
        """float64[detectors, n]: each tail probability over its detector's weight."""
        ...

    def combined(self, tails: Floats) -> Floats:
        """float64[n]: the minimum over the detectors of `shares`."""
        ...

    def rarity(self, combined: Floats) -> Floats:
        """float64[n] in (0, 1]: share of the tenant's benign campaigns whose combined number is at most this."""
        ...


class CalibrationMismatchError(ValueError):
    """Scores and calibration are not of the same detectors: the tenant has to be calibrated again."""


class DetectorDecision(NamedTuple):
    """One detector's part: its score, what that means for the tenant, its share in the decision (shares add to 1)."""

    name: str
    score: float
    tail_probability: float
    share: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one message; `kind` is None for safe mail.

    `tail_probability` is the share of the tenant's benign campaigns that look at least this suspicious, all detectors taken
    together.
    """

    verdict: Verdict
    kind: AttackKind | None
    tail_probability: float
    detectors: tuple[DetectorDecision, ...]
    reasons: tuple[str, ...]


def decide(
    batch: MessageBatch,
    scores: Scores,
    calibration: Calibration,
    *,
    facts: FactValues | None = None,
    names: Names | None = None,
    look_up: LookUp | None = None,
    explain_all: bool = False,
) -> list[Decision]:
    """A decision for every message of the batch.

    Reasons are written for messages that are not safe, for all with `explain_all`; they need `scores.signals`. With
    `facts` and `names` they can say whose name or domain was imitated, with `look_up` also what is known of that domain.
    Raises CalibrationMismatchError when the calibration was made for other detectors.
    """
    if tuple(calibration.detectors) != scores.detectors:
        raise CalibrationMismatchError(
            f"this calibration is for the detectors {', '.join(calibration.detectors)}, the engine has "
            f"{', '.join(scores.detectors)}: calibrate the tenant again with this engine"
        )
    tails = calibration.tail_probabilities(scores.values)
    combined = calibration.combined(tails)
    attack, suspicious = (flags.tolist() for flags in verdicts(combined, calibration))
    rarity = calibration.rarity(combined).tolist()
    weighted = calibration.shares(tails)
    leading = _leading(scores.values, weighted, combined).tolist()
    columns = (scores.values.T.tolist(), tails.T.tolist(), _shares(weighted).T.tolist())
    known = Known(facts, names, look_up)
    if scores.signals is None and (explain_all or any(suspicious)):
        raise ValueError("reasons are made of signals, and these scores were computed without keeping them")
    decisions = []
    for row, (values, probabilities, shares) in enumerate(zip(*columns, strict=True)):
        verdict = Verdict.ATTACK if attack[row] else Verdict.SUSPICIOUS if suspicious[row] else Verdict.SAFE
        parts = tuple(map(DetectorDecision, scores.detectors, values, probabilities, shares))
        flagged = verdict is not Verdict.SAFE
        decisions.append(
            Decision(
                verdict=verdict,
                kind=DETECTORS[scores.detectors[leading[row]]].kind if flagged else None,
                tail_probability=rarity[row],
                detectors=parts,
                reasons=reasons_of(batch, scores.signals, row, parts, leading[row], known)
                if scores.signals is not None and (flagged or explain_all)
                else (),
            )
        )
    return decisions


def verdicts(combined: Floats, calibration: Calibration) -> tuple[Bools, Bools]:
    """Attack and suspicious by message (an attack is suspicious as well): the decision without its words, in bulk."""
    attack = combined <= calibration.attack_threshold
    return attack, attack | (combined <= calibration.suspicious_threshold)


NEAR = 3.0
"""Detectors within this factor of the combined number have as good a claim to name the kind."""


def _leading(scores: Floats, weighted: Floats, combined: Floats) -> Ints:
    """The detector that names the kind, int64[n]: of those that (nearly) attain the minimum, the most specific one.

    All scores hold the same part for the sender's standing (`detection.detectors.standing`). Where that part alone makes
    the decision the detectors are level, and the one that found most of its own kind has more to say than the one that
    is ahead by a hair.
    """
    if not len(scores):
        return np.zeros(len(combined), dtype=np.int64)
    specific = scores - scores.min(axis=0)
    near = (weighted <= NEAR * combined) | (weighted == weighted.min(axis=0))
    return np.asarray(np.where(near, specific, -1.0).argmax(axis=0), dtype=np.int64)


def _shares(weighted: Floats) -> Floats:
    """How much each detector has to do with the decision, adding to 1: its -log of the weighted tail among all's."""
    if not len(weighted):
        return weighted
    surprise = np.maximum(-np.log(np.maximum(weighted, 1e-300)), 0.0)
    whole = surprise.sum(axis=0)
    return np.where(whole > 0, surprise / np.where(whole > 0, whole, 1.0), 1.0 / len(weighted))
