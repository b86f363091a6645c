"""All facts of a stretch of history as a few flat arrays, built in bulk.

`keys` are the salted keys of all spaces, sorted; space s owns rows `bounds[s]:bounds[s + 1]`, whose cells lie row by
row in `cells` from `cell_starts[s]` on. `elements` are the salted (key, value) pairs behind distinct counts, sorted,
with the row's key in `parents`. `recent` packs (log, row, second) as 4, 28 and 32 bits, sorted.
The arrays follow from the set of messages alone: not from their order, nor from how they were cut into shards.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from detection.baselines.algebra import Cells, DistinctCount, FirstValue, Recent, Summary
from detection.baselines.layout import LAYOUT, Layout, Space, number_of, salted
from detection.baselines.parts import level_of
from detection.baselines.reading import Reading
from detection.baselines.rows import lessons, reduced
from detection.baselines.timeline import changes, stable_order
from detection.keys import NO_KEY, Keys
from detection.mail.batch import Bools, Ints, MessageBatch

LOG_SHIFT = np.uint64(60)
ROW_SHIFT = np.uint64(32)
ROW_MASK = np.uint64(2**28 - 1)
SECOND_MASK = np.uint64(2**32 - 1)
MOST_ROWS = 2**28


@dataclass(frozen=True, eq=False, kw_only=True)
class Tables:
    """Every fact of `messages` learned messages, of which the first came at `first_time` and the last at `last_time`
    (seconds since the epoch, clamped as `detection.baselines.parts.clock` says; 0 when there are none)."""

    keys: Keys
    cells: Cells
    elements: Keys
    parents: Keys
    recent: Keys
    bounds: Ints
    messages: int = 0
    first_time: int = 0
    last_time: int = 0
    layout: Layout = LAYOUT

    @cached_property
    def cell_starts(self) -> Ints:
        """Position of each space's first cell, int64[spaces + 1]."""
        widths = np.array([space.width for space in self.layout.spaces], dtype=np.int64)
        return np.concatenate(([0], np.cumsum(np.diff(self.bounds) * widths)))

    @cached_property
    def row_origins(self) -> Ints:
        """For each space what, added to row * width + column, is the position of a cell: int64[spaces]."""
        widths = np.array([space.width for space in self.layout.spaces], dtype=np.int64)
        return self.cell_starts[:-1] - self.bounds[:-1] * widths

    def keys_of(self, space: Space) -> Keys:
        """The salted keys of one space."""
        return self.keys[self.bounds[space.number] : self.bounds[space.number + 1]]

    def has_elements(self, fact: DistinctCount, elements: Keys) -> Bools:
        """Which of a fact's elements (keys of its `element`) are there: bool[n]."""
        asked = salted(elements, self.layout.distinct.index(fact))
        at = np.searchsorted(self.elements, asked)
        return np.asarray(self.elements.take(at, mode="clip") == asked, dtype=np.bool_)

    def rows_of(self, space: Space, keys: Keys) -> Cells:
        """The rows of salted keys of one space, zero where it has none: uint32[keys, width]."""
        filed = self.keys_of(space)
        out = np.zeros((len(keys), space.width), dtype=np.uint32)
        if len(filed):
            rows = np.searchsorted(filed, keys)
            found = filed.take(rows, mode="clip") == keys
            out[found] = self.matrix(space)[rows[found]]
        return out

    def matrix(self, space: Space) -> Cells:
        """The cells of one space, uint32[rows, width], as a view."""
        start, stop = self.cell_starts[space.number], self.cell_starts[space.number + 1]
        return self.cells[start:stop].reshape(-1, space.width) if space.width else self.cells[:0].reshape(0, 0)


def empty(layout: Layout = LAYOUT) -> Tables:
    """The tables of no history: the neutral element of `merge`."""
    none = np.zeros(0, dtype=np.uint64)
    return Tables(
        keys=none,
        cells=np.zeros(0, dtype=np.uint32),
        elements=none,
        parents=none,
        recent=none,
        bounds=np.zeros(len(layout.spaces) + 1, dtype=np.int64),
        layout=layout,
    )


def build(batch: MessageBatch, learn: Bools | None = None, layout: Layout = LAYOUT) -> Tables:
    """The tables of a batch, in whatever order its messages are; only those where `learn` is true leave a trace.

    Memory beside the result: about 80 bytes a value of the level at work. Raises ValueError beyond 2**28 rows.
    """
    reading = Reading(batch, learn)
    if not reading.learn.any():
        return empty(layout)
    seen = reading.clock[reading.learn]
    last = int(seen.max())
    elements = {fact: elements_of(fact, layout, reading) for fact in layout.distinct}
    none = np.zeros(0, dtype=np.uint64)
    parents = dict.fromkeys(layout.distinct, none)
    keys: list[Keys] = []
    cells: list[Cells] = []
    recent: list[Keys] = []
    bounds = [0]
    for space in layout.spaces:
        rows, matrix, logs = _build_space(space, layout, reading, elements, parents, bounds[-1], last)
        keys.append(rows)
        cells.append(matrix.reshape(-1))
        recent.extend(logs)
        bounds.append(bounds[-1] + len(rows))
    if bounds[-1] > MOST_ROWS:
        raise ValueError(f"a baseline holds at most {MOST_ROWS:,} keys; these messages have {bounds[-1]:,}")
    log = np.concatenate([*recent, none])
    log.sort()
    return Tables(
        keys=np.concatenate(keys),
        cells=np.concatenate(cells),
        elements=np.concatenate([*(elements[fact][0] for fact in layout.distinct), none]),
        parents=np.concatenate([*(parents[fact] for fact in layout.distinct), none]),
        recent=log,
        bounds=np.array(bounds, dtype=np.int64),
        messages=int(np.count_nonzero(reading.learn)),
        first_time=int(seen.min()),
        last_time=last,
        layout=layout,
    )


def elements_of(fact: DistinctCount, layout: Layout, reading: Reading) -> tuple[Keys, Ints]:
    """The different elements of a fact, sorted, and which value of the fact's space brings each."""
    level = level_of(fact.element)
    elements = reading.keys(fact.element)
    at = np.flatnonzero(reading.learned(fact.where, level) & (elements != NO_KEY))
    order, ordered = stable_order(salted(elements[at], layout.distinct.index(fact)))
    first = changes(ordered)
    bringer = at[order[first]]
    filed_level = layout.space_of[fact].level
    return ordered[first], bringer if filed_level is level else reading.owner(level)[bringer]


def _build_space(
    space: Space,
    layout: Layout,
    reading: Reading,
    elements: dict[DistinctCount, tuple[Keys, Ints]],
    parents: dict[DistinctCount, Keys],
    row_base: int,
    last: int,
) -> tuple[Keys, Cells, list[Keys]]:
    """Sorted keys, cells (uint32[rows, width]) and logs of one space; fills in the `parents` of its elements."""
    level = space.level
    keys = reading.keys(space.parts)
    lets_in = {fact.where.name: reading.learned(fact.where, level) for fact in space.facts}
    some = keys != NO_KEY
    some &= np.logical_or.reduce(list(lets_in.values()))
    at = np.flatnonzero(some)
    order, ordered = stable_order(salted(keys[at], space.number))
    at = at[order]
    new = changes(ordered)
    starts = np.flatnonzero(new)
    rows = ordered[starts]
    matrix = np.zeros((len(rows), space.width), dtype=np.uint32)
    if not len(rows):
        return rows, matrix, []
    owner = reading.owner(level)[at]
    seconds = reading.clock[owner]
    repeated = ~new & ~changes(owner)
    row = np.cumsum(new) - 1
    logs: list[Keys] = []
    for stream in layout.streams:
        if stream.space is space:
            keep = lets_in[stream.where.name][at] & ~repeated & (seconds >= max(last - stream.seconds, 0))
            logs.append(pack(stream.number, row[keep] + row_base, seconds[keep]))
    for fact in space.facts:
        if isinstance(fact, Recent):
            continue
        column = space.column(fact)
        learned = lets_in[fact.where.name][at]
        if isinstance(fact, DistinctCount):
            row_of = np.zeros(len(keys), dtype=np.int64)
            row_of[at] = row
            filed = row_of[elements[fact][1]]
            matrix[:, column] = np.bincount(filed, minlength=len(rows))
            parents[fact] = rows[filed]
        elif isinstance(fact, Summary):
            lesson_at, lifted_rows = lessons(fact, reading, space.parts, keys)
            row_of = np.zeros(len(keys), dtype=np.int64)
            row_of[at] = row
            filed = row_of[lesson_at]
            by_row = np.argsort(filed, kind="stable")
            taught, summed = reduced(fact, filed[by_row], lifted_rows[by_row])
            matrix[taught, column : column + fact.columns] = summed
        elif isinstance(fact, FirstValue):
            of = reading.value_at(level, fact.of, space.parts)[at]
            lifted = np.where(learned & (of != NO_KEY), fact.lift(seconds), np.uint32(0))
            first = np.maximum.reduceat(lifted, starts)
            leads = (lifted != 0) & (lifted == first[row])
            value = np.minimum.reduceat(np.where(leads, of, np.uint64(2**64 - 1)), starts)
            put_value(matrix[:, column : column + 3], first, np.where(first != 0, value, np.uint64(0)))
        else:
            counted = learned & ~repeated
            matrix[:, column] = fact.merge.reduceat(np.where(counted, fact.lift(seconds), np.uint32(0)), starts)
    return rows, matrix, logs


def pack(log: int, rows: Ints | Keys, seconds: npt.NDArray[np.uint32]) -> Keys:
    """Entries of a log of recent times."""
    return (np.uint64(log) << LOG_SHIFT) | (rows.astype(np.uint64) << ROW_SHIFT) | seconds


def unpack(recent: Keys) -> tuple[Ints, Ints, Ints]:
    """Log, row and second of each entry."""
    rows = (recent >> ROW_SHIFT) & ROW_MASK
    return (
        (recent >> LOG_SHIFT).astype(np.int64),
        rows.astype(np.int64),
        (recent & SECOND_MASK).astype(np.int64),
    )


def bounds_of(keys: Keys, layout: Layout) -> Ints:
    """Where each space's rows begin among sorted salted keys, int64[spaces + 1]."""
    return np.searchsorted(number_of(keys), np.arange(len(layout.spaces) + 1, dtype=np.uint64)).astype(np.int64)


def put_value(cells: Cells, first: Cells, value: Keys) -> None:
    """Writes the three cells of a `FirstValue`: its time, and its value in two halves."""
    cells[:, 0] = first
    cells[:, 1] = (value & SECOND_MASK).astype(np.uint32)
    cells[:, 2] = (value >> ROW_SHIFT).astype(np.uint32)


def get_value(cells: Cells) -> Keys:
    """The value of the three cells of a `FirstValue`."""
    return cells[:, 1].astype(np.uint64) | (cells[:, 2].astype(np.uint64) << ROW_SHIFT)
