"""Campaigns, burn-in, unseen mass, and the watch on a promised rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detection.calibration.burn_in import burn_in, unseen_mass
from detection.calibration.campaigns import campaign_keys, day_bootstrap, gather
from detection.calibration.sequential import RateWatch


def test_a_campaign_is_one_sender_one_subject_shape_one_day_and_unknowns_are_lumped() -> None:
    sender = np.array([5, 5, 5, 5, 0, 0, 6], np.uint64)
    shape = np.array([9, 9, 9, 0, 0, 0, 9], np.uint64)
    day = np.array([0, 0, 1, 0, 0, 0, 0])
    keys = campaign_keys(sender, shape, day)
    assert (keys != 0).all()
    assert [len(set(keys[[0, i]].tolist())) for i in range(7)] == [1, 1, 2, 2, 2, 2, 2]
    assert keys[4] == keys[5]


@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 3), st.floats(-5, 5)), max_size=40))
def test_campaigns_gather_every_message_once_by_its_highest_score(rows: list[tuple[int, int, float]]) -> None:
    keys = np.array([row[0] for row in rows], np.uint64)
    days = np.array([row[1] for row in rows], np.int64)
    scores = np.array([[row[2] for row in rows], [-row[2] for row in rows]])
    campaigns = gather(scores, keys, days)
    assert campaigns.sizes.sum() == len(rows)
    assert campaigns.keys.tolist() == sorted(set(keys.tolist()))
    for i, key in enumerate(campaigns.keys):
        assert campaigns.scores[:, i].tolist() == scores[:, keys == key].max(1).tolist()
        assert campaigns.days[i] == days[keys == key].min()
    assert (campaigns.keys[campaigns.member] == keys).all()


def test_the_day_bootstrap_covers_the_truth_where_days_differ_and_sees_that_n_is_smaller() -> None:
    rng = np.random.default_rng(1)
    covered, effective = 0, []
    for _ in range(200):
        days = np.repeat(np.arange(60), 40)
        rate = rng.beta(1, 9, 60)[days]
        seen = day_bootstrap(rng.random(2400) < rate, days)
        covered += seen.low <= 0.1 <= seen.high
        effective.append(seen.effective_n)
    assert covered >= 200 * 0.9 - 3 * np.sqrt(200 * 0.09)
    assert np.median(effective) < 1000
    independent = [day_bootstrap(rng.random(2400) < 0.1, np.repeat(np.arange(60), 40)).effective_n for _ in range(30)]
    assert np.median(independent) > 1500
    assert day_bootstrap(np.zeros(0, np.bool_), np.zeros(0, np.int64)).high == 1


def mail(weeks_of_arrivals: int, weeks: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """300 regular senders, each starting in the first weeks, and 5% one-off senders throughout."""
    days = rng.integers(0, weeks * 7, weeks * 400)
    regular = rng.integers(1, 301, len(days))
    known = (regular % (weeks_of_arrivals * 7)) <= days
    one_off = rng.random(len(days)) < 0.05
    senders = np.where(one_off, 10_000 + np.arange(len(days)), np.where(known, regular, regular % 7 + 1))
    return senders.astype(np.uint64), days


def test_the_burn_in_ends_when_the_rate_of_new_senders_settles() -> None:
    rng = np.random.default_rng(2)
    senders, days = mail(weeks_of_arrivals=4, weeks=20, rng=rng)
    warm = burn_in(senders, days + 19_000)
    assert warm.settled
    assert 14 <= warm.days <= 42
    assert warm.first_day == 19_000 + warm.days
    assert warm.rate_after == pytest.approx(0.05, abs=0.015)
    assert warm.rate_before > warm.rate_after
    shuffle = rng.permutation(len(days))
    assert burn_in(senders[shuffle], days[shuffle] + 19_000).days == warm.days


def test_a_rate_that_never_settles_and_a_history_too_short_say_so() -> None:
    days = np.repeat(np.arange(140), 50)
    fraction_new = np.linspace(1, 0, len(days))
    senders = np.where(np.random.default_rng(3).random(len(days)) < fraction_new, np.arange(len(days)) + 100, 1)
    assert not burn_in(senders.astype(np.uint64), days).settled
    for n in (0, 1, 3):
        short = burn_in(np.ones(n, np.uint64), np.arange(n))
        assert (short.settled, short.days) == (False, 0)


def test_good_turing_predicts_how_often_the_next_sender_is_new() -> None:
    rng = np.random.default_rng(4)
    inside = 0
    for _ in range(100):
        senders = rng.zipf(1.6, 4000).astype(np.uint64)
        estimate = unseen_mass(senders)
        truth = (~np.isin(rng.zipf(1.6, 40_000).astype(np.uint64), senders)).mean()
        inside += estimate.low <= truth <= estimate.high
    assert inside >= 85
    assert unseen_mass(np.zeros(0, np.uint64)).mass == 1


def test_the_watch_raises_a_false_alarm_in_at_most_delta_of_tenants_though_looked_at_all_the_time() -> None:
    rng = np.random.default_rng(5)
    alpha, delta, tenants, alarms = 0.01, 0.1, 500, 0
    for hits in rng.binomial(50, alpha, (tenants, 100)):
        watch = RateWatch(alpha=alpha, delta=delta)
        for h in hits:
            watch = watch.observe(50, int(h))
        alarms += watch.alarmed
    assert alarms <= delta * tenants + 3 * np.sqrt(delta * (1 - delta) * tenants)


def test_the_watch_sees_a_rate_several_times_the_promise_soon_and_stays_alarmed() -> None:
    rng = np.random.default_rng(6)
    late = 0
    for _ in range(100):
        watch = RateWatch(alpha=0.001, delta=0.05)
        while not watch.alarmed and watch.n < 20_000:
            watch = watch.observe(100, int(rng.binomial(100, 0.006)))
        late += watch.n >= 5000
        assert watch.observe(10**6, 0).alarmed
    assert late < 10


def test_the_lower_bound_is_below_the_truth_at_all_times_and_agrees_with_the_alarm() -> None:
    rng = np.random.default_rng(7)
    missed = 0
    for _ in range(100):
        watch, ever = RateWatch(alpha=0.01, delta=0.1), False
        for h in rng.binomial(500, 0.02, 8):
            watch = watch.observe(500, int(h))
            ever |= watch.lower_bound > 0.02
            assert (watch.lower_bound >= 0.01) == (watch.log_evidence >= np.log(10))
        missed += ever
    assert missed <= 10 + 3 * np.sqrt(9)
    with pytest.raises(ValueError, match="impossible"):
        RateWatch(alpha=0.01, delta=0.1).observe(1, 2)
