"""From a tenant's replayed scores to its calibration, with everything a report says about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from detection.calibration.budget import Rehearsal, WeightChoice, choose_weights, starting_weights
from detection.calibration.calibration import Calibration, refuse_not_finite
from detection.calibration.campaigns import Campaigns, gather
from detection.calibration.certificate import Certificate, Evidence, certify, number_tail
from detection.calibration.order_statistics import check_levels
from detection.calibration.split import Parts, split
from detection.calibration.summary import DetectorSummary, summaries
from detection.calibration.tails import fit_tail
from detection.calibration.walk_forward import Audit, walk_forward

if TYPE_CHECKING:
    from detection.calibration.pooled import Reference
    from detection.keys import Keys
    from detection.mail.batch import Bools, Floats, Ints

SUSPICIOUS_FACTOR = 10.0
MOST_FINDINGS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Overrides:
    """What admins set for this tenant, by detector; it survives every recalibration until it is cleared."""

    weights: Mapping[str, float] = field(default_factory=dict)
    """Share of the budget; 0 silences the detector."""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    """Flag at this score and above, outside the budget; what it flags counts against the certificate."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CalibrationResult:
    """A calibration and what there is to say about it."""

    calibration: Calibration
    certificate: Certificate
    suspicious_certificate: Certificate
    detectors: tuple[DetectorSummary, ...]
    weights: WeightChoice
    findings: Ints
    """Rows of the input: the strongest benign message of each suspicious campaign, strongest first."""
    observed_rate: float
    """Of messages in the certifying part flagged as attack."""
    messages: int
    campaigns: int
    excluded: int
    """Messages left out as known bad."""
    parts: Mapping[str, int]
    """Campaigns in each part."""
    audit: Audit


def calibrate(
    scores: Floats,
    detectors: Sequence[str],
    campaign_keys: Keys,
    days: Ints,
    benign: Bools,
    alpha: float,
    delta: float,
    *,
    suspicious_alpha: float | None = None,
    rehearsal: Rehearsal | None = None,
    reference: Reference | None = None,
    overrides: Overrides | None = None,
    audit: bool = True,
) -> CalibrationResult:
    """Calibrates on as-of `scores` float64[D, n] with `campaign_keys` uint64[n], `days` int[n] and `benign` bool[n].

    `benign` is False for known bad: it takes no part. `suspicious_alpha` is the looser budget, ten times alpha by
    default. Any n works, 0 included; the result does not depend on the order of messages (findings are its rows).
    Raises ValueError, saying where, for shapes that do not fit, scores that are not finite, levels outside (0, 1) and
    overrides that are impossible.
    """
    names = tuple(detectors)
    overrides = overrides or Overrides()
    if suspicious_alpha is None:
        suspicious_alpha = min(SUSPICIOUS_FACTOR * alpha, 0.5)
    _check(scores, names, campaign_keys, days, benign, alpha, delta, suspicious_alpha, rehearsal, overrides)
    rows = np.flatnonzero(benign)
    used, used_days = np.ascontiguousarray(scores[:, rows], dtype=np.float64), days[rows].astype(np.int64)
    campaigns = gather(used, campaign_keys[rows], used_days)
    attacks = rehearsal if rehearsal is not None and rehearsal.scores.shape[1] else None
    parts = split(campaigns.keys, delta=delta, weighing=attacks is not None)

    draft = _tails(names, campaigns.scores[:, parts.fitting], reference, overrides)
    choice = _weights(draft, campaigns.scores[:, parts.weighing], attacks, alpha, overrides)
    draft = replace(draft, weights=choice.weights)

    p = draft.tail_probabilities(used)
    number = draft.combined(p)
    calibration = _certified(draft, campaigns, parts, number, used_days, (alpha, suspicious_alpha, delta), reference)
    in_budget = np.array([at is None for at in calibration.fixed_thresholds], dtype=np.bool_)
    return CalibrationResult(
        calibration=calibration,
        certificate=calibration.certificate,
        suspicious_certificate=calibration.suspicious_certificate,
        detectors=summaries(calibration, campaigns, parts, p),
        weights=choice,
        findings=rows[
            _findings(_judged_by_others(draft, number, used, campaigns, parts), campaigns, calibration)
        ].astype(np.int64),
        observed_rate=calibration.certificate.observed_rate,
        messages=len(rows),
        campaigns=len(campaigns),
        excluded=len(benign) - len(rows),
        parts={
            "fitting": len(parts.fitting),
            "weighing": len(parts.weighing),
            "certifying": len(parts.certifying),
        },
        audit=walk_forward(
            replace(campaigns, scores=campaigns.scores[in_budget]), np.array(choice.weights)[in_budget], alpha, delta
        )
        if audit
        else Audit(weeks=()),
    )


def _tails(names: tuple[str, ...], scores: Floats, reference: Reference | None, overrides: Overrides) -> Calibration:
    """A calibration with tails and equal weights, and no certificate yet."""
    own = tuple(fit_tail(row) for row in scores)
    lent = tuple(reference.detectors.get(name) if reference else None for name in names)
    thresholds = frozenset(overrides.thresholds)
    return Calibration(
        detectors=names,
        own_tails=own,
        reference_tails=lent,
        reference_weights=tuple(
            reference.weight(tail.n) if reference and other is not None else 0.0
            for tail, other in zip(own, lent, strict=True)
        ),
        weights=tuple(float(w) for w in starting_weights(names, overrides.weights, thresholds)),
        fixed_weights=tuple(_number(overrides.weights.get(name)) for name in names),
        fixed_thresholds=tuple(_number(overrides.thresholds.get(name)) for name in names),
        combined_tail=fit_tail(np.zeros(0)),
        certificate=_NOT_YET,
        suspicious_certificate=_NOT_YET,
    )


def _weights(
    draft: Calibration, benign: Floats, rehearsal: Rehearsal | None, alpha: float, overrides: Overrides
) -> WeightChoice:
    start = np.array(draft.weights, dtype=np.float64)
    if rehearsal is None:
        return WeightChoice(weights=draft.weights, adopted=False, reason="equal weights: no rehearsals")
    weighed = start > 0.0
    free = np.array([name not in overrides.weights for name in draft.detectors], dtype=np.bool_)
    choice = choose_weights(
        start[weighed],
        free[weighed],
        draft.tail_probabilities(benign)[weighed],
        draft.tail_probabilities(np.ascontiguousarray(rehearsal.scores, dtype=np.float64))[weighed],
        rehearsal,
        alpha,
    )
    start[weighed] = choice.weights
    return replace(choice, weights=tuple(float(w) for w in start))


def _certified(
    draft: Calibration,
    campaigns: Campaigns,
    parts: Parts,
    number: Floats,
    days: Ints,
    levels: tuple[float, float, float],
    reference: Reference | None,
) -> Calibration:
    alpha, suspicious_alpha, delta = levels
    by_campaign = np.full(len(campaigns), np.inf)
    np.minimum.at(by_campaign, campaigns.member, number)
    certifying = np.zeros(len(campaigns), dtype=np.bool_)
    certifying[parts.certifying] = True
    messages = certifying[campaigns.member]
    evidence = Evidence(
        campaigns=by_campaign[certifying],
        campaign_days=campaigns.days[certifying],
        messages=number[messages],
        message_days=days[messages],
    )
    tail = number_tail(evidence.campaigns)
    lent = reference.combined if reference else None
    prior = reference.prior if reference else 0.0
    suspicious = certify(
        evidence, budget="suspicious", alpha=suspicious_alpha, delta=delta, tail=tail, reference=lent, prior=prior
    )
    attack = certify(evidence, budget="attack", alpha=alpha, delta=delta, tail=tail, reference=lent, prior=prior)
    if attack.threshold > suspicious.threshold:
        # An attack is never less than suspicious, and what is promised for the stricter budget holds for the looser.
        certified = attack.counted_alpha <= suspicious_alpha
        suspicious = replace(attack, budget="suspicious", alpha=suspicious_alpha, certified=certified)
    return replace(draft, combined_tail=tail, certificate=attack, suspicious_certificate=suspicious)


def _judged_by_others(draft: Calibration, number: Floats, scores: Floats, campaigns: Campaigns, parts: Parts) -> Floats:
    """Combined numbers by tails that a message took no part in: an attack among what a tail was fitted on hides itself."""
    fitting = np.zeros(len(campaigns), dtype=np.bool_)
    fitting[parts.fitting] = True
    messages = fitting[campaigns.member]
    others = replace(draft, own_tails=tuple(fit_tail(row, interval=False) for row in campaigns.scores[:, ~fitting]))
    judged = number.copy()
    judged[messages] = others.combined(others.tail_probabilities(scores[:, messages]))
    return judged


def _findings(number: Floats, campaigns: Campaigns, calibration: Calibration) -> Ints:
    """Positions of the strongest message of each suspicious campaign, strongest first; ties by campaign, then row."""
    order = np.lexsort((np.arange(len(number)), campaigns.keys[campaigns.member], number))
    order = order[number[order] <= calibration.suspicious_threshold]
    first = np.unique(campaigns.member[order], return_index=True)[1]
    return order[np.sort(first)][:MOST_FINDINGS]


def _check(
    scores: Floats,
    names: tuple[str, ...],
    keys: Keys,
    days: Ints,
    benign: Bools,
    alpha: float,
    delta: float,
    suspicious_alpha: float,
    rehearsal: Rehearsal | None,
    overrides: Overrides,
) -> None:
    check_levels(alpha, delta)
    check_levels(suspicious_alpha, delta)
    if suspicious_alpha < alpha:
        raise ValueError(f"the suspicious budget {suspicious_alpha} is stricter than the attack budget {alpha}")
    if not names or len(set(names)) != len(names):
        raise ValueError(f"calibration needs detectors with distinct names, not {list(names)}")
    if scores.ndim != 2 or len(scores) != len(names):
        raise ValueError(f"scores have shape {scores.shape}, not one row for each of {len(names)} detectors")
    for what, length in (("campaign keys", len(keys)), ("days", len(days)), ("benign flags", len(benign))):
        if length != scores.shape[1]:
            raise ValueError(f"{scores.shape[1]} messages have scores, but there are {length} {what}")
    refuse_not_finite(scores, names)
    if rehearsal is not None:
        if rehearsal.scores.ndim != 2 or len(rehearsal.scores) != len(names):
            raise ValueError(
                f"rehearsed scores have shape {rehearsal.scores.shape}, not one row for each of {len(names)} detectors"
            )
        refuse_not_finite(rehearsal.scores, names)
        for what, values in (("kinds", rehearsal.kinds), ("wordings", rehearsal.wordings)):
            if values is not None and len(values) != rehearsal.scores.shape[1]:
                raise ValueError(f"{rehearsal.scores.shape[1]} rehearsals have scores, but {len(values)} have {what}")
    for name, threshold in overrides.thresholds.items():
        if name not in names:
            raise ValueError(f"a threshold is set for the detector {name!r}, which is not one of {', '.join(names)}")
        if not np.isfinite(threshold):
            raise ValueError(f"the threshold of {name} is {threshold!r}: it must be a finite score")


def _number(value: float | None) -> float | None:
    return None if value is None else float(value)


_NOT_YET = certify(
    Evidence(
        campaigns=np.zeros(0),
        campaign_days=np.zeros(0, dtype=np.int64),
        messages=np.zeros(0),
        message_days=np.zeros(0, dtype=np.int64),
    ),
    budget="attack",
    alpha=0.5,
    delta=0.5,
    tail=fit_tail(np.zeros(0)),
    reference=None,
    prior=0.0,
)
"""Of a draft: nothing is flagged."""
