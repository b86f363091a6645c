"""Messages are not independent: a newsletter or a thread is one event many times.

The unit of all counting here is the *campaign*: the messages of one sender with one subject shape on one day. A
campaign counts once, by the highest score any of its messages has with each detector, so a campaign exceeds a threshold
when any of its messages does. The effective n is the number of campaigns.

That makes a promise about campaigns: of this tenant's benign campaigns, at most alpha raise an alert. A rate by message
has no such bound (one flagged newsletter may be ten thousand messages), so it is reported as observed, with an interval
from a bootstrap over whole days, which also shows what dependence between campaigns of one day remains.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from detection.keys import NO_KEY, combine

if TYPE_CHECKING:
    from detection.keys import Keys
    from detection.mail.batch import Bools, Floats, Ints

BOOTSTRAP_SEED = 1953
BOOTSTRAP_ROUNDS = 1000


def campaign_keys(sender: Keys, subject_shape: Keys, days: Ints) -> Keys:
    """The campaign of each message: uint64[n], never NO_KEY.

    Messages without a readable sender or subject are lumped by what they have (without both: one campaign a day), which
    can only make the effective n smaller.
    """
    unknown = np.uint64(1)
    return combine(
        np.where(sender == NO_KEY, unknown, sender),
        np.where(subject_shape == NO_KEY, unknown, subject_shape),
        days.astype(np.uint64) + np.uint64(1),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Campaigns:
    """Messages gathered by campaign, in ascending order of key, so that the order of messages leaves no trace."""

    keys: Keys
    """uint64[c], ascending."""
    scores: Floats
    """float64[D, c]: the highest score of each detector."""
    days: Ints
    """int64[c]: the first day."""
    sizes: Ints
    """int64[c]: how many messages."""
    member: Ints
    """int64[n]: each message's campaign."""

    def __len__(self) -> int:
        return len(self.keys)


def gather(scores: Floats, keys: Keys, days: Ints) -> Campaigns:
    """Campaigns of messages with `scores` float64[D, n], `keys` uint64[n], `days` int[n]."""
    if not len(keys):
        none = np.zeros(0, dtype=np.int64)
        return Campaigns(np.zeros(0, dtype=np.uint64), np.zeros((len(scores), 0)), none, none, none)
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    starts = np.concatenate(([0], np.flatnonzero(ordered[1:] != ordered[:-1]) + 1))
    sizes = np.diff(np.concatenate((starts, [len(keys)]))).astype(np.int64)
    member = np.empty(len(keys), dtype=np.int64)
    member[order] = np.repeat(np.arange(len(starts)), sizes)
    return Campaigns(
        keys=ordered[starts],
        scores=np.maximum.reduceat(scores[:, order], starts, axis=1),
        days=np.minimum.reduceat(days[order], starts).astype(np.int64),
        sizes=sizes,
        member=member,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DayBootstrap:
    """A rate seen again with whole days drawn with replacement (block bootstrap: Künsch 1989)."""

    days: int
    rate: float
    low: float
    high: float
    """95% percentile interval; equal to the rate when nothing, or everything, exceeded."""
    effective_n: float
    """n for which independent values would vary as much: rate * (1 - rate) / variance, at most n."""


def day_bootstrap(hits: Bools, days: Ints, weights: Ints | None = None) -> DayBootstrap:
    """The rate of `hits` bool[n], each counting `weights` (1 if None), over resampled `days` int[n]. Deterministic."""
    if not len(hits):
        return DayBootstrap(days=0, rate=0.0, low=0.0, high=1.0, effective_n=0.0)
    amount = np.ones(len(hits)) if weights is None else weights.astype(np.float64)
    _, day = np.unique(days, return_inverse=True)
    totals = np.bincount(day, weights=amount)
    found = np.bincount(day, weights=amount * hits)
    n, blocks = float(amount.sum()), len(totals)
    rate = float(found.sum() / n)
    draws = _draws(blocks)
    # einsum, not a matrix product: its bits do not depend on the BLAS at hand.
    rates = np.einsum("rb,b->r", draws, found) / np.einsum("rb,b->r", draws, totals)
    variance = float(rates.var())
    low, high = (float(q) for q in np.quantile(rates, (0.025, 0.975)))
    effective = min(n, rate * (1.0 - rate) / variance) if variance > 0.0 else n
    return DayBootstrap(days=blocks, rate=rate, low=low, high=high, effective_n=effective)


@lru_cache(maxsize=8)
def _draws(blocks: int) -> Floats:
    """How often each day is drawn in each round, float64[rounds, blocks]: the same for every rate over as many days."""
    rng = np.random.default_rng(BOOTSTRAP_SEED)
    draws = rng.multinomial(blocks, np.full(blocks, 1.0 / blocks), BOOTSTRAP_ROUNDS).astype(np.float64)
    draws.flags.writeable = False
    return draws
