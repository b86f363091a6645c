"""When a tenant's history has warmed up: in its first weeks everybody is new, and scores then say nothing of later.

The rule is MSER (White 1997, "An effective truncation heuristic for bias reduction in simulation output", Simulation
69(6)), the standard way of finding where a simulation's start-up ends, on the share of messages by never-seen senders:
leave out the first d batches for which the standard error of the mean of the rest, sum((r - mean)^2) / (b - d)^2, is
least. As usual for it, d is at most half of the history; a minimum at that bound means that the rate has not settled.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from detection.keys import Keys
    from detection.mail.batch import Floats, Ints

DAYS_A_WEEK = 7
WEEKS_FOR_WEEKLY = 8
"""With fewer weeks, the batches are days."""
FEWEST_BATCHES = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BurnIn:
    """Where calibration may begin."""

    first_day: int
    """Messages from this day on calibrate."""
    days: int
    """Length of the burn-in."""
    settled: bool
    """False: the rate still falls at half of the history, or there is too little history to tell."""
    rate_before: float
    rate_after: float
    """Share of messages from never-seen senders, before and from `first_day` on."""
    batch_days: int
    rates: Floats
    """The share in each batch that has messages: the maturity curve of the report."""


def burn_in(senders: Keys, days: Ints) -> BurnIn:
    """The burn-in of messages with `senders` uint64[n] on `days` int[n], in any order.

    A message is new when its sender was first seen that day; only a sender's first message counts as new.
    """
    if not len(days):
        return BurnIn(
            first_day=0, days=0, settled=False, rate_before=0.0, rate_after=0.0, batch_days=1, rates=np.zeros(0)
        )
    start, span = int(days.min()), int(days.max() - days.min()) + 1
    batch_days = DAYS_A_WEEK if span >= WEEKS_FOR_WEEKLY * DAYS_A_WEEK else 1
    order = np.lexsort((days, senders))
    first = np.append(True, senders[order][1:] != senders[order][:-1])
    # The last batch may be short of days; as a rate it still compares.
    position, batch = np.unique((days - start) // batch_days, return_inverse=True)
    totals = np.bincount(batch)
    new = np.bincount(batch[order], weights=first)
    rates = new / totals
    cut, settled = _mser(rates)
    day = start + int(position[cut]) * batch_days
    return BurnIn(
        first_day=day,
        days=day - start,
        settled=settled,
        rate_before=float(new[:cut].sum() / totals[:cut].sum()) if cut else 0.0,
        rate_after=float(new[cut:].sum() / totals[cut:].sum()),
        batch_days=batch_days,
        rates=rates,
    )


def _mser(rates: Floats) -> tuple[int, bool]:
    """How many batches to leave out, and whether the minimum lies inside."""
    b = len(rates)
    if b < FEWEST_BATCHES:
        return 0, False
    most = b // 2
    errors = np.array([((rates[d:] - rates[d:].mean()) ** 2).sum() / (b - d) ** 2 for d in range(most + 1)])
    cut = int(errors.argmin())
    return cut, cut < most


@dataclass(frozen=True, slots=True, kw_only=True)
class UnseenMass:
    """How much of the mail to come is from senders not in the baseline."""

    mass: float
    low: float
    high: float
    """95%, by the normal limit of Esty 1983 (Annals of Statistics 11)."""
    senders: int
    once: int
    messages: int


def unseen_mass(senders: Keys) -> UnseenMass:
    """Good-Turing (Good 1953): the probability that the next message's sender is new is the share of senders seen once.

    `senders` uint64[n], one a message.
    """
    n = len(senders)
    if not n:
        return UnseenMass(mass=1.0, low=0.0, high=1.0, senders=0, once=0, messages=0)
    counts = np.unique(senders, return_counts=True)[1]
    once, twice = int((counts == 1).sum()), int((counts == 2).sum())
    mass = once / n
    error = 1.96 * float(np.sqrt(once * (1.0 - mass) + 2.0 * twice)) / n
    return UnseenMass(
        mass=mass,
        low=max(mass - error, 0.0),
        high=min(mass + error, 1.0),
        senders=len(counts),
        once=once,
        messages=n,
    )
