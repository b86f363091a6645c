"""The shares of the budget: never worse than equal on rehearsals held out, deterministic, within the budget."""

import numpy as np
import pytest

from detection.calibration.budget import Rehearsal, choose_weights, starting_weights

EQUAL = np.full(3, 1 / 3)
FREE = np.ones(3, np.bool_)


def situation(seed: int) -> tuple[np.ndarray, np.ndarray, Rehearsal]:
    """Benign tail probabilities, and attacks of three kinds, of which the last two are seen by one detector only."""
    rng = np.random.default_rng(seed)
    benign = rng.random((3, 4000))
    attacks = rng.random((3, 300))
    kinds = np.arange(300) % 3
    attacks[np.minimum(kinds, 1), np.arange(300)] *= 1e-2
    return benign, attacks, Rehearsal(attacks, [f"kind {k}" for k in kinds])


def recall(weights: np.ndarray, benign: np.ndarray, attacks: np.ndarray, alpha: float) -> float:
    """By another way than the code: sort, count, compare."""
    number = np.sort((benign / weights[:, None]).min(0))
    threshold = number[int(alpha * len(number))]
    return float(((attacks / weights[:, None]).min(0) < threshold).mean())


def test_chosen_weights_are_never_worse_than_equal_ones_on_what_was_held_out_and_often_better_on_new_attacks() -> None:
    adopted, gains, alpha = 0, [], 0.01
    for seed in range(40):
        benign, attacks, rehearsal = situation(seed)
        choice = choose_weights(EQUAL, FREE, benign, attacks, rehearsal, alpha)
        weights = np.array(choice.weights)
        assert weights.sum() == pytest.approx(1)
        assert (weights > 0).all()
        assert choice.recall_chosen >= choice.recall_equal
        adopted += choice.adopted
        fresh_benign, fresh, _ = situation(1000 + seed)
        gains.append(recall(weights, fresh_benign, fresh, alpha) - recall(EQUAL, fresh_benign, fresh, alpha))
        if not choice.adopted:
            assert weights.tolist() == EQUAL.tolist()
    assert adopted > 20
    assert np.mean(gains) > 0.05


def test_no_choice_without_evidence_for_one() -> None:
    rng = np.random.default_rng(0)
    noise = Rehearsal(np.zeros((3, 60)), ["x"] * 60)
    adopted = sum(
        choose_weights(EQUAL, FREE, rng.random((3, 1000)), rng.random((3, 60)), noise, 0.01).adopted for _ in range(30)
    )
    assert adopted < 8
    for campaigns, rehearsals in ((0, 9), (9, 0)):
        rehearsal = Rehearsal(np.zeros((3, rehearsals)), ["x"] * rehearsals)
        choice = choose_weights(EQUAL, FREE, np.ones((3, campaigns)), np.ones((3, rehearsals)), rehearsal, 0.01)
        assert not choice.adopted


def test_the_choice_is_the_same_every_time_and_fixed_weights_do_not_move() -> None:
    benign, attacks, rehearsal = situation(3)
    start, free = np.array([0.6, 0.2, 0.2]), np.array([False, True, True])
    choices = [choose_weights(start, free, benign, attacks, rehearsal, 0.002) for _ in range(2)]
    assert choices[0] == choices[1]
    assert choices[0].weights[0] == 0.6
    assert sum(choices[0].weights) == pytest.approx(1)


def test_one_wording_is_never_on_both_sides() -> None:
    """With a single wording a kind nothing can be held out, so nothing can be adopted."""
    benign, attacks, rehearsal = situation(4)
    choice = choose_weights(
        EQUAL, FREE, benign, attacks, Rehearsal(attacks, rehearsal.kinds, wordings=list(rehearsal.kinds)), 0.002
    )
    assert (choice.held_out, choice.adopted) == (0, False)


def test_starting_weights_share_what_admins_leave() -> None:
    assert starting_weights("abcd", {"a": 0.4}, frozenset("d")).tolist() == pytest.approx([0.4, 0.3, 0.3, 0.0])
    assert starting_weights("ab", {"a": 0.5, "b": 0.5}, frozenset()).tolist() == [0.5, 0.5]
    assert starting_weights("ab", {}, frozenset("ab")).tolist() == [0.0, 0.0]
