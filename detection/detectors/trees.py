"""Sums of oblivious decision trees over signals, and how they are evaluated.

In an oblivious tree all nodes of a level ask the same question (Kohavi and Li 1995), so a tree of depth d is d
comparisons whose answers, read as a binary number, say which of 2**d values it adds. That suits arrays: the
questions of all trees are asked at once, and one message costs a dozen array operations, not a walk a tree.

Values are whole numbers, so that a sum has the same bits in whatever order it is added up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from detection.mail.batch import Floats

_BLOCK = 256
"""Messages that are walked at a time: what all trees ask of them stays in the processor's near memory. 512 are as quick,
8,192 take half as long again or more."""

SCALE = 2.0**-16
"""What 1 in a leaf stands for, in log-odds."""


@dataclass(frozen=True, eq=False)
class Trees:
    """Several sums of trees ("heads") over one set of signals.

    Question q of tree t is `signal[feature[q, t]] > threshold[q, t]`, and an unknown signal answers `unknown[q, t]`.
    Head k adds up the trees from `heads[k]` up to before `heads[k + 1]`.
    """

    signals: tuple[str, ...]
    feature: npt.NDArray[np.int64]
    """int64[depth, trees], indices into `signals`."""
    threshold: Floats
    unknown: npt.NDArray[np.bool_]
    leaves: npt.NDArray[np.int32]
    """int32[trees, 2**depth]: what a tree adds; the first question is the highest bit."""
    heads: tuple[int, ...]
    bias: tuple[int, ...]
    """What each head starts from, in units of `SCALE`."""

    @cached_property
    def _plan(self) -> _Plan:
        return _Plan(self)

    def __call__(self, values: Floats) -> Floats:
        """Log-odds of each head, float64[heads, n], from the values of `signals`, float64[signals, n].

        One message gives the same bits alone as among many. `values` is overwritten where unknown.
        """
        return self._plan(values)

    @property
    def names(self) -> tuple[str, ...]:
        """The signals whose values `inputs` must hold row by row: each once for every way of answering when unknown."""
        return self._plan.names

    def evaluate(self, inputs: Floats) -> Floats:
        """As a call, from values laid out by `names`, which are overwritten where unknown."""
        return self._plan.sums(inputs)


class _Plan:
    """The same trees laid out for evaluation: an input row for every (signal, answer when unknown) that is asked for."""

    def __init__(self, trees: Trees) -> None:
        depth, count = trees.feature.shape
        rows = sorted(set(zip(trees.feature.ravel().tolist(), trees.unknown.ravel().tolist(), strict=True)))
        place = {row: at for at, row in enumerate(rows)}
        asked = zip(trees.feature.ravel().tolist(), trees.unknown.ravel().tolist(), strict=True)
        self.names = tuple(trees.signals[feature] for feature, _ in rows)
        self._given = np.array([feature for feature, _ in rows], dtype=np.intp)
        self._unknown = np.array([[np.inf if yes else -np.inf] for _, yes in rows]).reshape(-1, 1)
        self._row = np.array([place[row] for row in asked], dtype=np.intp)
        self._threshold = trees.threshold.reshape(-1, 1)
        self._depth, self._count = depth, count
        self._first_leaf = (np.arange(count, dtype=np.intp) << depth)[:, None]
        self._leaves = trees.leaves.ravel()
        self._heads = list(zip(trees.heads, trees.heads[1:], strict=False))
        self._bias = np.array(trees.bias, dtype=np.int64)[:, None]

    def __call__(self, values: Floats) -> Floats:
        return self.sums(values[self._given])

    def sums(self, inputs: Floats) -> Floats:
        n = inputs.shape[1]
        if n <= _BLOCK:
            return self._block(inputs)
        starts = range(0, n, _BLOCK)
        return np.concatenate([self._block(inputs[:, start : start + _BLOCK]) for start in starts], axis=1)

    def _block(self, inputs: Floats) -> Floats:
        n = inputs.shape[1]
        np.copyto(inputs, self._unknown, where=np.isnan(inputs))
        answers = (inputs[self._row] > self._threshold).view(np.uint8).reshape(self._depth, self._count, n)
        leaf = answers[0]
        for answer in answers[1:]:
            leaf = leaf + leaf + answer
        added = self._leaves[leaf + self._first_leaf]
        out = np.empty((len(self._heads), n), dtype=np.int64)
        for head, (start, stop) in enumerate(self._heads):
            np.add.reduce(added[start:stop], axis=0, dtype=np.int64, out=out[head])
        out += self._bias
        return np.asarray(out * SCALE)


def mean_of(members: Sequence[Trees]) -> Trees:
    """One head that says the mean of what several say, over the same signals; all of one depth. Up to rounding of leaves."""
    count = len(members)
    bias = round(sum(member.bias[0] for member in members) / count)
    leaves = np.concatenate([member.leaves for member in members])
    return replace(
        stacked(members),
        leaves=np.rint(leaves / count).astype(np.int32),
        heads=(0, leaves.shape[0]),
        bias=(bias,),
    )


def stacked(heads: Sequence[Trees]) -> Trees:
    """Several trained sums over the same signals as one; all of one depth."""
    ends = np.cumsum([0, *(head.leaves.shape[0] for head in heads)]).tolist()
    return Trees(
        signals=heads[0].signals,
        feature=np.concatenate([head.feature for head in heads], axis=1),
        threshold=np.concatenate([head.threshold for head in heads], axis=1),
        unknown=np.concatenate([head.unknown for head in heads], axis=1),
        leaves=np.concatenate([head.leaves for head in heads]),
        heads=tuple(ends),
        bias=tuple(bias for head in heads for bias in head.bias),
    )
