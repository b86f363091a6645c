"""Sums of oblivious trees: evaluated as a walk from the root would, and grown as their constraints say."""

from __future__ import annotations

import numpy as np
import pytest

from detection.detectors.trees import SCALE, Trees, mean_of
from detection.learning.boosting import Boosting, boost

SIGNALS = 12
SMALL = Boosting(trees=12, depth=3, signals_a_tree=0.7)


def _mail(n: int = 1_500) -> tuple[np.ndarray, np.ndarray]:
    generator = np.random.default_rng(7)
    values = generator.normal(size=(SIGNALS, n))
    values[3] = generator.integers(0, 4, n)
    values[4][generator.random(n) < 0.3] = np.nan
    attack = (values[0] * values[1] > 0.3) & (values[3] > 0) | (np.isnan(values[4]) & (values[2] > 0.5))
    return values, attack


def _grown(signs: list[int] | None = None) -> tuple[Trees, np.ndarray, np.ndarray]:
    values, attack = _mail()
    names = tuple(f"signal_{at}" for at in range(SIGNALS))
    given = np.array(signs or [0] * SIGNALS, dtype=np.int8)
    return boost(values, names, attack, np.ones(len(attack)), given, SMALL), values, attack


def _walked(trees: Trees, message: np.ndarray) -> float:
    total = trees.bias[0]
    for tree in range(trees.feature.shape[1]):
        leaf = 0
        for level in range(trees.feature.shape[0]):
            value = message[trees.feature[level, tree]]
            above = trees.unknown[level, tree] if np.isnan(value) else value > trees.threshold[level, tree]
            leaf = 2 * leaf + int(above)
        total += int(trees.leaves[tree, leaf])
    return total * SCALE


def test_a_sum_of_trees_is_that_of_walking_each() -> None:
    trees, values, _ = _grown()
    assert trees(values[:, :60])[0].tolist() == [_walked(trees, values[:, at]) for at in range(60)]


def test_one_message_has_the_same_bits_alone_as_among_many() -> None:
    trees, values, _ = _grown()
    together = trees(values)[0]
    alone = [float(trees(values[:, at : at + 1])[0, 0]) for at in range(200)]
    assert together[:200].tolist() == alone
    assert trees(values[:, :0]).shape == (1, 0)


def test_the_trees_learn_what_separates() -> None:
    trees, values, attack = _grown()
    odds = trees(values)[0]
    assert odds[attack].mean() > 1.0 + odds[~attack].mean()


def test_growing_again_gives_the_same_trees() -> None:
    first, second = _grown()[0], _grown()[0]
    assert first.leaves.tobytes() == second.leaves.tobytes()
    assert first.threshold.tobytes() == second.threshold.tobytes()


@pytest.mark.parametrize("sign", [1, -1])
def test_no_message_looks_better_for_a_signal_that_speaks_against_it(sign: int) -> None:
    trees, values, _ = _grown([sign] * SIGNALS)
    before = trees(values)[0]
    for at in range(SIGNALS):
        raised = values.copy()
        raised[at] += 0.7
        assert (sign * (trees(raised)[0] - before) >= 0).all(), f"signal {at}"


def test_mail_of_one_nature_only_is_refused() -> None:
    values, attack = _mail(50)
    with pytest.raises(ValueError, match="both attacks and benign"):
        boost(
            values, ("x",) * SIGNALS, np.zeros_like(attack), np.ones(50), np.zeros(SIGNALS, dtype=np.int8), Boosting()
        )


def test_the_mean_of_sums_says_the_mean() -> None:
    first, values, attack = _grown()
    second = boost(values, first.signals, ~attack, np.ones(len(attack)), np.zeros(SIGNALS, dtype=np.int8), SMALL)
    said = [trees(values.copy())[0] for trees in (first, second)]
    mean = mean_of([first, second])(values.copy())[0]
    np.testing.assert_allclose(mean, (said[0] + said[1]) / 2, atol=first.leaves.shape[0] * SCALE)
