"""What counting can promise, against the binomial itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from detection.calibration.order_statistics import (
    allowed_exceedances,
    clopper_pearson,
    minimum_n,
    rate_lower_bound,
    rate_upper_bound,
    smallest_certifiable_alpha,
)

levels = st.floats(1e-3, 0.5)


@given(n=st.integers(1, 5000), alpha=levels, delta=levels)
def test_the_umbrella_index_is_the_smallest_that_keeps_the_promise(n: int, alpha: float, delta: float) -> None:
    allowed = allowed_exceedances(n, alpha, delta)
    if allowed is None:
        assert n < minimum_n(alpha, delta)
        assert binom.sf(n - 1, n, 1 - alpha) > delta * (1 - 1e-9)
        return
    k = n - allowed
    assert binom.sf(k - 1, n, 1 - alpha) <= delta * (1 + 1e-9)
    assert k == 1 or binom.sf(k - 2, n, 1 - alpha) > delta * (1 - 1e-9)


@pytest.mark.parametrize(("alpha", "n"), [(1e-3, 2995), (1e-4, 29_956), (1e-5, 299_572), (1e-6, 2_995_731)])
def test_the_fewest_messages_that_certify(alpha: float, n: int) -> None:
    assert minimum_n(alpha, 0.05) == n
    assert allowed_exceedances(n - 1, alpha, 0.05) is None
    assert smallest_certifiable_alpha(n, 0.05) <= alpha < smallest_certifiable_alpha(n - 1, 0.05)


@given(n=st.integers(1, 10**6), share=st.floats(0, 1), delta=levels)
def test_the_upper_bound_inverts_the_umbrella(n: int, share: float, delta: float) -> None:
    exceedances = int(share * n)
    bound = rate_upper_bound(exceedances, n, delta)
    assert exceedances / n <= bound <= 1
    if exceedances < n and bound < 1 - 1e-9:
        assert binom.cdf(exceedances, n, bound) == pytest.approx(delta, rel=1e-6)


def test_clopper_pearson_covers_the_truth_at_least_as_often_as_it_says() -> None:
    for n, rate in ((20, 0.01), (100, 0.05), (1000, 0.001), (50, 0.5)):
        x = np.arange(n + 1)
        covered = [(low <= rate <= high) for low, high in (clopper_pearson(int(i), n) for i in x)]
        assert binom.pmf(x, n, rate)[covered].sum() >= 0.95


def test_nothing_seen_bounds_nothing() -> None:
    assert (smallest_certifiable_alpha(0, 0.05), rate_upper_bound(0, 0, 0.05), rate_lower_bound(0, 0, 0.05)) == (
        1,
        1,
        0,
    )


@pytest.mark.parametrize(("alpha", "delta"), [(0.0, 0.05), (1.0, 0.05), (0.01, 0.0), (0.01, float("nan")), (-1, 0.5)])
def test_impossible_levels_are_refused_by_name(alpha: float, delta: float) -> None:
    with pytest.raises(ValueError, match=r"budget|risk"):
        minimum_n(alpha, delta)
