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


class Weighing:
    """Named groups of evidence that are added up together.

    A group's sum is never NaN, and one message gives the same bits alone as among many.

    Args:
        shares: names of groups that are wanted as a share of the greatest they can be, for use as factors.
        groups: the evidence by group, in the order in which the sums are returned.
    """

    def __init__(self, shares: tuple[str, ...] = (), **groups: tuple[Evidence, ...]) -> None:
        evidence = [e for group in groups.values() for e in group]
        self.names = tuple(e.signal for e in evidence)
        self._half = np.array([[e.half] for e in evidence])
        self._unknown = np.array([[1.0 - e.unknown if e.falling else e.unknown] for e in evidence])
        scales = [
            1.0 / sum(e.weight for e in group if e.weight > 0) if name in shares else 1.0
            for name, group in groups.items()
            for e in group
        ]
        # A falling piece is weight - weight * share: a constant and a negative weight.
        signs = [-1.0 if e.falling else 1.0 for e in evidence]
        self._weight = np.array(
            [[sign * e.weight * scale] for e, sign, scale in zip(evidence, signs, scales, strict=True)]
        )
        self._parts: list[tuple[slice, float]] = []
        start = 0
        for group in groups.values():
            stop = start + len(group)
            constant = sum(e.weight * scale for e, scale in zip(group, scales[start:stop], strict=True) if e.falling)
            self._parts.append((slice(start, stop), constant))
            start = stop

    def __call__(self, signals: SignalValues) -> list[Floats]:
        """The sum of each group, float64[n], its pieces added in the order of declaration."""
        values = signals.some(self.names)
        share = values / (values + self._half)
        share = np.where(np.isnan(share), self._unknown, share)
        share *= self._weight
        # accumulate adds row after row whatever the shape; sum and einsum may not, and then one message alone differs
        # in the last bit.
        return [np.add.accumulate(share[rows], axis=0)[-1] + constant for rows, constant in self._parts]
