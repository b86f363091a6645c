"""Where each declared fact lives in the tables: spaces, columns, elements, logs. All of it follows from `FACTS`.

Facts filed under the same parts share a *space*: one row a key, their cells side by side. The keys of all spaces lie in
one sorted array, told apart by their upper 8 bits (`salt`), so that a look-up of everything about a message is one
binary search and one gather. Two keys of a space are taken for one with probability 2**-56 a pair.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import accumulate

import numpy as np

from detection.baselines.algebra import DistinctCount, Fact, FirstValue, Recent, Summary
from detection.baselines.facts import FACTS
from detection.baselines.parts import Part, Where, level_of
from detection.keys import Keys
from detection.mail.batch import Level

SALT_BITS = 8
_SHIFT = np.uint64(SALT_BITS)
SALT_SHIFT = np.uint64(64 - SALT_BITS)


def salted(keys: Keys, number: int) -> Keys:
    """Keys with their upper bits replaced by the number of the space; the order of keys within a space is kept."""
    return (keys >> _SHIFT) | (np.uint64(number) << SALT_SHIFT)


def number_of(salted_keys: Keys) -> Keys:
    """The numbers that the keys were salted with."""
    return salted_keys >> SALT_SHIFT


@dataclass(frozen=True, eq=False)
class Space:
    """Facts filed under the same parts."""

    number: int
    parts: tuple[Part, ...]
    facts: tuple[Fact, ...]

    @cached_property
    def level(self) -> Level:
        """The level whose values are filed."""
        return level_of(self.parts)

    @cached_property
    def width(self) -> int:
        """Cells a row."""
        return sum(fact.columns for fact in self.facts)

    def column(self, fact: Fact) -> int:
        """First cell of the fact in a row."""
        return self._columns[fact]

    @cached_property
    def _columns(self) -> Mapping[Fact, int]:
        widths = [fact.columns for fact in self.facts]
        return dict(zip(self.facts, accumulate(widths, initial=0), strict=False))


@dataclass(frozen=True, eq=False)
class Probe:
    """Facts of one space that are asked for under the same parts: they share one key of a look-up."""

    space: Space
    parts: tuple[Part, ...]
    facts: tuple[Fact, ...]

    @cached_property
    def level(self) -> Level:
        """The level whose values ask."""
        return level_of(self.parts)


@dataclass(frozen=True, eq=False)
class Stream:
    """The log behind `Recent` facts of one space and condition: it reaches back as far as the longest of them."""

    number: int
    space: Space
    where: Where
    facts: tuple[Recent, ...]

    @property
    def seconds(self) -> int:
        """How long a time stays in the log."""
        return max(fact.seconds for fact in self.facts)


@dataclass(frozen=True, eq=False)
class Layout:
    """The places of a list of facts. Raises ValueError when there are more spaces or logs than the salts can number."""

    facts: Mapping[str, Fact]

    def __post_init__(self) -> None:
        for kind, number, most in (
            ("different keys", len(self.spaces), 2**SALT_BITS - 1),
            ("distinct counts", len(self.distinct), 2**SALT_BITS - 1),
            ("logs of recent messages", len(self.streams), 2**4 - 1),
        ):
            if number > most:
                raise ValueError(f"the declared facts need {number} {kind}; the tables have room for {most}")

    @cached_property
    def spaces(self) -> tuple[Space, ...]:
        """Every space, in the order of declaration."""
        filed: dict[tuple[Part, ...], list[Fact]] = {}
        for fact in self.facts.values():
            filed.setdefault(fact.learned_under, []).append(fact)
        return tuple(Space(i, parts, tuple(facts)) for i, (parts, facts) in enumerate(filed.items()))

    @cached_property
    def space_of(self) -> Mapping[Fact, Space]:
        """The space that each fact is filed in."""
        return {fact: space for space in self.spaces for fact in space.facts}

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        """Every pair of a space and the parts it is asked under."""
        asked: dict[tuple[int, tuple[Part, ...]], list[Fact]] = {}
        for space in self.spaces:
            for fact in space.facts:
                asked.setdefault((space.number, fact.key), []).append(fact)
        return tuple(Probe(self.spaces[i], parts, tuple(facts)) for (i, parts), facts in asked.items())

    @cached_property
    def distinct(self) -> tuple[DistinctCount, ...]:
        """The facts that keep elements; a fact's position is the salt of its elements."""
        return tuple(fact for fact in self.facts.values() if isinstance(fact, DistinctCount))

    @cached_property
    def summaries(self) -> tuple[Summary, ...]:
        """The facts whose cells are merged and read row by row."""
        return tuple(fact for fact in self.facts.values() if isinstance(fact, Summary))

    @cached_property
    def streams(self) -> tuple[Stream, ...]:
        """The logs of recent times."""
        logged: dict[tuple[int, str], list[Recent]] = {}
        for space in self.spaces:
            for fact in space.facts:
                if isinstance(fact, Recent):
                    logged.setdefault((space.number, fact.where.name), []).append(fact)
        return tuple(
            Stream(i, self.spaces[number], facts[0].where, tuple(facts))
            for i, ((number, _), facts) in enumerate(logged.items())
        )

    @cached_property
    def fingerprint(self) -> str:
        """What the tables' meaning depends on, as 32 hex digits: tables of other declarations cannot be read."""
        text = "\n".join(
            " ".join(
                (
                    name,
                    type(fact).__name__,
                    "+".join(part.name for part in fact.key),
                    "+".join(part.name for part in fact.learned_under),
                    fact.where.name,
                    fact.of.name if isinstance(fact, DistinctCount | FirstValue | Summary) and fact.of else "",
                    str(fact.seconds) if isinstance(fact, Recent) else "",
                    *((fact.parameters,) if isinstance(fact, Summary) else ()),
                )
            )
            for name, fact in self.facts.items()
        )
        return blake2b(text.encode(), digest_size=16).hexdigest()


LAYOUT = Layout(FACTS)
"""Where the declared facts live."""
