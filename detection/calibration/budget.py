"""One budget for all detectors: shares of it, and the weights that give each detector its share.

A message's combined number is the minimum over detectors of p_d / w_d, with weights that add up to 1. Were nothing
counted, alpha on that number would hold by Bonferroni's inequality; because the threshold is counted on the number
itself, the union is certified as a whole without that inequality's slack.

Weights are chosen on rehearsed attacks by coordinate ascent: the logarithm of one weight at a time is tried on a grid
of factors, others fixed, and moves where recall at the budget is highest, until a round changes nothing. The recall
is the mean over kinds of attack, so that a kind with many recipes does not buy its recall at others' cost; the
threshold at each trial is the one that the budget allows on benign campaigns which serve only this choice. A third of
the rehearsals, and half of those campaigns, take no part: unless the chosen weights do better there than equal ones, by
more than one standard error of the paired difference, equal ones stay.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detection.keys import key_of

if TYPE_CHECKING:
    from detection.mail.batch import Bools, Floats, Ints

FACTORS = tuple(float(2.0**power) for power in (-4, -3, -2, -1, -0.5, 0.5, 1, 2, 3, 4))
LEAST_SHARE = 0.05
"""Of an equal share: no detector is silenced because the rehearsals lack its kind."""
MOST_ROUNDS = 8


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """Scores of rehearsed attacks, float64[D, m], with the kind of each, and optionally its wording.

    Attacks of one wording are variations of one text: they are never on both sides of the choice and its check.
    """

    scores: Floats
    kinds: Sequence[str]
    wordings: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WeightChoice:
    """The weights and how they were come by."""

    weights: tuple[float, ...]
    adopted: bool
    """False: equal weights (or what admins fixed and equal shares of the rest)."""
    reason: str
    rehearsals: int = 0
    held_out: int = 0
    recall_equal: float | None = None
    recall_chosen: float | None = None
    """On the rehearsals held out, at the budget on the weighing part."""


def starting_weights(detectors: Sequence[str], fixed: Mapping[str, float], without: frozenset[str]) -> Floats:
    """Equal shares of what admins' `fixed` shares leave; 0 for detectors `without` a share (they have a threshold).

    Raises ValueError when a name is unknown or the fixed shares do not fit in the budget.
    """
    for name, share in fixed.items():
        if name not in detectors:
            raise ValueError(f"a weight is set for the detector {name!r}, which is not one of {', '.join(detectors)}")
        if not 0.0 <= share <= 1.0:
            raise ValueError(f"the weight of {name} is a share of the budget between 0 and 1, not {share!r}")
    free = [name for name in detectors if name not in fixed and name not in without]
    left = 1.0 - sum(share for name, share in sorted(fixed.items()) if name not in without)
    if left < -1e-9 or (free and left <= 1e-9):
        raise ValueError(
            f"the weights set by admins take {1.0 - left:.4g} of the budget"
            + (f" and leave nothing for {', '.join(free)}" if free else "")
            + ": lower them, or clear one"
        )
    share = left / len(free) if free else 0.0
    return np.array([0.0 if name in without else float(fixed.get(name, share)) for name in detectors])


def choose_weights(
    start: Floats, free: Bools, benign: Floats, attacks: Floats, rehearsal: Rehearsal, alpha: float
) -> WeightChoice:
    """Weights for the detectors that are `free` bool[D], from `start` float64[D].

    `benign` float64[D, c] are tail probabilities of the weighing part's campaigns, `attacks` float64[D, m] those of the
    rehearsals.
    """
    equal = tuple(float(w) for w in start)
    if benign.shape[1] < 2 or attacks.shape[1] == 0 or int(free.sum()) < 2:
        missing = "no rehearsals" if attacks.shape[1] == 0 else "nothing to choose"
        if attacks.shape[1] and benign.shape[1] < 2:
            missing = "no benign campaigns for it"
        return WeightChoice(weights=equal, adopted=False, reason=f"equal weights: {missing}")
    with np.errstate(divide="ignore"):
        logs, attack_logs, log_weights = -np.log(benign), -np.log(attacks), np.log(start)
    kinds = np.unique(np.asarray(rehearsal.kinds), return_inverse=True)[1]
    held_out = _held_out(kinds, rehearsal)
    train = _Recall(logs[:, 0::2], attack_logs[:, ~held_out], kinds[~held_out], alpha)
    check = _Recall(logs[:, 1::2], attack_logs[:, held_out], kinds[held_out], alpha)
    chosen = _ascend(log_weights, free, train)
    before, after = check(log_weights), check(chosen)
    better = after > before and check.gains(log_weights, chosen)
    weights = equal
    if better:
        scaled = np.where(free, np.exp(chosen), 0.0)
        scaled *= float(start[free].sum()) / float(scaled.sum())
        weights = tuple(float(w) for w in np.where(free, scaled, start))
    return WeightChoice(
        weights=weights,
        adopted=better,
        reason="chosen on rehearsals, better on those held out" if better else "equal weights: no better ones held up",
        rehearsals=int((~held_out).sum()),
        held_out=int(held_out.sum()),
        recall_equal=before,
        recall_chosen=after if better else before,
    )


class _Recall:
    """Mean recall over kinds when as many benign campaigns are flagged as the budget allows."""

    def __init__(self, benign: Floats, attacks: Floats, kinds: Ints, alpha: float) -> None:
        self.rank = int(alpha * benign.shape[1])
        self.benign, self.attacks = _candidates(benign, self.rank + 1), attacks
        self.kinds = np.unique(kinds, return_inverse=True)[1] if len(kinds) else kinds
        self.sizes = np.bincount(self.kinds)

    def __call__(self, log_weights: Floats) -> float:
        return self.at(_highest(self.benign + log_weights[:, None]), _highest(self.attacks + log_weights[:, None]))

    def at(self, benign: Floats, attacks: Floats) -> float:
        if not len(self.sizes):
            return 0.0
        return float((np.bincount(self.kinds, weights=self.caught(benign, attacks)) / self.sizes).mean())

    def caught(self, benign: Floats, attacks: Floats) -> Bools:
        place = len(benign) - 1 - self.rank
        return np.asarray(attacks > np.partition(benign, place)[place])

    def gains(self, before: Floats, after: Floats) -> bool:
        """Whether more attacks are newly caught than newly missed, by over a standard error (as in McNemar 1947)."""
        then, now = (
            self.caught(_highest(self.benign + w[:, None]), _highest(self.attacks + w[:, None]))
            for w in (before, after)
        )
        won, lost = int((now & ~then).sum()), int((then & ~now).sum())
        return won - lost > math.sqrt(won + lost)


def _ascend(log_weights: Floats, free: Bools, recall: _Recall) -> Floats:
    best, current = recall(log_weights), log_weights.copy()
    least = log_weights + np.log(LEAST_SHARE)
    for _ in range(MOST_ROUNDS):
        before = best
        for d in np.flatnonzero(free):
            others = np.arange(len(current)) != d
            benign = _highest(recall.benign[others] + current[others, None])
            attacks = _highest(recall.attacks[others] + current[others, None])
            start = current[d]
            for factor in FACTORS:
                trial = max(start + np.log(factor), least[d])
                value = recall.at(
                    np.maximum(benign, recall.benign[d] + trial), np.maximum(attacks, recall.attacks[d] + trial)
                )
                if value > best + 1e-12:
                    best, current[d] = value, trial
        if best <= before + 1e-12:
            break
    return current


def _highest(values: Floats) -> Floats:
    return np.asarray(np.maximum.reduce(values, axis=0, initial=-np.inf))


def _candidates(logs: Floats, count: int) -> Floats:
    """The campaigns that can be among the `count` highest under any weights: those so for some one detector."""
    if logs.shape[1] <= count:
        return logs
    highest = np.argpartition(-logs, count - 1, axis=1)[:, :count]
    return logs[:, np.unique(highest)]


def _held_out(kinds: Ints, rehearsal: Rehearsal) -> Bools:
    """A third of each kind's wordings (of its rehearsals, where wordings are not told), by hash; bool[m]."""
    m = len(kinds)
    held_out = np.zeros(m, dtype=np.bool_)
    names = rehearsal.wordings if rehearsal.wordings is not None else [str(i) for i in range(m)]
    order = np.array([key_of(f"rehearsal {name}") for name in names], dtype=np.uint64)
    for kind in range(int(kinds.max()) + 1):
        distinct = np.unique(order[kinds == kind])
        held_out |= (kinds == kind) & np.isin(order, distinct[: len(distinct) // 3])
    return held_out
