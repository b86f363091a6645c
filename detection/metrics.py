"""How good decisions are: precision, recall, false-negative rate and ranking, each with an interval. Pure functions."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Values = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rate:
    """A share of n with its two-sided interval; with n = 0 the value is NaN and the interval [0, 1]."""

    hits: int
    n: int
    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}] ({self.hits} of {self.n})"


@dataclass(frozen=True, slots=True)
class Auc:
    """Probability that an attack scores above a benign message (ties count half), with its interval."""

    value: float
    low: float
    high: float
    attacks: int
    benign: int


@dataclass(frozen=True, slots=True)
class Quality:
    """Decisions against labels."""

    precision: Rate
    """Attacks among the flagged."""
    recall: Rate
    """Flagged among the attacks."""
    false_negative_rate: Rate
    """Not flagged among the attacks."""
    false_positive_rate: Rate
    """Flagged among the benign."""


def rate(hits: int, n: int, confidence: float = 0.95) -> Rate:
    """A binomial share with its exact interval (Clopper and Pearson 1934).

    Raises ValueError unless 0 <= hits <= n and confidence lies between 0 and 1.

    >>> r = rate(0, 2995)
    >>> r.low, round(r.high, 5)
    (0.0, 0.00123)
    """
    if not 0 <= hits <= n:
        raise ValueError(f"{hits} hits of {n}: hits must lie between 0 and n")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence {confidence}: must lie between 0 and 1")
    if n == 0:
        return Rate(0, 0, math.nan, 0.0, 1.0)
    # Here, not above: SciPy takes a fifth of a second to load, and every command reads metrics.
    from scipy.special import betaincinv

    tail = (1 - confidence) / 2
    low = float(betaincinv(hits, n - hits + 1, tail)) if hits else 0.0
    high = float(betaincinv(hits + 1, n - hits, 1 - tail)) if hits < n else 1.0
    return Rate(hits, n, hits / n, low, high)


def quality(flagged: npt.NDArray[np.bool_], attack: npt.NDArray[np.bool_], confidence: float = 0.95) -> Quality:
    """Precision, recall and error rates of decisions (`flagged`, bool[n]) against labels (`attack`, bool[n])."""
    if flagged.shape != attack.shape:
        raise ValueError(f"{flagged.size} decisions and {attack.size} labels: there must be one label a decision")
    caught, attacks = int((flagged & attack).sum()), int(attack.sum())
    raised = int(flagged.sum())
    return Quality(
        precision=rate(caught, raised, confidence),
        recall=rate(caught, attacks, confidence),
        false_negative_rate=rate(attacks - caught, attacks, confidence),
        false_positive_rate=rate(raised - caught, len(attack) - attacks, confidence),
    )


def auc(attacks: Values, benign: Values, confidence: float = 0.95) -> Auc:
    """Area under the ROC curve with DeLong's interval (DeLong et al. 1988; by ranks, Sun and Xu 2014), cut to [0, 1].

    Scores of the two classes, NaN not allowed. With fewer than two of either the interval is [0, 1]. When the classes
    separate perfectly DeLong's variance is 0, which promises too much; the bound is then that of a share with no
    failure among the smaller class (Clopper and Pearson).
    """
    if np.isnan(attacks).any() or np.isnan(benign).any():
        raise ValueError("scores hold NaN: decide first what unknown means")
    m, n = len(attacks), len(benign)
    if m == 0 or n == 0:
        return Auc(math.nan, 0.0, 1.0, m, n)
    from scipy.special import ndtri
    from scipy.stats import rankdata

    together = rankdata(np.concatenate([attacks, benign]))
    # For each score, the share of the other class that lies below it.
    above = (together[:m] - rankdata(attacks)) / n
    below = 1.0 - (together[m:] - rankdata(benign)) / m
    value = float(above.mean())
    if m < 2 or n < 2:
        return Auc(value, 0.0, 1.0, m, n)
    variance = float(above.var(ddof=1) / m + below.var(ddof=1) / n)
    reach = float(ndtri(0.5 + confidence / 2)) * math.sqrt(variance)
    low, high = max(value - reach, 0.0), min(value + reach, 1.0)
    if variance == 0.0 and value in (0.0, 1.0):
        edge = rate(min(m, n), min(m, n), confidence).low
        low, high = (edge, 1.0) if value == 1.0 else (0.0, 1.0 - edge)
    return Auc(value, low, high, m, n)


def recall_at(attacks: Values, benign: Values, false_positive_rate: float, confidence: float = 0.95) -> Rate:
    """Share of attacks that score above all but the given share of the benign (their highest scores are let go)."""
    if len(benign) == 0:
        raise ValueError("a false-positive rate needs benign scores")
    allowed = math.floor(false_positive_rate * len(benign))
    bar = np.sort(benign)[len(benign) - 1 - allowed] if allowed < len(benign) else -math.inf
    return rate(int((attacks > bar).sum()), len(attacks), confidence)
