"""What messages outside of history are judged by: exactly what a replay with them among it would have said."""

from __future__ import annotations

import numpy as np
import pytest
from random_mail import equal, join, pick, random_batch

from detection.baselines.asking import facts_for
from detection.baselines.facts import FACTS
from detection.baselines.replay import replay
from detection.mail.batch import Level


@pytest.mark.parametrize("seed", range(6))
def test_asking_gives_what_a_replay_with_the_asked_among_history_gives(seed: int) -> None:
    history, asked = random_batch(120, seed, span=60), random_batch(15, seed + 100, span=60)
    learn = np.random.default_rng(seed).random(len(history)) < 0.8
    joined = join(history, asked)
    order = np.argsort(joined.time, kind="stable")
    whole = pick(joined, order.tolist())
    outside = order >= len(history)
    teaches = np.zeros(len(whole), dtype=np.bool_)
    teaches[~outside] = learn[order[~outside]]
    expected = replay(whole, teaches)

    found = facts_for(asked, history, learn)

    for name, fact in FACTS.items():
        owner = np.arange(len(whole)) if fact.level is Level.MESSAGE else whole.owner(fact.level)
        assert (found[fact] == expected[fact][outside[owner]]).all(), name


def test_the_asked_do_not_see_each_other() -> None:
    history, asked = random_batch(60, 9), random_batch(8, 10)
    together = facts_for(asked, history)
    for row in range(len(asked)):
        alone = facts_for(asked.take(row, row + 1), history)
        assert not equal(alone, together.take(asked, row, row + 1), FACTS)


def test_unsorted_mail_is_refused() -> None:
    history = random_batch(20, 3, span=60)
    with pytest.raises(ValueError, match="sorted by time"):
        facts_for(history.take(0, 2), pick(history, list(range(len(history)))[::-1]))


def test_nothing_may_be_asked_and_nothing_known() -> None:
    batch = random_batch(20, 4)
    nothing = batch.take(0, 0)
    assert not equal(facts_for(nothing, batch), replay(nothing), FACTS)
    assert not equal(facts_for(batch.take(0, 1), nothing), replay(batch.take(0, 1)), FACTS)
