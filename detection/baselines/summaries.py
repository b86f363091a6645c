"""Kinds of facts that need several cells a key: decayed count, rate, sketched distinct count, most frequent values.

Each is a pure function of the set of messages, in whole numbers, so that bulk build, merges in any order, replay and
live mail agree to the bit. That rules out what first comes to mind: a decaying float depends on the order of its
roundings, and Misra-Gries or space-saving counters depend on the order of arrival.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from detection.baselines.algebra import UNKNOWN, Cells, Summary
from detection.baselines.parts import SECONDS_A_DAY
from detection.keys import NO_KEY, Keys
from detection.mail.batch import Ints

THOUSAND = 1_000
"""Parts of a message a day in which a `Rate` is told."""
WEIGHT = 1_024
"""Parts of a message in which a `DecayedCount` is told."""

_AGES = 12
_WEIGHTS = np.array([round(WEIGHT * 2 ** (-age / 2)) for age in range(_AGES)] + [0], dtype=np.int64)
_COUNT_BITS = np.uint32(18)
_MOST_COUNT = np.uint32(2**18 - 1)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DecayedCount(Summary):
    """Messages under the key, each weighing half as much every `half_life` seconds, in parts of `WEIGHT`.

    Time is cut into steps of half a half-life from the epoch on. A message of the step that lies `age` steps before
    that of the moment weighs 2**(-age / 2): within a factor of 2**0.5 of the smooth decay, and nothing after 12 steps,
    where it would weigh less than 1/64. Cell i has the count of the newest step that is i modulo 12, with its number
    divided by 12 above; of two the newer stays, and equal ones add up, to at most 262,143 messages a step.
    Raises ValueError for a half-life under 13 hours, whose steps cannot be numbered.
    """

    columns: ClassVar[int] = _AGES

    half_life: int

    def __post_init__(self) -> None:
        if self.half_life < 13 * 3_600:
            raise ValueError(f"a half-life of {self.half_life} seconds is too short: it has to be 13 hours or more")

    @property
    def parameters(self) -> str:
        return str(self.half_life)

    def _step(self, seconds: Cells) -> Ints:
        return seconds.astype(np.int64) // (self.half_life // 2)

    def lift_rows(self, seconds: Cells, values: Keys) -> Cells:
        turn, place = np.divmod(self._step(seconds), _AGES)
        rows = np.zeros((len(seconds), _AGES), dtype=np.uint32)
        rows[np.arange(len(rows)), place] = (turn.astype(np.uint32) << _COUNT_BITS) | np.uint32(1)
        return rows

    def merge_rows(self, a: Cells, b: Cells) -> Cells:
        alike = (a >> _COUNT_BITS) == (b >> _COUNT_BITS)
        total = np.minimum((a & _MOST_COUNT) + (b & _MOST_COUNT), _MOST_COUNT)
        return np.where(alike, (a & ~_MOST_COUNT) | total, np.maximum(a, b))

    def read_rows(self, rows: Cells, now: Cells) -> Ints:
        steps = (rows >> _COUNT_BITS).astype(np.int64) * _AGES + np.arange(_AGES)
        # What is later than the moment, as late mail sees it, has not begun to fade.
        ages = np.minimum(np.maximum(self._step(now)[:, None] - steps, 0), _AGES)
        values: Ints = ((rows & _MOST_COUNT).astype(np.int64) * _WEIGHTS[ages]).sum(axis=1)
        return values


class Rate(Summary):
    """Messages a day since the key was first seen (a day at least), in parts of `THOUSAND`, rounded down."""

    __slots__ = ()
    columns: ClassVar[int] = 2

    def lift_rows(self, seconds: Cells, values: Keys) -> Cells:
        return np.stack((np.negative(seconds), np.ones_like(seconds)), axis=1)

    def merge_rows(self, a: Cells, b: Cells) -> Cells:
        return np.stack((np.maximum(a[:, 0], b[:, 0]), a[:, 1] + b[:, 1]), axis=1)

    def read_rows(self, rows: Cells, now: Cells) -> Ints:
        since = now.astype(np.int64) - np.negative(rows[:, 0]).astype(np.int64)
        messages = rows[:, 1].astype(np.int64)
        return messages * (SECONDS_A_DAY * THOUSAND) // np.maximum(since, SECONDS_A_DAY)


_REGISTERS = 64
_BIAS = 0.709
_PARTS_OF_2 = np.array([2.0**-rank for rank in range(256)])
_BY_EMPTY = np.array([0.0] + [_REGISTERS * float(np.log(_REGISTERS / empty)) for empty in range(1, _REGISTERS + 1)])


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class SketchedCount(Summary):
    """About how many different values of `of` were seen under the key: HyperLogLog (Flajolet et al. 2007).

    64 registers of a byte in 16 cells, however many values there are; the standard error is 1.04 / 64**0.5, 13 percent,
    and less below about 40, where empty registers are counted. What `DistinctCount` does exactly, with 16 bytes a value.
    """

    columns: ClassVar[int] = _REGISTERS // 4

    def lift_rows(self, seconds: Cells, values: Keys) -> Cells:
        mixed = _mixed(values)
        register = (mixed >> np.uint64(58)).astype(np.int64)
        bits = ((mixed >> np.uint64(26)) & np.uint64(2**32 - 1)).astype(np.float64)
        rank = (33 - np.frexp(bits)[1]).astype(np.uint32)
        rows = np.zeros((len(values), self.columns), dtype=np.uint32)
        rows[np.arange(len(rows)), register // 4] = rank << (register % 4 * 8).astype(np.uint32)
        return rows

    def merge_rows(self, a: Cells, b: Cells) -> Cells:
        registers = [np.ascontiguousarray(rows).view(np.uint8) for rows in (a, b)]
        merged: Cells = np.maximum(registers[0], registers[1]).view(np.uint32)
        return merged

    def read_rows(self, rows: Cells, now: Cells) -> Ints:
        registers = np.ascontiguousarray(rows).view(np.uint8).reshape(len(rows), _REGISTERS)
        # Sums of powers of two are exact whatever their order: 64 numbers of at most 33 bits after the point.
        estimate = _BIAS * _REGISTERS**2 / _PARTS_OF_2[registers].sum(axis=1)
        empty = (registers == 0).sum(axis=1)
        few = (estimate <= 2.5 * _REGISTERS) & (empty > 0)
        values: Ints = np.rint(np.where(few, _BY_EMPTY[empty], estimate)).astype(np.int64)
        return values


TOP = 4
"""How many of the most frequent values `TopValues` tells."""
_KEPT = 16
_PRINT_SHIFT = np.uint32(16)
_DRAWN = 1 << 15
"""Set in an answer that is of 16 values, of which there may be more."""
_MOST_TIMES = np.uint32(2**16 - 1)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class TopValues(Summary):
    """The `TOP` most frequent values of `of` under the key, as prints of 15 bits: read with `place_among`.

    Exact while a key has fewer than 16 different values (and no two of them share a print: one pair in 32,767).
    From there on it is the most frequent of 16 of them, drawn evenly: those with the greatest prints; the answer says
    so. Their counts are exact, since a value that is among the greatest of all was among the greatest of every part. A
    value of a key with n > 16 is among the 16 with probability 16 / n, however frequent it is. Counts stop at 65,535;
    of equals the greater print comes first.
    """

    columns: ClassVar[int] = _KEPT

    def lift_rows(self, seconds: Cells, values: Keys) -> Cells:
        rows = np.zeros((len(values), _KEPT), dtype=np.uint32)
        rows[:, 0] = (_prints(values).astype(np.uint32) << _PRINT_SHIFT) | np.uint32(1)
        return rows

    def merge_rows(self, a: Cells, b: Cells) -> Cells:
        rows = _descending(np.concatenate((a, b), axis=1))
        again = (rows[:, 1:] >> _PRINT_SHIFT) == (rows[:, :-1] >> _PRINT_SHIFT)
        total = np.minimum((rows[:, :-1] & _MOST_TIMES) + (rows[:, 1:] & _MOST_TIMES), _MOST_TIMES)
        rows[:, :-1] = np.where(again, (rows[:, :-1] & ~_MOST_TIMES) | total, rows[:, :-1])
        rows[:, 1:][again] = 0
        return np.ascontiguousarray(_descending(rows)[:, :_KEPT])

    def read_rows(self, rows: Cells, now: Cells) -> Ints:
        by_times = _descending((rows << _PRINT_SHIFT) | (rows >> _PRINT_SHIFT))[:, :TOP]
        prints = (by_times & _MOST_TIMES).astype(np.int64)
        values: Ints = (prints << np.arange(0, 16 * TOP, 16)).sum(axis=1)
        return values + np.where(rows[:, -1] != 0, _DRAWN, 0)


def place_among(values: Keys, top: Ints) -> Ints:
    """The place of each value (uint64[n]) among what `TopValues` told (int64[n]): 1 the most frequent, 0 not among
    them; `UNKNOWN` where the value or the key is missing, or where there are too many values to say that it is not.
    With so many, its true place may be behind the one given, never before."""
    prints = (top[:, None] >> np.arange(0, 16 * TOP, 16)) & (_DRAWN - 1)
    same = prints == _prints(values).astype(np.int64)[:, None]
    absent = np.where(top & _DRAWN, UNKNOWN, 0)
    place = np.where(same.any(axis=1), same.argmax(axis=1) + 1, absent)
    return np.where((values == NO_KEY) | (top == UNKNOWN), UNKNOWN, place)


def _descending(rows: Cells) -> Cells:
    return np.sort(rows, axis=1)[:, ::-1]


def _prints(values: Keys) -> npt.NDArray[np.uint64]:
    return _mixed(values) % np.uint64(2**15 - 1) + np.uint64(1)


def _mixed(values: Keys) -> Keys:
    """Every bit of a value spread over all 64 (splitmix64, Steele et al. 2014): some values are small numbers."""
    mixed = values + np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
