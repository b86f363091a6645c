"""Evidence: what a detector adds up. Each piece turns one signal into a share of a weight, smoothly.

Weights are in natural units of log-likelihood: a piece of weight 2 says that attacks show it about e**2 times as
often as the tenant's own mail. Smooth pieces (rather than thresholds) give scores of many levels, and ties in a score
are lost to calibration.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

FLAG = 1e-9
"""As `half`: the full weight as soon as the signal is above 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """One piece: `weight * x / (x + half)` for a signal value x >= 0, or one minus that share when it `falls`.

    `unknown` is the share of the weight that counts when the signal is unknown: the author's explicit decision.
    """

    signal: str
    weight: float
    half: float
    unknown: float
    falling: bool

    def __post_init__(self) -> None:
        if self.signal not in SIGNALS:
            raise ValueError(f"evidence names signal {self.signal!r}, which is not declared")
        if self.half <= 0 or not 0 <= self.unknown <= 1:
            raise ValueError(f"evidence of {self.signal}: half must be above 0 and unknown a share of 0 to 1")


def rises(signal: str, weight: float, half: float = FLAG, unknown: float = 0.0) -> Evidence:
    """Evidence that grows with the signal and has half its weight at `half`."""
    return Evidence(signal=signal, weight=weight, half=half, unknown=unknown, falling=False)


def falls(signal: str, weight: float, half: float, unknown: float = 1.0) -> Evidence:
    """Evidence that has its full weight at 0, half of it at `half`, and fades as the signal grows.

    By default an unknown signal counts in full: not knowing that a sender is familiar is no sign that it is.
    """
    return Evidence(signal=signal, weight=weight, half=half, unknown=unknown, falling=True)


class Sum:
    """A sum of evidence, float64[n], never NaN: the same bits for one message as for the same message among many."""

    def __init__(self, *evidence: Evidence) -> None:
        self.evidence = evidence
        self.greatest = sum(e.weight for e in evidence if e.weight > 0)
        self._names = [e.signal for e in evidence]
        self._half = np.array([[e.half] for e in evidence])
        self._unknown = np.array([[e.unknown] for e in evidence])
        # A falling piece is weight - weight * share: a constant and a negative weight.
        self._weight = np.array([[-e.weight if e.falling else e.weight] for e in evidence])
        self._constant = sum(e.weight for e in evidence if e.falling)
        self._unknown_share = np.where([[e.falling] for e in evidence], 1.0 - self._unknown, self._unknown)

    def __call__(self, signals: SignalValues) -> Floats:
        """The weighted shares of every message, added in the order of declaration."""
        arrays = signals.arrays
        values = np.concatenate([arrays[name] for name in self._names]).reshape(len(self._names), -1)
        share = values / (values + self._half)
        share = np.where(np.isnan(share), self._unknown_share, share)
        share *= self._weight
        # accumulate adds row after row whatever the shape; sum and einsum may not, and then one message alone differs
        # in the last bit.
        total = np.add.accumulate(share, axis=0)[-1]
        return np.asarray(total + self._constant)

    def share(self, signals: SignalValues) -> Floats:
        """The sum as a share of the greatest it can be, for use as a factor."""
        return np.asarray(self(signals) / self.greatest)
