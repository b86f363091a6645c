"""Theory tested as theory: the experiment repeated over many tenants, the share of broken promises counted."""

import numpy as np
import pytest
from simulated_tenants import PANELS, attack_rate, calibrated, draw, true_rate

from detection.calibration.budget import Rehearsal
from detection.calibration.calibrate import calibrate
from detection.calibration.certificate import Basis
from detection.calibration.pooled import pool

pytestmark = pytest.mark.slow

DELTA = 0.1


def within_binomial_error(broken: int, tenants: int, delta: float) -> bool:
    """Whether so many broken promises are no more than chance (three standard errors) makes of delta."""
    return broken <= delta * tenants + 3 * np.sqrt(delta * (1 - delta) * tenants)


@pytest.mark.parametrize("panel", ["heavy tails", "ties", "all sorts"])
def test_counted_the_true_rate_exceeds_alpha_in_at_most_delta_of_tenants(panel: str) -> None:
    rng = np.random.default_rng(11)
    alpha, tenants, broken, broken_suspicious, rates = 0.01, 500, 0, 0, []
    for _ in range(tenants):
        result = calibrated(draw(PANELS[panel], 800, rng), rng, alpha, DELTA, suspicious_alpha=0.05)
        assert result.certificate.basis is Basis.COUNTED
        assert result.certificate.certified
        rates.append(attack_rate(result, PANELS[panel]))
        broken += rates[-1] > alpha
        scores = result.calibration.scores_at(result.calibration.suspicious_threshold)
        broken_suspicious += true_rate(scores, PANELS[panel]) > 0.05
    assert within_binomial_error(broken, tenants, DELTA)
    assert within_binomial_error(broken_suspicious, tenants, DELTA)
    assert np.mean(rates) > alpha / 50, "a promise kept by flagging nothing would be worthless"


def test_counted_without_ties_the_promise_is_broken_about_as_often_as_the_binomial_says() -> None:
    """Not only at most: far fewer would mean that budget is left unused."""
    rng = np.random.default_rng(12)
    rates = []
    for _ in range(500):
        result = calibrated(draw(("normal", "exponential"), 1000, rng), rng, 0.02, DELTA)
        rates.append(attack_rate(result, ("normal", "exponential")))
    # 500 certify; 5 may exceed: P(Bin(500, 0.02) <= 5) = 0.067.
    assert abs((np.array(rates) > 0.02).mean() - 0.067) < 3 * np.sqrt(0.067 * 0.933 / 500)


def test_counted_with_weights_chosen_on_rehearsals_keeps_its_promise() -> None:
    rng, panel = np.random.default_rng(13), "light tails"
    tenants, broken, adopted = 500, 0, 0
    for _ in range(tenants):
        scores = draw(PANELS[panel], 1000, rng)
        attacks = draw(PANELS[panel], 60, rng)
        attacks[0, :30] += 4
        attacks[-1, 30:] += 0.5
        rehearsal = Rehearsal(attacks, ["first"] * 30 + ["last"] * 30)
        result = calibrated(scores, rng, 0.02, DELTA, rehearsal=rehearsal)
        adopted += result.weights.adopted
        broken += attack_rate(result, PANELS[panel]) > 0.02
    assert within_binomial_error(broken, tenants, DELTA)
    assert adopted > tenants / 10


@pytest.mark.parametrize(("panel", "n"), [("heavy tails", 110), ("ties", 40), ("all sorts", 3)])
def test_extrapolated_what_counting_promises_at_the_threshold_is_kept(panel: str, n: int) -> None:
    rng = np.random.default_rng(14)
    tenants, broken = 500, 0
    for _ in range(tenants):
        result = calibrated(draw(PANELS[panel], n, rng), rng, 1e-3, DELTA)
        certificate = result.certificate
        assert certificate.basis is Basis.EXTRAPOLATED
        assert not certificate.certified
        assert certificate.counted_alpha == pytest.approx(certificate.smallest_certifiable_alpha)
        rate = attack_rate(result, PANELS[panel])
        broken += rate > certificate.counted_alpha
    assert within_binomial_error(broken, tenants, DELTA)


@pytest.mark.parametrize("panel", ["light tails", "heavy tails"])
def test_extrapolated_alpha_itself_is_kept_where_the_limit_law_holds(panel: str) -> None:
    """No promise of the certificate, but its claim: the upper end of the tail's interval is at alpha."""
    rng = np.random.default_rng(15)
    tenants, broken, estimates, rates = 200, 0, 0, []
    for _ in range(tenants):
        result = calibrated(draw(PANELS[panel], 2000, rng), rng, 1e-3, DELTA)
        assert result.certificate.basis is Basis.EXTRAPOLATED
        rates.append(attack_rate(result, PANELS[panel]))
        broken += rates[-1] > 1e-3
        estimates += result.certificate.estimated_rate is not None
    assert within_binomial_error(broken, tenants, DELTA)
    assert estimates > tenants * 0.8
    assert np.median(rates) > 1e-3 / 50


def test_pooled_what_counting_promises_is_kept_and_alpha_is_met_by_tenants_like_the_pool() -> None:
    rng = np.random.default_rng(16)
    panel = PANELS["light tails"]
    others = [calibrated(draw(panel, 4000, rng), rng, 0.01, DELTA).calibration for _ in range(12)]
    reference = pool(others)
    tenants, broken, over, small = 500, 0, 0, []
    for _ in range(tenants):
        result = calibrated(draw(panel, 120, rng), rng, 1e-3, DELTA, reference=reference)
        certificate = result.certificate
        assert certificate.basis is Basis.POOLED
        assert not certificate.certified
        rate = attack_rate(result, panel)
        broken += rate > certificate.counted_alpha
        over += rate > 3e-3
        small.append(rate)
    assert within_binomial_error(broken, tenants, DELTA)
    assert over / tenants < 0.1
    assert np.median(small) > 1e-4


def test_many_messages_a_campaign_the_rate_by_campaign_is_what_is_promised() -> None:
    """A campaign's messages are nearly copies: counted as messages, n would be 6 times too large."""
    rng = np.random.default_rng(17)
    alpha, tenants, broken = 0.02, 500, 0
    for _ in range(tenants):
        heads = draw(("normal", "exponential"), 300, rng)
        keys = np.repeat(rng.integers(1, 2**62, 300).astype(np.uint64), 6)
        result = calibrate(
            np.repeat(heads, 6, axis=1), ("a", "b"), keys, np.repeat(rng.integers(0, 60, 300), 6),
            np.ones(1800, dtype=np.bool_), alpha, DELTA, audit=False,
        )  # fmt: skip
        assert result.certificate.effective_n == 150
        assert result.certificate.n == 900
        broken += attack_rate(result, ("normal", "exponential")) > alpha
    assert within_binomial_error(broken, tenants, DELTA)
