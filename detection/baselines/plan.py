"""What a look-up has to do for a batch, worked out ahead: which parts make which keys, which cells hold which fact.

It depends on the declared facts and on which message each ragged value belongs to, not on the tables. For a message
alone that is only how many recipients, links ... it has, so its plan is kept and serves every tenant. Real mail comes in
thousands of such shapes; so that a few plans serve them all, those numbers are rounded up and the message is padded with
missing keys, whose answers nobody reads.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import groupby

import numpy as np
import numpy.typing as npt

from detection.baselines.algebra import Fact, FirstValue, Recent, Summary
from detection.baselines.layout import SALT_SHIFT, Layout, Probe, Space, Stream
from detection.baselines.parts import Part, level_of
from detection.baselines.tables import LOG_SHIFT
from detection.keys import Keys, combine
from detection.mail.batch import RAGGED, Ints, Level, MessageBatch

ROUND_SIZES = (0, 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192)
"""What numbers of ragged values are rounded up to; a message with more of anything has its plan made for it alone."""

PLANS_KEPT = 512


Owners = Mapping[Level, Ints]
"""The message of each value, level by level, MESSAGE included."""


@dataclass(frozen=True, eq=False)
class KeyPlan:
    """How to make many kinds of keys at once: those of each tuple of parts that was asked for, in the order of asking
    (which must be by number of parts)."""

    parts: tuple[Part, ...]
    sources: tuple[tuple[Ints, ...], ...]
    """For one part, two parts ...: for each key, where each of its parts lies among the values of all `parts`."""
    starts: tuple[int, ...]
    """Where the keys of each tuple begin."""
    sizes: tuple[int, ...]
    """How many values of each part are planned for: a batch of one may have fewer."""

    @classmethod
    def of(cls, asked: Sequence[tuple[Part, ...]], owners: Owners) -> KeyPlan:
        """The plan for keys of these tuples of parts."""
        parts = tuple(dict.fromkeys(part for key in asked for part in key))
        part_at = dict(zip(parts, _starts([len(owners[part.level]) for part in parts]), strict=True))
        sources = []
        for _, alike in groupby(asked, key=len):
            keys = list(alike)
            levels = [level_of(key) for key in keys]
            spread = Spread.over(levels, owners)
            sources.append(
                tuple(
                    spread.each([part_at[part] for part in column])
                    + spread.of([part.level is level for part, level in zip(column, levels, strict=True)])
                    for column in zip(*keys, strict=True)
                )
            )
        starts = _starts([len(owners[level_of(key)]) for key in asked])
        return cls(parts, tuple(sources), tuple(starts), tuple(len(owners[part.level]) for part in parts))

    def keys(self, batch: MessageBatch) -> Keys:
        """The keys, `NO_KEY` where a part is missing."""
        pieces: list[Keys] = []
        for part, size in zip(self.parts, self.sizes, strict=True):
            piece = part.read(batch)
            pieces.append(piece)
            if len(piece) < size:
                pieces.append(_PADDING[: size - len(piece)])
        values = np.concatenate(pieces)
        return np.concatenate(
            [values[at[0]] if len(at) == 1 else combine(*(values[i] for i in at)) for at in self.sources]
        )


@dataclass(frozen=True, eq=False)
class SummaryPlan:
    """The keys that ask for a summary, the message of each, and where in the answer their values begin."""

    fact: Summary
    space: Space
    keys: slice
    message: Ints
    start: int


@dataclass(frozen=True, eq=False)
class Plan:
    """Index arrays over the keys of all probes and over the values of the answer."""

    key_plan: KeyPlan
    salts: Keys

    facts: tuple[Fact, ...]
    fact_starts: tuple[int, ...]
    """Where in the answer each fact's values begin."""
    answer_key: Ints
    """The key behind each value of the answer."""

    # Cells: those of the answer first, then the upper halves of `FirstValue`s.
    cell_key: Ints
    cell_space: Ints
    cell_width: Ints
    cell_column: Ints
    cell_sign: npt.NDArray[np.uint32]
    upper_of: Ints
    """For each upper half, the value of the answer that it belongs to."""

    # Recent times: their values come after those of the cells.
    log_key: Ints
    log_message: Ints
    log_seconds: Ints
    log_head: Keys
    log_streams: tuple[Stream, ...]

    summaries: tuple[SummaryPlan, ...]
    """Their values are the end of the answer."""

    def slices(self, sizes: Mapping[Level, int]) -> tuple[slice, ...]:
        """Where in the answer the values of each fact lie, for a batch with so many values of each level."""
        return tuple(slice(at, at + sizes[fact.level]) for fact, at in zip(self.facts, self.fact_starts, strict=True))


def plan_for(layout: Layout, batch: MessageBatch) -> tuple[Plan, tuple[slice, ...]]:
    """The plan of a batch, and where in its answer the values of each of the plan's facts lie."""
    if len(batch) != 1:
        owners = owners_of(batch)
        plan = _plan(layout, owners)
        return plan, plan.slices({level: len(owner) for level, owner in owners.items()})
    return _plan_of_one(layout, sizes_of_one(batch))


def owners_of(batch: MessageBatch) -> Owners:
    """The message of each value of a batch."""
    return {Level.MESSAGE: np.arange(len(batch))} | {level: batch.owner(level) for level in RAGGED}


def sizes_of_one(batch: MessageBatch) -> tuple[int, ...]:
    """How many values of each ragged level a message alone has."""
    return tuple([int(batch.offsets[level][1] - batch.offsets[level][0]) for level in RAGGED])


def rounded(sizes: tuple[int, ...]) -> tuple[int, ...] | None:
    """The shape that stands for this one; None for a message too large for any."""
    if max(sizes) > ROUND_SIZES[-1]:
        return None
    return tuple([ROUND_SIZES[bisect_left(ROUND_SIZES, size)] for size in sizes])


def owners_of_one(sizes: tuple[int, ...]) -> Owners:
    """The owners in a batch of one with so many values."""
    owners = {level: np.zeros(size, dtype=np.int64) for level, size in zip(RAGGED, sizes, strict=True)}
    return {Level.MESSAGE: np.zeros(1, dtype=np.int64)} | owners


@lru_cache(maxsize=8 * PLANS_KEPT)
def _plan_of_one(layout: Layout, sizes: tuple[int, ...]) -> tuple[Plan, tuple[slice, ...]]:
    shape = rounded(sizes)
    plan = _plan(layout, owners_of_one(sizes)) if shape is None else _kept(layout, shape)
    return plan, plan.slices({Level.MESSAGE: 1} | dict(zip(RAGGED, sizes, strict=True)))


@lru_cache(maxsize=PLANS_KEPT)
def _kept(layout: Layout, shape: tuple[int, ...]) -> Plan:
    return _plan(layout, owners_of_one(shape))


def _plan(layout: Layout, owners: Owners) -> Plan:
    probes = sorted(layout.probes, key=lambda probe: len(probe.parts))
    key_plan = KeyPlan.of([probe.parts for probe in probes], owners)
    key_at = dict(zip(probes, key_plan.starts, strict=True))

    asked = [(fact, probe) for probe in probes for fact in probe.facts]
    stored = [(f, p) for f, p in asked if not isinstance(f, Recent | Summary)]
    recent = [(f, p) for f, p in asked if isinstance(f, Recent)]
    halves = [(f, p) for f, p in stored if isinstance(f, FirstValue)]
    summed = [(f, p) for f, p in asked if isinstance(f, Summary)]
    answers = stored + list[tuple[Fact, Probe]](recent) + list[tuple[Fact, Probe]](summed)
    starts = _starts([len(owners[probe.level]) for _, probe in answers])
    start_of = {fact: start for (fact, _), start in zip(answers, starts, strict=True)}

    cells = stored + halves
    columns = [p.space.column(f) + isinstance(f, FirstValue) for f, p in stored]
    columns += [p.space.column(f) + 2 for f, p in halves]
    stream_of = {fact: stream for stream in layout.streams for fact in stream.facts}
    keyed, answered, celled, halved, logged = (
        Spread.over([probe.level for probe in chosen], owners)
        for chosen in (probes, *([p for _, p in pairs] for pairs in (answers, cells, halves, recent)))
    )
    return Plan(
        key_plan=key_plan,
        salts=keyed.each([p.space.number for p in probes]).astype(np.uint64) << SALT_SHIFT,
        facts=tuple(fact for fact, _ in answers),
        fact_starts=tuple(starts),
        answer_key=answered.each([key_at[p] for _, p in answers]) + answered.within,
        cell_key=celled.each([key_at[p] for _, p in cells]) + celled.within,
        cell_space=celled.each([p.space.number for _, p in cells]),
        cell_width=celled.each([p.space.width for _, p in cells]),
        cell_column=celled.each(columns),
        cell_sign=celled.each([f.sign for f, _ in cells]).astype(np.uint32),
        upper_of=halved.each([start_of[f] for f, _ in halves]) + halved.within,
        log_key=logged.each([key_at[p] for _, p in recent]) + logged.within,
        log_message=logged.owner,
        log_seconds=logged.each([f.seconds for f, _ in recent]),
        log_head=logged.each([stream_of[f].number for f, _ in recent]).astype(np.uint64) << LOG_SHIFT,
        log_streams=tuple(stream_of[f] for f, p in recent for _ in range(len(owners[p.level]))),
        summaries=tuple(
            SummaryPlan(f, p.space, slice(key_at[p], key_at[p] + len(owners[p.level])), owners[p.level], start_of[f])
            for f, p in summed
        ),
    )


@dataclass(frozen=True, eq=False)
class Spread:
    """Pieces in a row, each with one value for every value of its level: `within` counts the values of each piece from
    0, `owner` has their messages."""

    levels: Sequence[Level]
    owners: Owners
    counting: Owners
    sizes: Sequence[int]

    @classmethod
    def over(cls, levels: Sequence[Level], owners: Owners) -> Spread:
        """The pieces of these levels."""
        counting = {level: np.arange(len(owners[level])) for level in dict.fromkeys(levels)}
        return cls(levels, owners, counting, [len(owners[level]) for level in levels])

    @cached_property
    def within(self) -> Ints:
        """The number of each value in its piece."""
        return _join([self.counting[level] for level in self.levels])

    @cached_property
    def owner(self) -> Ints:
        """The message of each value."""
        return _join([self.owners[level] for level in self.levels])

    def of(self, own: Sequence[bool]) -> Ints:
        """Piece by piece `within` where `own`, else `owner`."""
        which = zip(self.levels, own, strict=True)
        return _join([self.counting[level] if mine else self.owners[level] for level, mine in which])

    def each(self, values: Sequence[int]) -> Ints:
        """One number a piece, repeated for its values."""
        return np.repeat(np.array(values, dtype=np.int64), self.sizes)


_PADDING = np.zeros(ROUND_SIZES[-1], dtype=np.uint64)


def _starts(sizes: list[int]) -> list[int]:
    ends = np.cumsum([0, *sizes])
    return [int(end) for end in ends[:-1]]


def _join(arrays: list[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)
