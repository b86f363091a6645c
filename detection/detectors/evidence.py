"""Evidence: what a detector adds up. Each piece turns one signal into a share of a weight, smoothly.

Weights are in natural units of log-likelihood: a piece of weight 2 says that attacks show it about e**2 times as
often as the tenant's own mail. Smooth pieces (rather than thresholds) give scores of many levels, and ties in a score
are lost to calibration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

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
    """Named groups of evidence that are added up together: one detector's.

    A group's sum is never NaN, and one message gives the same bits alone as among many. The sums of all detectors are
    computed together at the first call for a batch, because for one message the cost is the number of array operations.

    Args:
        shares: names of groups that are wanted as a share of the greatest they can be, for use as factors.
        groups: the evidence by group, in the order in which the sums are returned.
    """

    def __init__(self, shares: tuple[str, ...] = (), **groups: tuple[Evidence, ...]) -> None:
        self.groups = groups
        self.scales = tuple(
            1.0 / sum(e.weight for e in group if e.weight > 0) if name in shares else 1.0
            for name, group in groups.items()
        )
        _ALL.append(self)

    def __call__(self, signals: SignalValues) -> Sequence[Any]:
        """The sum of each group, its pieces added in the order of declaration: float64[n] each.

        Of one message they are Python's floats rather than arrays: the same bits under + - * / at a tenth of the cost. (A
        division by zero would raise: divide by what is above zero.)
        """
        if self not in signals.sums:
            signals.sums.update(_panel(len(_ALL))(signals))
        sums: Sequence[Any] = signals.sums[self]
        return sums


_ALL: list[Weighing] = []


def declared_evidence() -> list[Evidence]:
    """Every piece of evidence of every detector declared so far."""
    return [piece for weighing in _ALL for group in weighing.groups.values() for piece in group]


class _Panel:
    """All evidence of all detectors, laid out by position in its group: first pieces, then second pieces, and so on.

    With the longest groups first, the groups that still have a piece at a position are the first ones, and adding a
    position to the sums is one operation over neighbouring rows. Each group is thus added from its first piece to its
    last, whatever the number of messages; a reduction over an axis would promise no order.
    """

    def __init__(self, weighings: tuple[Weighing, ...]) -> None:
        groups = [
            (weighing, name, group, scale)
            for weighing in weighings
            for (name, group), scale in zip(weighing.groups.items(), weighing.scales, strict=True)
        ]
        order = sorted(range(len(groups)), key=lambda g: -len(groups[g][2]))
        placed = [
            (groups[g][2][at], groups[g][3])
            for at in range(max(len(group) for _, _, group, _ in groups))
            for g in order
            if at < len(groups[g][2])
        ]
        self._names = tuple(e.signal for e, _ in placed)
        self._half = np.array([[e.half] for e, _ in placed])
        self._unknown = np.array([[1.0 - e.unknown if e.falling else e.unknown] for e, _ in placed])
        # A falling piece is weight - weight * share: a constant and a negative weight.
        self._weight = np.array([[(-e.weight if e.falling else e.weight) * scale] for e, scale in placed])
        lengths = [len(groups[g][2]) for g in order]
        self._counts = [sum(length > at for length in lengths) for at in range(lengths[0])]
        self._constant = np.array([[sum(e.weight for e in groups[g][2] if e.falling) * groups[g][3]] for g in order])
        self._declared = np.argsort(order)
        position = np.repeat(np.arange(len(self._counts)), self._counts)
        within = np.concatenate([np.arange(count) for count in self._counts])
        # Declared order of groups, a row a position below the row of constants; shorter groups end in zeros.
        self._cell = (position + 1) * len(groups) + np.array(order)[within]
        self._table = np.zeros((len(self._counts) + 1, len(groups)))
        self._table[0, order] = self._constant[:, 0]
        ends = np.cumsum([len(weighing.groups) for weighing in weighings]).tolist()
        self._rows = [(w, slice(end - len(w.groups), end)) for w, end in zip(weighings, ends, strict=True)]

    def __call__(self, signals: SignalValues) -> dict[Weighing, Sequence[Any]]:
        # In place where possible: in bulk the cost is memory, some 400 rows of evidence by the messages of a chunk.
        share = signals.some(self._names)
        share /= share + self._half
        np.copyto(share, self._unknown, where=np.isnan(share))
        share *= self._weight
        if share.shape[1] == 1:
            return self._of_one(share)
        total = np.repeat(self._constant, share.shape[1], axis=1)
        start = 0
        for count in self._counts:
            total[:count] += share[start : start + count]
            start += count
        total = total[self._declared]
        return {weighing: list(total[rows]) for weighing, rows in self._rows}

    def _of_one(self, share: Floats) -> dict[Weighing, Sequence[Any]]:
        """As above for one message, where the cost is the number of operations: a running sum down a padded table.

        `accumulate` adds row after row, and adding 0.0 changes no bit of a sum that began at 0.0 or above.
        """
        table = self._table.copy()
        table.reshape(-1)[self._cell] = share[:, 0]
        total = np.add.accumulate(table, axis=0, out=table)[-1].tolist()
        return {weighing: total[rows] for weighing, rows in self._rows}


@cache
def _panel(declared: int) -> _Panel:
    """The panel of the first `declared` weighings: made anew when a detector has been added."""
    return _Panel(tuple(_ALL[:declared]))
