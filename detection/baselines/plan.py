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
from functools import lru_cache
from itertools import groupby

import numpy as np
import numpy.typing as npt

from detection.baselines.algebra import Fact, FirstValue, Recent
from detection.baselines.layout import SALT_SHIFT, Layout, Probe, Stream
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

        def places(key: tuple[Part, ...]) -> list[Ints]:
            level = level_of(key)
            own = np.arange(len(owners[level]))
            return [part_at[part] + (own if part.level is level else owners[level]) for part in key]

        sources = [
            tuple(np.concatenate(column) for column in zip(*map(places, alike), strict=True))
            for _, alike in groupby(asked, key=len)
        ]
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

    # Recent times: their values are the end of the answer.
    log_key: Ints
    log_message: Ints
    log_seconds: Ints
    log_head: Keys
    log_streams: tuple[Stream, ...]

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
    stored = [(f, p) for f, p in asked if not isinstance(f, Recent)]
    logged: list[tuple[Fact, Probe]] = [(f, p) for f, p in asked if isinstance(f, Recent)]
    halves = [(f, p) for f, p in stored if isinstance(f, FirstValue)]
    sizes = [len(owners[probe.level]) for _, probe in stored + logged]
    starts = _starts(sizes)
    facts = tuple(fact for fact, _ in stored + logged)
    start_of = dict(zip(facts, starts, strict=True))

    def key_range(probe: Probe) -> Ints:
        return key_at[probe] + np.arange(len(owners[probe.level]))

    def spread(pairs: list[tuple[int, Probe]]) -> Ints:
        return _join([np.full(len(owners[probe.level]), value, dtype=np.int64) for value, probe in pairs])

    cells = stored + halves
    columns_of = [(p.space.column(f) + isinstance(f, FirstValue), p) for f, p in stored]
    columns_of += [(p.space.column(f) + 2, p) for f, p in halves]
    stream_of = {fact: stream for stream in layout.streams for fact in stream.facts}
    return Plan(
        key_plan=key_plan,
        salts=spread([(p.space.number, p) for p in probes]).astype(np.uint64) << SALT_SHIFT,
        facts=facts,
        fact_starts=tuple(starts),
        answer_key=_join([key_range(probe) for _, probe in stored + logged]),
        cell_key=_join([key_range(probe) for _, probe in cells]),
        cell_space=spread([(p.space.number, p) for _, p in cells]),
        cell_width=spread([(p.space.width, p) for _, p in cells]),
        cell_column=spread(columns_of),
        cell_sign=spread([(f.sign, p) for f, p in cells]).astype(np.uint32),
        upper_of=_join([start_of[f] + np.arange(len(owners[p.level])) for f, p in halves]),
        log_key=_join([key_range(probe) for _, probe in logged]),
        log_message=_join([owners[probe.level] for _, probe in logged]),
        log_seconds=spread([(f.seconds, p) for f, p in logged if isinstance(f, Recent)]),
        log_head=spread([(stream_of[f].number, p) for f, p in logged if isinstance(f, Recent)]).astype(np.uint64)
        << LOG_SHIFT,
        log_streams=tuple(
            stream_of[f] for f, p in logged if isinstance(f, Recent) for _ in range(len(owners[p.level]))
        ),
    )


_PADDING = np.zeros(ROUND_SIZES[-1], dtype=np.uint64)


def _starts(sizes: list[int]) -> list[int]:
    ends = np.cumsum([0, *sizes])
    return [int(end) for end in ends[:-1]]


def _join(arrays: list[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)
