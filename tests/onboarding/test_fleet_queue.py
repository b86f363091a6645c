"""Who is onboarded next: small before giant, giants not for ever last, providers not overrun."""

from __future__ import annotations

import random

from onboarding.fleet_queue import GIANT_MESSAGES, Candidate, bar_of, choose

BAR = 20_000


def small(number: int, size: int | None = 2_000, provider: str = "maildir") -> Candidate:
    return Candidate(f"small-{number}", provider, size)


def giant(number: int, provider: str = "maildir") -> Candidate:
    return Candidate(f"giant-{number}", provider, 5_000_000 + number)


def test_giants_leave_all_slots_but_one_to_small_ones() -> None:
    waiting = [giant(1), giant(2), giant(3), *(small(n) for n in range(5))]
    running: list[Candidate] = []
    while one := choose(waiting, running, slots=3, bar=BAR):
        waiting.remove(one)
        running.append(one)
    assert sorted(one.tenant for one in running) == ["giant-1", "small-0", "small-1"]


def test_a_giant_is_not_last_for_ever() -> None:
    """However many small ones keep coming, one giant runs."""
    assert choose([*(small(n) for n in range(50)), giant(1)], [small(100)], slots=2, bar=BAR) == giant(1)


def test_giants_take_all_slots_when_nothing_small_waits() -> None:
    assert choose([giant(2)], [giant(1)], slots=2, bar=BAR) == giant(2)


def test_small_ones_keep_their_order() -> None:
    assert choose([small(3), small(1)], [], slots=2, bar=BAR) == small(3)


def test_a_slot_opens_when_all_that_runs_turned_out_to_be_giants() -> None:
    assert choose([small(1)], [giant(1), giant(2)], slots=2, bar=BAR) == small(1)
    assert choose([small(2)], [giant(1), giant(2), small(1)], slots=2, bar=BAR) is None
    assert choose([giant(3)], [giant(1), giant(2)], slots=2, bar=BAR) is None


def test_no_provider_has_more_than_its_limit() -> None:
    running = [small(1, provider="graph"), small(2, provider="graph")]
    waiting = [small(3, provider="graph"), small(4, provider="imap")]
    limits = {"graph": 2, "imap": 2}
    assert choose(waiting, running, slots=8, bar=BAR, limits=limits) == waiting[1]
    assert choose(waiting[:1], running, slots=8, bar=BAR, limits=limits) is None


def test_who_is_a_giant_is_measured_against_the_others() -> None:
    assert bar_of([100, 200, 300, None]) == GIANT_MESSAGES
    assert bar_of([1_000_000] * 3) == 10_000_000
    assert bar_of([]) == GIANT_MESSAGES


def test_everybody_has_a_turn_and_limits_hold_whatever_comes() -> None:
    """A simulated fleet: every tenant ends, no slot is left idle, small ones wait for no giant."""
    for seed in range(30):
        chance = random.Random(seed)
        slots = chance.randint(1, 6)
        limits = {"graph": chance.randint(1, 3)}
        waiting = [chance.choice((giant, small))(n, provider=chance.choice(("graph", "maildir"))) for n in range(40)]
        bar = bar_of([one.size for one in waiting])
        left = {one: (one.size or 0) // 1_000 for one in waiting}
        running: list[Candidate] = []
        ended: list[Candidate] = []
        while waiting or running:
            while one := choose(waiting, running, slots, bar, limits):
                waiting.remove(one)
                running.append(one)
            assert running, "something waits, nothing runs, and nothing may begin"
            assert len(running) <= slots + 1
            assert sum(one.provider == "graph" for one in running) <= limits["graph"]
            next_to_end = min(running, key=lambda each: left[each])
            spent = left[next_to_end]
            for one in running:
                left[one] -= spent
            running.remove(next_to_end)
            ended.append(next_to_end)
        assert len(ended) == 40
        free = [one.tenant for one in ended if one.provider == "maildir"]
        if slots > 1 and any(name.startswith("small") for name in free):
            last_small = max(at for at, name in enumerate(free) if name.startswith("small"))
            assert sum(name.startswith("giant") for name in free[:last_small]) <= 1, seed
