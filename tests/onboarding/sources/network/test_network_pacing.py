"""What is spent of a provider's allowance: never more in any window, nearly all of it, by all processes together."""

from __future__ import annotations

import multiprocessing
import random
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from onboarding.sources.network.faults import Answer
from onboarding.sources.network.pacer import Pacer
from onboarding.sources.network.pacing import LEAST_SHARE, Allowance, SharedPace
from onboarding.sources.network.width import Width


class Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def spend(pace: SharedPace, clock: Clock, seconds: float, step: float = 0.01) -> list[float]:
    """The moments at which a worker that asks without pause was granted a unit."""
    moments = []
    end = clock.at + seconds
    while clock.at < end:
        grant = pace.take(1)
        if grant.units:
            moments.append(clock.at)
            clock.sleep(step)
        else:
            clock.sleep(grant.wait)
    return moments


def test_no_window_of_the_allowance_holds_more_and_nearly_all_of_it_is_used(tmp_path: Path, clock: Clock) -> None:
    allowance = Allowance(500, 60.0)
    moments = spend(SharedPace(tmp_path / "a.pace", allowance, clock.now), clock, 620.0)
    most = max(sum(1 for at in moments if start <= at < start + 60.0) for start in moments)
    assert most <= 500
    # The first window may be spent at once; from then on it is the long run that counts.
    late = [at for at in moments if at >= 1000.0 + 60.0]
    assert len(late) / (500 / 60.0 * 560.0) >= 0.95


def test_a_small_mailbox_is_not_slowed_at_all(tmp_path: Path, clock: Clock) -> None:
    pace = SharedPace(tmp_path / "a.pace", Allowance(10_000, 600.0), clock.now)
    assert all(pace.take(1).units for _ in range(2_000))
    assert clock.at == 1000.0


def test_part_of_a_batch_is_granted_when_not_all_of_it_is_free(tmp_path: Path, clock: Clock) -> None:
    pace = SharedPace(tmp_path / "a.pace", Allowance(100, 60.0), clock.now)
    # A quarter at a stroke, then as much as a sixtieth of the window has.
    assert [pace.take(20, least=1).units for _ in range(3)] == [20, 5, 0]
    clock.sleep(pace.take(20, least=1).wait)
    assert pace.take(20, least=1).units == 2


@dataclass
class Provider:
    """Allows so many units in any window, whatever it says."""

    allowance: Allowance
    granted: deque[float] = field(default_factory=deque)
    moments: list[float] = field(default_factory=list)
    refused: int = 0

    def ask(self, at: float, units: int) -> int:
        """How many of the units it refuses."""
        while self.granted and self.granted[0] <= at - self.allowance.seconds:
            self.granted.popleft()
        good = min(units, self.allowance.units - len(self.granted))
        self.granted.extend([at] * good)
        self.moments.extend([at] * good)
        self.refused += units - good
        return units - good


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_a_provider_that_allows_less_than_it_says_is_found_out_and_seldom_has_to_refuse(
    tmp_path: Path, clock: Clock, share: float
) -> None:
    allowance, windows = Allowance(2_000, 60.0), 10
    provider = Provider(Allowance(int(2_000 * share), 60.0))
    pacer = Pacer(tmp_path, "app", allowance, Allowance(10**6, 60.0), clock.sleep, clock.now)
    begun = clock.at
    while clock.at < begun + windows * 60.0:
        units = pacer.wait("ann@acme.example", 20, least=1)
        clock.sleep(0.05)
        if refused := provider.ask(clock.at, units):
            pacer.refused("ann@acme.example", Answer(429), 1, units=refused, requests=refused)
        else:
            pacer.accepted("ann@acme.example")
    late = sum(at >= begun + 60.0 for at in provider.moments)
    assert late / (2_000 * share * (windows - 1)) >= 0.9
    assert provider.refused / (provider.refused + len(provider.moments)) <= 0.01


def test_a_refusal_while_little_is_spent_is_not_taken_for_the_limit(tmp_path: Path, clock: Clock) -> None:
    pace = SharedPace(tmp_path / "a.pace", Allowance(600, 60.0), clock.now)
    pace.take(5)
    pace.refused(1.0, units=5)
    pace.refused(1.0, overspent=False)
    assert pace.share() == pytest.approx(0.85)
    clock.sleep(70)
    pace.take(150)
    pace.refused(1.0, units=10)
    assert pace.share() == pytest.approx(0.425)  # at most halved at a time
    clock.sleep(2)
    pace.refused(1.0, overspent=False)  # too many at the same time
    assert pace.share() == pytest.approx(0.425)


@pytest.mark.parametrize(
    ("allowance", "batch", "refusing", "least"),
    [
        (Allowance(10_000, 600.0), 20, 0.01, 7.0),  # ten a second were possible with a wait after nearly every batch
        (Allowance(10_000, 600.0), 20, 0.08, 7.0),
        (Allowance(300, 60.0), 1, 0.05, 3.5),  # five a second are allowed
        (Allowance(300, 60.0), 1, 0.01, 3.5),
    ],
)
def test_refusals_that_have_nothing_to_do_with_speed_do_not_make_reading_crawl(
    tmp_path: Path, clock: Clock, allowance: Allowance, batch: int, refusing: float, least: float
) -> None:
    """A provider that refuses some requests at random and asks each time for a second; half an hour."""
    chance = random.Random(7)
    pacer = Pacer(tmp_path, "app", allowance, Allowance(10**6, 10.0), clock.sleep, clock.now)
    begun, granted = clock.at, 0
    while clock.at < begun + 1_800.0:
        units = pacer.wait("ann@acme.example", batch, least=1)
        clock.sleep(batch / 20)
        refused = sum(chance.random() < refusing for _ in range(units))
        granted += units - refused
        if units > refused:
            pacer.accepted("ann@acme.example", units - refused)
        if refused:
            pacer.refused("ann@acme.example", Answer(429, {"retry-after": "1"}), 1, units=refused, requests=refused)
    assert granted / 1_800.0 > least


def test_a_refusal_closes_the_budget_for_everyone_and_lowers_its_use_until_it_has_risen_again(
    tmp_path: Path, clock: Clock
) -> None:
    first = SharedPace(tmp_path / "a.pace", Allowance(600, 60.0), clock.now)
    other = SharedPace(tmp_path / "a.pace", Allowance(600, 60.0), clock.now)
    first.refused(30.0)
    first.refused(30.0)
    assert other.take(1).units == 0
    assert other.take(1).wait == pytest.approx(30.0)
    assert other.share() == pytest.approx(0.85)  # two refusals of requests that were under way together are one
    clock.sleep(31)
    assert other.take(1).units == 1
    for _ in range(10):
        clock.sleep(1.0)
        other.accepted()
    assert first.share() == pytest.approx(1.0)


def test_the_use_never_falls_to_nothing(tmp_path: Path, clock: Clock) -> None:
    pace = SharedPace(tmp_path / "a.pace", Allowance(100, 60.0), clock.now)
    for _ in range(200):
        clock.sleep(61.0)
        pace.refused(1.0)
    assert pace.share() == pytest.approx(LEAST_SHARE)
    clock.sleep(61)
    assert pace.take(1).units == 1


def test_a_file_from_before_a_restart_of_the_machine_or_a_broken_one_is_void(tmp_path: Path, clock: Clock) -> None:
    path = tmp_path / "a.pace"
    pace = SharedPace(path, Allowance(20, 60.0), clock.now)
    pace.take(5)
    clock.at = 3.0
    assert pace.take(5).units == 5
    path.write_bytes(b"garbage")
    assert pace.take(5).units == 5
    path.write_bytes(b"")
    assert pace.take(5).units == 5


def _take_all(path: Path, taken: "multiprocessing.Queue[int]") -> None:  # noqa: UP037
    pace, count = SharedPace(path, Allowance(8000, 3600.0)), 0  # of which a quarter may be taken at once
    while pace.take(1).units:
        count += 1
    taken.put(count)


def test_processes_share_one_budget(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    taken: multiprocessing.Queue[int] = context.Queue()
    workers = [context.Process(target=_take_all, args=(tmp_path / "a.pace", taken)) for _ in range(2)]
    for worker in workers:
        worker.start()
    counts = [taken.get(timeout=60) for _ in workers]
    for worker in workers:
        worker.join()
    assert sum(counts) == 2000


def test_mailboxes_have_budgets_of_their_own_and_the_app_one_for_all(tmp_path: Path, clock: Clock) -> None:
    pacer = Pacer(tmp_path, "app", Allowance(40, 60.0), Allowance(60, 60.0), clock.sleep, clock.now)
    for mailbox in ("ann@acme.example", "bob@acme.example"):
        for _ in range(7):
            pacer.wait(mailbox)
    assert clock.at == 1000.0
    pacer.wait("bob@acme.example")
    assert clock.at == 1000.0
    pacer.wait("cyd@acme.example")
    assert 1000.0 < clock.at < 1002.0
    pacer.wait("cyd@acme.example", 44)
    assert clock.at > 1055.0


def test_width_halves_at_once_and_grows_slowly() -> None:
    width = Width(start=20, most=20, calm=3)
    width.refused()
    assert int(width) == 10
    for _ in range(6):
        width.accepted()
    assert int(width) == 12
    for _ in range(10):
        width.refused()
    assert int(width) == 1
