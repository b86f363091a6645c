"""The report's table of detectors: the tail each was given, its share of the budget, where attack begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from detection.calibration.calibration import Calibration
    from detection.calibration.campaigns import Campaigns
    from detection.calibration.split import Parts
    from detection.calibration.tails import TailKind
    from detection.mail.batch import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class DetectorSummary:
    """One row of the report's table."""

    detector: str
    weight: float
    fixed_weight: bool
    fixed_threshold: float | None
    kind: TailKind
    campaigns: int
    """That its tail was fitted on."""
    distinct_scores: int
    median: float
    highest: float
    excesses: int
    shape: float
    shape_low: float
    shape_high: float
    misfit: float
    misfit_limit: float
    reference_weight: float
    attack_score: float | None
    """The least score that is an attack by this detector alone; None when no score is."""
    flagged: int
    """Benign messages of the certifying part that it flags as attack."""


def summaries(calibration: Calibration, campaigns: Campaigns, parts: Parts, p: Floats) -> tuple[DetectorSummary, ...]:
    """One row a detector, `p` float64[D, n] being the tail probabilities of the messages of `campaigns`."""
    certifying = np.zeros(len(campaigns), dtype=np.bool_)
    certifying[parts.certifying] = True
    flagged = calibration.shares(p[:, certifying[campaigns.member]]) <= calibration.attack_threshold
    attack_scores = calibration.scores_at(calibration.attack_threshold)
    rows = []
    for row, (name, tail) in enumerate(zip(calibration.detectors, calibration.own_tails, strict=True)):
        fitted = campaigns.scores[row, parts.fitting]
        rows.append(
            DetectorSummary(
                detector=name,
                weight=calibration.weights[row],
                fixed_weight=calibration.fixed_weights[row] is not None,
                fixed_threshold=calibration.fixed_thresholds[row],
                kind=tail.kind,
                campaigns=tail.n,
                distinct_scores=len(np.unique(fitted)),
                median=float(np.median(fitted)) if len(fitted) else 0.0,
                highest=float(fitted.max()) if len(fitted) else 0.0,
                excesses=tail.excesses,
                shape=tail.shape,
                shape_low=tail.shape_low,
                shape_high=tail.shape_high,
                misfit=tail.misfit,
                misfit_limit=tail.misfit_limit,
                reference_weight=calibration.reference_weights[row],
                attack_score=attack_scores[row],
                flagged=int(flagged[row].sum()),
            )
        )
    return tuple(rows)
