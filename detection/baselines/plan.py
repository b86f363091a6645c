"""What a look-up has to do for a batch, worked out ahead: which parts make which keys, which cells hold which fact.

It depends on the declared facts and on which message each ragged value belongs to, not on the tables. For a message
alone that is only how many recipients, links ... it has, so its plan is kept and serves every tenant.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
import numpy.typing as npt

from detection.baselines.algebra import Fact, FirstValue, Recent
from detection.baselines.layout import SALT_SHIFT, Layout, Probe, Stream
from detection.baselines.parts import Part
from detection.baselines.tables import LOG_SHIFT
from detection.baselines.values import FactValues
from detection.keys import Keys, combine
from detection.mail.batch import RAGGED, Ints, Level, MessageBatch

MOST_KEPT = 200
"""Ragged values of a message above which its plan is not kept."""


@dataclass(frozen=True, eq=False)
class Plan:
    """Index arrays. "Values" are those of all `parts`, one part after the other; "keys" are those of all probes."""

    parts: tuple[Part, ...]
    key_parts: tuple[tuple[Ints, ...], ...]
    """For one part, two parts ...: for each key, where among the values each of its parts lies."""
    salts: Keys

    facts: tuple[Fact, ...]
    slices: tuple[slice, ...]
    """Where in the answer each fact's values lie."""
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

    def values(self, answer: Ints) -> FactValues:
        """The answer cut up by fact, in views."""
        return FactValues(dict(zip(self.facts, map(answer.__getitem__, self.slices), strict=True)))

    def keys(self, values: Keys) -> Keys:
        """The keys of all probes from the values of all parts."""
        return np.concatenate(
            [values[at[0]] if len(at) == 1 else combine(*(values[i] for i in at)) for at in self.key_parts]
        )


def plan_for(layout: Layout, batch: MessageBatch) -> Plan:
    """The plan of a batch."""
    if len(batch) != 1:
        return _plan(layout, len(batch), {level: batch.owner(level) for level in RAGGED})
    offsets = batch.offsets
    sizes = tuple([int(offsets[level][1] - offsets[level][0]) for level in RAGGED])
    return _kept(layout, sizes) if sum(sizes) <= MOST_KEPT else _plan_of_one(layout, sizes)


@lru_cache(maxsize=2_000)
def _kept(layout: Layout, sizes: tuple[int, ...]) -> Plan:
    return _plan_of_one(layout, sizes)


def _plan_of_one(layout: Layout, sizes: tuple[int, ...]) -> Plan:
    return _plan(layout, 1, {lv: np.zeros(size, dtype=np.int64) for lv, size in zip(RAGGED, sizes, strict=True)})


def _plan(layout: Layout, messages: int, owners: dict[Level, Ints]) -> Plan:
    owners = owners | {Level.MESSAGE: np.arange(messages)}
    probes = sorted(layout.probes, key=lambda probe: len(probe.parts))
    parts = tuple(dict.fromkeys(part for probe in probes for part in probe.parts))
    part_at = dict(zip(parts, _starts([len(owners[part.level]) for part in parts]), strict=True))
    key_at = dict(zip(probes, _starts([len(owners[probe.level]) for probe in probes]), strict=True))

    def places(probe: Probe, part: Part) -> Ints:
        own = np.arange(len(owners[probe.level]))
        return part_at[part] + (own if part.level is probe.level else owners[probe.level])

    key_parts = []
    for _, alike in groupby(probes, key=lambda probe: len(probe.parts)):
        columns = zip(*([places(probe, part) for part in probe.parts] for probe in alike), strict=True)
        key_parts.append(tuple(np.concatenate(column) for column in columns))

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
        parts=parts,
        key_parts=tuple(key_parts),
        salts=spread([(p.space.number, p) for p in probes]).astype(np.uint64) << SALT_SHIFT,
        facts=facts,
        slices=tuple(slice(at, at + n) for at, n in zip(starts, sizes, strict=True)),
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


def _starts(sizes: list[int]) -> list[int]:
    ends = np.cumsum([0, *sizes])
    return [int(end) for end in ends[:-1]]


def _join(arrays: list[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)
