"""The kinds of facts: small monoids over the messages of a key, each declared by what it keeps.

A fact learns from every message for which `where` holds, under the key that `learn_key` (by default `key`) reads from
that message; it is looked up under the key that `key` reads from the message being scored. All values are int64:

* `UNKNOWN` (-1) when the key itself is missing (no sender, no Reply-To ...),
* 0 when the key is known and nothing was ever seen under it.

A kind is a few lines: what one message puts into a cell (`lift`), how two cells become one (`merge`, a ufunc with
0 as its neutral element), how a cell reads (`sign`), and the value as of each message of a time line (`as_of`).
What needs several cells at once is a `Summary` (`detection.baselines.summaries`): top values, decayed counts, rates.
Cells are uint32. A first time is kept as its negative modulo 2**32, so that first and last are both a maximum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from detection.baselines.parts import DAY, EVERYTHING, Part, Where, level_of
from detection.baselines.timeline import Events
from detection.keys import Keys
from detection.mail.batch import Ints, Level

UNKNOWN = -1

Cells = npt.NDArray[np.uint32]


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """One statistic of past communication for a key."""

    columns: ClassVar[int] = 1
    """Cells a key takes in the table."""
    merge: ClassVar[np.ufunc] = np.add
    """How the cells of two parts of history become one: associative, commutative, 0 is neutral."""
    sign: ClassVar[int] = 1
    """A value is its cell times this, modulo 2**32."""

    key: tuple[Part, ...]
    where: Where = EVERYTHING
    learn_key: tuple[Part, ...] | None = None

    @property
    def level(self) -> Level:
        """The level of `MessageBatch` that this fact's values align with."""
        return level_of(self.key)

    @property
    def learned_under(self) -> tuple[Part, ...]:
        """The parts that give the key a message is filed under."""
        return self.learn_key or self.key

    def lift(self, clock: Cells) -> Cells:
        """What one message at each second of `clock` (uint32[n]) puts into the cell."""
        return np.ones_like(clock)

    def as_of(self, events: Events) -> Ints:
        """The value for each query of a time line, from the events strictly before it."""
        return events.count_before()

    def joined(self, earlier: Ints, later: Ints) -> Ints:
        """The values (int64[n]) from two stretches of history, all of one before all of the other; both are unknown
        alike. Distinct counts of the later stretch leave out what the earlier one has."""
        return np.where(later == UNKNOWN, UNKNOWN, earlier + later)


class Count(Fact):
    """Messages seen under the key; a message counts once for each different value of a ragged key."""

    __slots__ = ()


class First(Fact):
    """Time of the first message under the key, seconds since the epoch; 0 never."""

    __slots__ = ()
    merge: ClassVar[np.ufunc] = np.maximum
    sign: ClassVar[int] = -1

    def lift(self, clock: Cells) -> Cells:
        return np.negative(clock)

    def as_of(self, events: Events) -> Ints:
        return events.first_time_before()

    def joined(self, earlier: Ints, later: Ints) -> Ints:
        return np.where(earlier != 0, earlier, later)


class Last(Fact):
    """Time of the last message under the key, seconds since the epoch; 0 never."""

    __slots__ = ()
    merge: ClassVar[np.ufunc] = np.maximum

    def lift(self, clock: Cells) -> Cells:
        return clock

    def as_of(self, events: Events) -> Ints:
        return events.last_time_before()

    def joined(self, earlier: Ints, later: Ints) -> Ints:
        return np.where(later != 0, later, earlier)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Recent(Fact):
    """Messages under the key in the last `seconds` before the message: from `time - seconds` on, exactly.

    Its table is the log of the times that a later message can still reach, not a cell.
    """

    columns: ClassVar[int] = 0

    seconds: int

    def as_of(self, events: Events) -> Ints:
        return events.count_within(self.seconds)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DistinctCount(Fact):
    """Different values of `of` seen under the key, exactly.

    A cell counts elements (key, value) that are new; the elements are kept, so that two parts of history that share
    some can be merged.
    """

    of: Part

    @property
    def element(self) -> tuple[Part, ...]:
        """The parts of an element: the key it is filed under, and the value."""
        return (*self.learned_under, self.of)


class DistinctDays(DistinctCount):
    """Days (UTC) on which the key was seen."""

    __slots__ = ()

    def __init__(
        self, key: tuple[Part, ...], where: Where = EVERYTHING, learn_key: tuple[Part, ...] | None = None
    ) -> None:
        DistinctCount.__init__(self, key, where, learn_key, of=DAY)


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FirstValue(Fact):
    """The value of `of` that came first under the key, as uint64 viewed as int64; 0 never.

    Ties in time go to the smaller value, so that the order of arrival within one second does not matter. Its cells
    are the time (as `First` keeps it) and the two halves of the value; of two, the greater time, then the smaller
    value wins.
    """

    columns: ClassVar[int] = 3
    merge: ClassVar[np.ufunc] = np.maximum
    """Of the first cell; the others follow it (`detection.baselines.merge.earlier_value`)."""

    of: Part

    def lift(self, clock: Cells) -> Cells:
        return np.negative(clock)

    def joined(self, earlier: Ints, later: Ints) -> Ints:
        return np.where(earlier != 0, earlier, later)


@dataclass(frozen=True, slots=True, eq=False)
class Summary(Fact):
    """A statistic in several cells that are lifted, merged and read together, row by row.

    `merge_rows` is associative and commutative and rows of zeros are neutral, to the bit: what a row holds follows from
    the set of messages alone. That is all that bulk build, replay, merge, unite and the live overlay ask of a kind.
    A message counts once for each different value of `of` under a key; without `of`, once for each key.
    """

    of: Part | None = None

    @property
    def parameters(self) -> str:
        """What else the meaning of the cells depends on."""
        return ""

    def lift_rows(self, seconds: Cells, values: Keys) -> Cells:
        """What messages at these seconds (uint32[n]) with these values of `of` (uint64[n]) put: uint32[n, columns]."""
        raise NotImplementedError

    def merge_rows(self, a: Cells, b: Cells) -> Cells:
        """Row by row one of two: uint32[n, columns]. Writes to neither."""
        raise NotImplementedError

    def read_rows(self, rows: Cells, now: Cells) -> Ints:
        """The value of each row for a message at its second of `now` (uint32[n]): int64[n], 0 for a row of zeros."""
        raise NotImplementedError
