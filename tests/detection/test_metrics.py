"""Rates and rankings keep what their intervals promise."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.metrics import auc, quality, rate, recall_at


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_interval_holds_the_rate(hits: int, more: int) -> None:
    r = rate(hits, hits + more)
    if r.n:
        assert 0 <= r.low <= r.value <= r.high <= 1
    else:
        assert (r.low, r.high) == (0, 1)
        assert math.isnan(r.value)


def test_the_interval_covers_the_true_rate_as_often_as_promised() -> None:
    rng = np.random.default_rng(1)
    for truth in (0.02, 0.3):
        covered = [r.low <= truth <= r.high for r in (rate(int(h), 200) for h in rng.binomial(200, truth, 2_000))]
        # Clopper-Pearson promises at least 95%; 2,000 repetitions err by about half a percent.
        assert np.mean(covered) >= 0.94


def test_known_clopper_pearson_bounds() -> None:
    r = rate(5, 100)
    assert r.low == pytest.approx(0.016432, abs=1e-6)
    assert r.high == pytest.approx(0.112835, abs=1e-6)


@pytest.mark.parametrize(("hits", "n", "confidence"), [(-1, 3, 0.9), (4, 3, 0.9), (1, 3, 1.0)])
def test_impossible_rates_are_refused(hits: int, n: int, confidence: float) -> None:
    with pytest.raises(ValueError, match="must lie between"):
        rate(hits, n, confidence)


def test_quality_counts_each_kind_of_error_against_its_own_class() -> None:
    flagged = np.array([True, True, False, False, True])
    attack = np.array([True, False, True, False, True])
    q = quality(flagged, attack)
    assert (q.precision.hits, q.precision.n) == (2, 3)
    assert (q.recall.hits, q.recall.n) == (2, 3)
    assert (q.false_negative_rate.hits, q.false_negative_rate.n) == (1, 3)
    assert (q.false_positive_rate.hits, q.false_positive_rate.n) == (1, 2)


def test_auc_is_the_share_of_pairs_in_the_right_order() -> None:
    rng = np.random.default_rng(2)
    attacks, benign = rng.integers(0, 9, 40).astype(float), rng.integers(0, 7, 50).astype(float)
    pairs = (attacks[:, None] > benign).mean() + 0.5 * (attacks[:, None] == benign).mean()
    assert auc(attacks, benign).value == pytest.approx(pairs)


def test_the_auc_interval_covers_the_truth_as_often_as_promised() -> None:
    rng = np.random.default_rng(3)
    truth = 0.7602499  # of two unit normals one apart: Phi(1 / sqrt(2))
    covered = []
    for _ in range(600):
        a = auc(rng.normal(1, 1, 60), rng.normal(0, 1, 80))
        covered.append(a.low <= truth <= a.high)
    assert 0.91 <= np.mean(covered) <= 0.98


def test_perfect_separation_does_not_promise_certainty() -> None:
    a = auc(np.arange(5.0) + 10, np.arange(100.0) / 100)
    assert a.value == 1
    assert a.low < 0.6


def test_nothing_to_rank_is_unknown() -> None:
    a = auc(np.array([]), np.array([1.0]))
    assert math.isnan(a.value)
    assert (a.low, a.high) == (0, 1)


def test_recall_at_a_false_positive_rate_lets_go_of_that_share_of_the_benign() -> None:
    benign = np.arange(1_000.0)
    attacks = np.array([998.5, 999.5, 997.5, 5.0])
    assert recall_at(attacks, benign, 0.001).hits == 2
    assert recall_at(attacks, benign, 0.0).hits == 1
    assert recall_at(attacks, benign, 0.002).hits == 3
    # A tie with the bar is not above it: flagging it would flag the benign message as well.
    assert recall_at(np.array([998.0]), benign, 0.001).hits == 0
