"""Tails are valid p-values, monotone, strict beyond the data, small, and the same for one value as for many."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from detection.calibration.pareto import (
    CRITICAL_SHAPES,
    Pareto,
    anderson_darling,
    critical_value,
    fit_pareto,
    likelihood_region,
)
from detection.calibration.pooled import average
from detection.calibration.tails import TailKind, TailTable, fit_tail

finite = st.floats(-1e12, 1e12, allow_subnormal=False)
samples = hnp.arrays(np.float64, st.integers(0, 60), elements=finite | st.integers(-2, 2).map(float))


def draw(shape: float, m: int, rng: np.random.Generator) -> np.ndarray:
    log = -np.log(rng.random(m))
    return np.sort(log if shape == 0 else np.expm1(shape * log) / shape)


@given(sample=samples, queries=hnp.arrays(np.float64, st.integers(1, 30), elements=finite))
def test_a_tail_is_monotone_positive_and_never_below_its_conservative_count_inside_the_data(sample, queries) -> None:
    tail = fit_tail(sample)
    queries = np.sort(np.concatenate((queries, sample)))
    p = tail(queries)
    assert ((p > 0) & (p <= 1)).all()
    assert (np.diff(p) <= 0).all()
    exact = (1 + (sample[None, :] >= queries[:, None]).sum(1)) / (len(sample) + 1)
    inside = queries <= (tail.knots[-1] if len(tail.knots) else -np.inf)
    assert (p[inside] >= exact[inside] * (1 - 1e-12)).all()


def test_the_body_is_exact_near_the_top_and_at_most_two_percent_high_elsewhere_in_few_knots() -> None:
    sample = np.random.default_rng(1).integers(0, 400_000, 300_000).astype(float)
    tail = fit_tail(sample)
    queries = np.sort(np.random.default_rng(2).choice(sample, 2000))
    queries = queries[queries <= tail.knots[-1]]
    exact = (1 + len(sample) - np.searchsorted(np.sort(sample), queries)) / (len(sample) + 1)
    assert (tail(queries) >= exact * (1 - 1e-12)).all()
    assert (tail(queries) <= exact * 1.0201 + 1e-12).all()
    assert len(tail.knots) < 700


@pytest.mark.parametrize(
    ("name", "sample"),
    [
        ("one value", np.zeros(1)),
        ("all equal", np.full(5000, 0.25)),
        ("discrete", np.random.default_rng(0).integers(0, 5, 5000).astype(float)),
        ("normal", np.random.default_rng(0).normal(size=5000)),
        ("heavy", np.random.default_rng(0).standard_cauchy(5000)),
        ("bounded", np.random.default_rng(0).random(5000)),
        ("tiny scale", 1 + np.random.default_rng(0).exponential(1e-9, 5000)),
    ],
)
def test_beyond_the_data_a_tail_falls_strictly_however_far(name: str, sample: np.ndarray) -> None:
    highest = sample.max()
    beyond = highest + np.concatenate((np.geomspace(1e-6, 1e12, 200), [1e100, 1e200]))
    p = fit_tail(sample)(np.append(highest, beyond))
    assert (np.diff(p) < 0).all(), name
    assert p[-1] > 0


def test_one_value_gives_the_same_bits_as_a_million() -> None:
    rng = np.random.default_rng(3)
    tails = tuple(fit_tail(s) for s in (rng.normal(size=4000), rng.standard_t(2, 4000), rng.integers(0, 9, 4000) * 1.0))
    table = TailTable(tails)
    scores = np.concatenate((rng.normal(0, 3, (3, 1500)), np.round(rng.normal(0, 30, (3, 1500)))), axis=1)
    bulk = table.evaluate(scores)
    for n in (1, 3, 8, 9, 17):
        parts = [table.evaluate(np.ascontiguousarray(scores[:, i : i + n])) for i in range(0, scores.shape[1], n)]
        assert np.concatenate(parts, axis=1).tobytes() == bulk.tobytes()


def test_empirical_p_values_are_valid_for_any_distribution_with_ties() -> None:
    """P(p(X) <= a) <= a over tail and message together, for the body (Vovk, Gammerman and Shafer 2005, prop. 2.8)."""
    rng = np.random.default_rng(4)
    p = np.array([fit_tail(s[:-1])(s[-1:])[0] for s in rng.geometric(0.2, (6000, 31)).astype(float)])
    for level in (0.5, 0.2, 0.1, 1 / 31):
        assert (p <= level).mean() <= level + 3 * np.sqrt(level / 6000)


@pytest.mark.parametrize("shape", [0.0, 0.15, 0.5, 1.0])
def test_the_fit_finds_the_shape_and_its_interval_covers_it(shape: float) -> None:
    rng = np.random.default_rng(5)
    fits, covered = [], 0
    for _ in range(150):
        x = draw(shape, 200, rng)
        fit = fit_pareto(x)
        fits.append(fit.shape)
        low, high = likelihood_region(fit.unbounded(), x, 0.05).shape_interval()
        covered += low <= shape <= high
    assert abs(np.mean(fits) - shape) < 0.04
    assert covered >= 150 * 0.95 - 3 * np.sqrt(150 * 0.95 * 0.05)


@pytest.mark.parametrize("shape", [-0.3, 0.0, 0.5, 1.0])
def test_the_check_of_fit_refuses_true_tails_one_time_in_twenty(shape: float) -> None:
    rng = np.random.default_rng(6)
    refused = 0
    for _ in range(800):
        x = draw(shape, 100, rng)
        fit = fit_pareto(x)
        refused += anderson_darling(fit, x) > critical_value(fit.shape)
    assert 0.025 <= refused / 800 <= 0.08
    assert min(CRITICAL_SHAPES) <= shape <= max(CRITICAL_SHAPES)


def test_the_check_of_fit_says_no_to_what_is_no_such_tail() -> None:
    rng = np.random.default_rng(7)
    two_humps = np.concatenate((rng.normal(0, 1, 4000), rng.normal(30, 0.5, 220)))
    few_levels = rng.integers(0, 12, 5000).astype(float)
    fit = fit_pareto(x := np.sort(np.concatenate((rng.exponential(1, 300), rng.normal(20, 0.3, 200)))))
    assert anderson_darling(fit, x) > 3 * critical_value(fit.shape)
    assert fit_tail(two_humps).knots[-1] > 25, "only above the second hump may a tail begin"
    assert fit_tail(few_levels).kind is TailKind.EMPIRICAL
    assert fit_tail(rng.exponential(size=5000)).kind in (TailKind.EXPONENTIAL, TailKind.PARETO)


def test_the_tail_beyond_the_data_is_right_within_a_factor_for_what_it_is_made_for() -> None:
    rng = np.random.default_rng(8)
    ratios = []
    for _ in range(100):
        tail = fit_tail(rng.exponential(size=4000))
        ratios.append(np.log(tail(np.array([-np.log(1e-5)]))[0] / 1e-5))
    assert abs(np.median(ratios)) < np.log(2)
    assert np.quantile(np.abs(ratios), 0.9) < np.log(20)


def test_a_likelihood_region_brackets_quantiles_and_survival() -> None:
    x = draw(0.2, 300, np.random.default_rng(9))
    fit = fit_pareto(x)
    region = likelihood_region(fit, x, 0.05)
    excess = float(np.expm1(0.2 * np.log(1e3)) / 0.2)
    low, high = region.survival_interval(excess)
    assert low < 1e-3 < high
    assert low <= float(np.exp(fit.log_survival(np.array([excess])))[0]) <= high
    assert region.survival_interval(region.greatest_quantile(1e-3))[1] == pytest.approx(1e-3, rel=1e-6)
    assert Pareto(shape=-0.5, scale=1.0, m=9).unbounded() == Pareto(shape=0.0, scale=1 / 1.5, m=9)


def test_an_average_of_tails_is_the_mean_over_tenants() -> None:
    rng = np.random.default_rng(10)
    tails = [fit_tail(rng.normal(0, s, 3000)) for s in (1, 2, 3)]
    mixed = average(tails)
    queries = np.linspace(-5, 40, 3000)
    mean = np.mean([tail(queries) for tail in tails], axis=0)
    inside = queries < mixed.knots[-1]
    assert (mixed(queries)[inside] >= mean[inside] * (1 - 1e-9)).all()
    assert (mixed(queries)[inside] <= np.minimum(mean[inside] * 1.05, 1)).all()
    assert (np.diff(mixed(queries)) <= 0).all()
    assert average([fit_tail(np.zeros(0))]).kind is TailKind.NONE


@settings(max_examples=20)
@given(st.integers(0, 2**32 - 1))
def test_fitting_does_not_depend_on_the_order_of_scores(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sample = np.round(rng.standard_t(3, 700), rng.integers(1, 6))
    a, b = fit_tail(sample), fit_tail(rng.permutation(sample))
    assert (a.knots.tobytes(), a.mass.tobytes(), a.shape, a.scale) == (
        b.knots.tobytes(), b.mass.tobytes(), b.shape, b.scale
    )  # fmt: skip
