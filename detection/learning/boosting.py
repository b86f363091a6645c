"""Gradient-boosted oblivious trees (Friedman 2001; Prokhorenkova et al. 2018) with monotone constraints, in numpy.

Own code rather than a library: it is short, adds no dependency, and gives the same trees on every run, since nothing
in it depends on threads or on the order of a reduction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.detectors.trees import SCALE, Trees
from detection.mail.batch import Bools, Floats

Signs = npt.NDArray[np.int8]
Codes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Boosting:
    """Parameters of a fit."""

    trees: int = 60
    depth: int = 4
    rate: float = 0.15
    """Share of each tree's own answer that is added (shrinkage)."""
    l2: float = 2.0
    """Messages' worth of doubt in every leaf, in units of the Hessian."""
    bins: int = 32
    """Most different answers of a signal that are told apart while searching for thresholds."""
    signals_a_tree: float = 0.5
    """Share of the signals that a tree may ask: trees that differ generalise better."""
    seed: int = 1


def boost(values: Floats, names: tuple[str, ...], attack: Bools, weight: Floats, signs: Signs, how: Boosting) -> Trees:
    """One head of trees whose sum is the log-odds of attack.

    Args:
        values: float64[signals, n]; NaN is unknown.
        names: the signals' names.
        attack: bool[n].
        weight: float64[n], positive.
        signs: int8[signals]: +1 the log-odds may only rise with the signal, -1 only fall, 0 both.

    Raises ValueError without both attacks and benign mail.
    """
    if attack.all() or not attack.any():
        raise ValueError("training needs both attacks and benign mail")
    generator = np.random.default_rng(how.seed)
    weight = weight * (len(weight) / weight.sum())
    edges = [_edges(row, how.bins) for row in values]
    codes = np.stack([_codes(row, edge, how.bins) for row, edge in zip(values, edges, strict=True)])
    share = float((weight * attack).sum() / weight.sum())
    bias = round(float(np.log(share / (1 - share))) / SCALE)
    log_odds = np.full(len(attack), bias * SCALE)
    questions, leaves = [], []
    usable = np.array([index for index, edge in enumerate(edges) if len(edge)])
    for _ in range(how.trees):
        probability = 1.0 / (1.0 + np.exp(-log_odds))
        gradient = weight * (probability - attack)
        hessian = weight * probability * (1.0 - probability)
        count = max(1, round(how.signals_a_tree * len(usable)))
        chosen = np.sort(generator.permutation(usable)[:count])
        tree = _grow(codes, edges, gradient, hessian, chosen, signs, how)
        questions.append(tree.questions)
        leaves.append(tree.leaves)
        log_odds = log_odds + tree.leaves[tree.at] * SCALE
    asked = np.array([[(f, edges[f][b], u) for f, b, u in tree] for tree in questions], dtype=np.float64)
    return Trees(
        signals=names,
        feature=np.ascontiguousarray(asked[:, :, 0].T).astype(np.int64),
        threshold=np.ascontiguousarray(asked[:, :, 1].T),
        unknown=np.ascontiguousarray(asked[:, :, 2].T).astype(np.bool_),
        leaves=np.stack(leaves),
        heads=(0, how.trees),
        bias=(bias,),
    )


Question = tuple[int, int, bool]
"""Signal, number of the edge that it must be above, and the answer when it is unknown."""


@dataclass(frozen=True, slots=True)
class _Tree:
    questions: list[Question]
    leaves: npt.NDArray[np.int32]
    at: npt.NDArray[np.intp]
    """The leaf of every message."""


def _grow(
    codes: Codes,
    edges: list[Floats],
    gradient: Floats,
    hessian: Floats,
    chosen: npt.NDArray[np.intp],
    signs: Signs,
    how: Boosting,
) -> _Tree:
    node = np.zeros(codes.shape[1], dtype=np.intp)
    questions: list[Question] = []
    for depth in range(how.depth):
        best: tuple[float, Question] = (-1.0, (int(chosen[0]), 0, False))
        for feature in chosen:
            gain, edge, unknown = _best_edge(
                codes[feature], node, 1 << depth, len(edges[feature]), gradient, hessian, int(signs[feature]), how
            )
            if gain > best[0]:
                best = gain, (int(feature), edge, unknown)
        feature, edge, unknown = best[1]
        questions.append(best[1])
        code = codes[feature]
        above = (code > edge) & (code < how.bins) | (code == how.bins) & unknown
        node = node * 2 + above
    size = 1 << how.depth
    g = np.bincount(node, gradient, size)
    h = np.bincount(node, hessian, size)
    values: Floats = np.asarray(-g / (h + how.l2) * how.rate, dtype=np.float64)
    values = _monotone(values, h + how.l2, [int(signs[feature]) for feature, _, _ in questions])
    return _Tree(questions, np.rint(values / SCALE).astype(np.int32), node)


def _best_edge(
    code: Codes,
    node: npt.NDArray[np.intp],
    nodes: int,
    edges: int,
    gradient: Floats,
    hessian: Floats,
    sign: int,
    how: Boosting,
) -> tuple[float, int, bool]:
    """Gain, edge and answer when unknown of the best question about one signal, asked in every node at once."""
    width = how.bins + 1
    place = node * width + code
    g = np.bincount(place, gradient, nodes * width).reshape(nodes, width)
    h = np.bincount(place, hessian, nodes * width).reshape(nodes, width)
    best = -1.0, 0, False
    for unknown in (False, True) if h[:, -1].any() else (False,):
        below_g, below_h = np.cumsum(g[:, :edges], axis=1), np.cumsum(h[:, :edges], axis=1)
        if not unknown:
            below_g, below_h = below_g + g[:, -1:], below_h + h[:, -1:]
        all_g, all_h = g.sum(axis=1, keepdims=True), h.sum(axis=1, keepdims=True)
        above_g, above_h = all_g - below_g, all_h - below_h
        low, high = -below_g / (below_h + how.l2), -above_g / (above_h + how.l2)
        gain = -low * below_g - high * above_g - all_g**2 / (all_h + how.l2)
        if sign:
            gain = np.where(sign * (high - low) < 0, 0.0, gain)
        total = gain.sum(axis=0)
        at = int(total.argmax())
        if total[at] > best[0]:
            best = float(total[at]), at, unknown
    return best


def _monotone(values: Floats, weight: npt.NDArray[Any], signs: list[int]) -> Floats:
    """Leaf values nearest to those given that keep every question's sign: pairs that break it are averaged, then forced."""
    depth = len(signs)
    cube, mass = values.reshape((2,) * depth).copy(), weight.reshape((2,) * depth)
    for _ in range(30):
        for axis, sign in enumerate(signs):
            if not sign:
                continue
            low, high = np.take(cube, 0, axis), np.take(cube, 1, axis)
            wl, wh = np.take(mass, 0, axis), np.take(mass, 1, axis)
            together = (low * wl + high * wh) / (wl + wh)
            wrong = sign * (high - low) < 0
            cube = np.stack([np.where(wrong, together, low), np.where(wrong, together, high)], axis=axis)
    for axis, sign in enumerate(signs):
        if sign:
            forced = np.maximum.accumulate(sign * cube, axis=axis)
            cube = sign * forced
    return np.asarray(cube.ravel())


def _edges(row: Floats, bins: int) -> Floats:
    """Thresholds of a signal: between its different values when they are few, at its quantiles when they are many."""
    known = np.unique(row[~np.isnan(row)])
    if len(known) < 2:
        return np.empty(0)
    if len(known) > bins:
        # Quantiles of the different values and of all: the rare high values are what attacks are made of.
        half = bins // 2
        sorted_row = np.sort(row[~np.isnan(row)])
        picks = np.concatenate(
            [
                known[np.linspace(0, len(known) - 1, half).astype(np.intp)],
                sorted_row[np.linspace(0, len(sorted_row) - 1, bins - half).astype(np.intp)],
            ]
        )
        return np.unique(picks)[: bins - 1][:-1] if len(np.unique(picks)) > 1 else np.empty(0)
    return np.asarray((known[:-1] + known[1:]) / 2)


def _codes(row: Floats, edges: Floats, bins: int) -> Codes:
    """For each value the number of edges below it; `bins` where it is unknown."""
    codes = np.searchsorted(edges, row, side="left").astype(np.uint8)
    codes[np.isnan(row)] = bins
    return codes
