"""Chance that can be repeated: every cell of the simulation has a stream of its own, seeded by its name.

Only `random.Random.random` is used of the standard library: its sequence is promised to stay the same across Python
versions, those of `choice` and `shuffle` are not.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")

Part = int | str


def digest_of(seed: int, *cell: Part) -> int:
    """64 bits that name a cell, from the simulation's seed and the cell's coordinates.

    >>> digest_of(1, "day", 3) == digest_of(1, "day", 3) != digest_of(2, "day", 3)
    True
    """
    text = "\x1f".join([str(seed), *map(str, cell)])
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


class Draw:
    """A stream of chance that belongs to one cell."""

    __slots__ = ("random",)

    def __init__(self, seed: int, *cell: Part) -> None:
        self.random = random.Random(digest_of(seed, *cell)).random

    def below(self, n: int) -> int:
        """A whole number in [0, n)."""
        return int(self.random() * n)

    def between(self, low: int, high: int) -> int:
        """A whole number in [low, high]."""
        return low + int(self.random() * (high - low + 1))

    def chance(self, probability: float) -> bool:
        return self.random() < probability

    def pick(self, values: Sequence[T]) -> T:
        return values[int(self.random() * len(values))]

    def pick_front(self, values: Sequence[T], skew: float = 2.0) -> T:
        """One of the values, the earlier ones more often."""
        return values[int(self.random() ** skew * len(values))]

    def weighted(self, values: Sequence[tuple[T, float]]) -> T:
        """One of the values by weight (weights need not sum to one)."""
        left = self.random() * sum(weight for _, weight in values)
        for value, weight in values:
            left -= weight
            if left < 0:
                return value
        return values[-1][0]

    def shuffled(self, values: Sequence[T]) -> list[T]:
        return [value for _, _, value in sorted((self.random(), i, value) for i, value in enumerate(values))]

    def poisson(self, mean: float) -> int:
        """Knuth 1969; for the small means of one mailbox's day. Means above 500 are cut there."""
        limit = math.exp(-min(mean, 500.0))
        count = 0
        product = self.random()
        while product > limit:
            count += 1
            product *= self.random()
        return count

    def heavy_rank(self, tail: float) -> int:
        """A rank from 0 with P(rank >= k) = (k + 1) ** -tail: few ranks come often, and new ones never stop coming."""
        u = 1.0 - self.random()
        return min(int(u ** (-1.0 / tail)), 10_000_000) - 1

    def delay(self, median: float, spread: float = 1.0) -> float:
        """A log-normal waiting time (Box and Muller 1958)."""
        u = 1.0 - self.random()
        normal = math.sqrt(-2.0 * math.log(u)) * math.cos(2.0 * math.pi * self.random())
        return median * math.exp(spread * normal)

    def hex(self, digits: int) -> str:
        return f"{int(self.random() * (1 << 52)) << 52 | int(self.random() * (1 << 52)):026x}"[-digits:]

    def number(self, digits: int) -> str:
        """A number of so many digits, not beginning with zero."""
        return str(self.between(10 ** (digits - 1), 10**digits - 1))
