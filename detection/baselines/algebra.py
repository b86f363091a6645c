"""The kinds of facts: small monoids over the messages of a key, each declared by what it keeps.

A fact learns from every message for which `where` holds, under the key that `learn_key` (by default `key`) reads from
that message; it is looked up under the key that `key` reads from the message being scored. All values are int64:

* `UNKNOWN` (-1) when the key itself is missing (no sender, no Reply-To ...),
* 0 when the key is known and nothing was ever seen under it.
"""

from __future__ import annotations

from dataclasses import dataclass

from detection.baselines.parts import EVERYTHING, Part, Where, level_of
from detection.mail.batch import Level

UNKNOWN = -1


@dataclass(frozen=True, slots=True, eq=False)
class Fact:
    """One statistic of past communication for a key."""

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


class Count(Fact):
    """Messages seen under the key (a message counts once for each value of a ragged key)."""


class First(Fact):
    """Time of the first message under the key, seconds since the epoch; 0 never."""


class Last(Fact):
    """Time of the last message under the key, seconds since the epoch; 0 never."""


class DistinctDays(Fact):
    """Days (UTC) on which the key was seen."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class DistinctCount(Fact):
    """Different values of `of` seen under the key, exactly."""

    of: Part


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class FirstValue(Fact):
    """The value of `of` that came first under the key, as uint64 viewed as int64; 0 never.

    Ties in time go to the smaller value, so that the order of arrival within one second does not matter.
    """

    of: Part
