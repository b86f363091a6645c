"""As-of arithmetic: the messages of each key in time order, and what came strictly before each of them.

Everything is one stable sort by key and cumulative sums over it, so the cost grows with n log n and no Python loop runs
over messages. Messages of the same second do not see each other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from detection.keys import Keys
from detection.mail.batch import Bools, Ints

Clock = npt.NDArray[np.uint32]


def stable_order(keys: Keys) -> tuple[Ints, Keys]:
    """The stable sorting permutation of 64-bit keys, int64[n], and the keys in that order.

    The same as `np.argsort(kind="stable")`, some times faster for hashed keys: the upper bits of the key and the index
    are packed into one integer and sorted by value; the few neighbours that only the lower bits tell apart are sorted
    again.
    """
    n = len(keys)
    if n < 2048:
        order = np.argsort(keys, kind="stable")
        return order, keys[order]
    low = np.uint64((1 << (n - 1).bit_length()) - 1)
    packed = keys & ~low
    packed |= np.arange(n, dtype=np.uint64)
    packed.sort()
    order = (packed & low).astype(np.int64)
    packed &= ~low
    ordered = keys[order]
    new_top = np.empty(n, dtype=np.bool_)
    new_top[0] = True
    np.not_equal(packed[1:], packed[:-1], out=new_top[1:])
    del packed
    confused = ~new_top[1:] & (ordered[1:] != ordered[:-1])
    if confused.any():
        group = np.cumsum(new_top) - 1
        bad = np.zeros(int(group[-1]) + 1, dtype=np.bool_)
        bad[group[1:][confused]] = True
        at = np.flatnonzero(bad[group])
        among = order[at]
        order[at] = among[np.argsort(keys[among], kind="stable")]
        ordered[at] = keys[order[at]]
    return order, ordered


def changes(ordered: npt.NDArray[np.generic]) -> Bools:
    """Where a sorted array begins a new value: True at 0 and wherever it differs from its predecessor."""
    new = np.ones(len(ordered), dtype=np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=new[1:])
    return new


@dataclass(frozen=True, eq=False)
class Timeline:
    """Learning and asking instances of one kind of key, sorted by key and, within a key, by time.

    `at` are the sorted positions of the instances that ask, `target[i]` is the number of the query at `at[i]`;
    `learn_at[j]` is the sorted position of learning instance j.
    """

    clock: Clock
    new_key: Bools
    start: Ints
    """For each query: where its key begins."""
    before: Ints
    """For each query: where its second begins within its key. What counts lies in `start:before`."""
    at: Ints
    target: Ints
    learn_at: Ints
    repeated: Bools
    """For each learning instance, in its own order: the same message has this key already."""

    @classmethod
    def of(
        cls,
        learn_keys: Keys,
        learn_owner: Ints,
        ask_keys: Keys | None,
        ask_owner: Ints | None,
        clock: Clock,
    ) -> Timeline:
        """From keys in time order and the message that each belongs to; `ask_keys` None: the same instances ask."""
        if ask_keys is None or ask_owner is None:
            keys, owner = learn_keys, learn_owner
        else:
            # Put in time order: of each message first what it teaches, then what it asks.
            n = len(clock)
            learn_ends = np.cumsum(np.bincount(learn_owner, minlength=n))
            ask_ends = np.cumsum(np.bincount(ask_owner, minlength=n))
            ask_starts = np.concatenate(([0], ask_ends[:-1])) if n else ask_ends
            learn_to = np.arange(len(learn_keys)) + ask_starts[learn_owner]
            ask_to = np.arange(len(ask_keys)) + learn_ends[ask_owner]
            keys = np.empty(len(learn_keys) + len(ask_keys), dtype=np.uint64)
            owner = np.empty(len(keys), dtype=np.int64)
            keys[learn_to], keys[ask_to] = learn_keys, ask_keys
            owner[learn_to], owner[ask_to] = learn_owner, ask_owner
        order, ordered = stable_order(keys)
        new_key = changes(ordered)
        owner = owner[order]
        seconds = clock[owner]
        new_second = new_key | changes(seconds)
        position = np.arange(len(keys))
        start = np.maximum.accumulate(np.where(new_key, position, 0))
        before = np.maximum.accumulate(np.where(new_second, position, 0))
        if ask_keys is None:
            learn_at = np.empty_like(order)
            learn_at[order] = position
            at, target = position, order
        else:
            rank = np.empty_like(order)
            rank[order] = position
            learn_at, asks = rank[learn_to], rank[ask_to]
            target = np.argsort(asks, kind="stable")
            at = asks[target]
            start, before = start[at], before[at]
        same = ~new_key & ~changes(owner)
        if ask_keys is not None:
            # What a message asks follows what it teaches, so two teachings of one message and key are neighbours.
            learns = np.zeros(len(keys), dtype=np.bool_)
            learns[learn_at] = True
            same[1:] &= learns[:-1]
        return cls(seconds, new_key, start, before, at, target, learn_at, same[learn_at])

    @cached_property
    def packed(self) -> Keys:
        """(key number, second) of every instance as one sorted integer."""
        return (np.cumsum(self.new_key).astype(np.uint64) << np.uint64(32)) | self.clock

    def events(self, weights: npt.NDArray[np.generic]) -> Events:
        """What the learning instances contribute: a weight each, 0 or False where they teach nothing."""
        spread = np.zeros(len(self.clock), dtype=np.int64)
        spread[self.learn_at] = weights
        return Events(self, spread)


@dataclass(frozen=True, eq=False)
class Events:
    """Weighted events on a time line; every answer is int64[queries], in sorted order of the queries."""

    line: Timeline
    weights: Ints

    @cached_property
    def _sums(self) -> Ints:
        return np.concatenate(([0], np.cumsum(self.weights)))

    @cached_property
    def _positions(self) -> Ints:
        """Sorted positions of the events, with one more so that indexing past the last is harmless."""
        return np.concatenate((np.flatnonzero(self.weights), [0]))

    @cached_property
    def _ranks(self) -> tuple[Ints, Ints]:
        """Number of events before the key, and before the query's second."""
        counts = np.concatenate(([0], np.cumsum(self.weights > 0)))
        return counts[self.line.start], counts[self.line.before]

    def count_before(self) -> Ints:
        """Sum of the weights of the key's earlier events."""
        return self._sums[self.line.before] - self._sums[self.line.start]

    def first_before(self) -> tuple[Ints, Bools]:
        """Sorted position of the key's first event, and whether it is earlier than the query."""
        earlier, here = self._ranks
        return self._positions[earlier], here > earlier

    def first_time_before(self) -> Ints:
        """Second of the key's first event if it is earlier, else 0."""
        position, some = self.first_before()
        return np.where(some, self.line.clock[position], 0).astype(np.int64)

    def last_time_before(self) -> Ints:
        """Second of the key's last earlier event, else 0."""
        earlier, here = self._ranks
        some = here > earlier
        return np.where(some, self.line.clock[self._positions[here - some]], 0).astype(np.int64)

    def count_within(self, seconds: int) -> Ints:
        """Sum of the weights of the key's events in the `seconds` before the query's second."""
        packed = self.line.packed
        here = packed[self.line.at]
        second = (here & np.uint64(0xFFFFFFFF)).astype(np.int64)
        lower = here - np.minimum(second, seconds).astype(np.uint64)
        since = np.searchsorted(packed, lower)
        return self._sums[self.line.before] - self._sums[since]
