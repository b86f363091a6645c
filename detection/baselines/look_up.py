"""All facts about the messages of a batch, out of tables: one binary search and one gather for everything."""

from __future__ import annotations

from functools import lru_cache
from typing import Protocol

import numpy as np

from detection.baselines.algebra import UNKNOWN, Cells
from detection.baselines.layout import Stream
from detection.baselines.parts import clock
from detection.baselines.plan import PLANS_KEPT, Plan, plan_for, sizes_of_one
from detection.baselines.tables import ROW_SHIFT, Tables
from detection.baselines.values import Answer, FactValues, Places, narrowed
from detection.keys import NO_KEY, Keys
from detection.mail.batch import RAGGED, Bools, Ints, Level, MessageBatch

CHUNK = 8_192
"""Messages looked up at once in a large batch: bounds the memory of the intermediate arrays."""


class Newer(Protocol):
    """What came since the tables: rows in the place of theirs, and recent times beside theirs."""

    cells: Cells

    def places(self, keys: Keys) -> Ints:
        """First cell of each salted key in `cells`; -1 where the tables' row stands."""
        ...

    def count(self, stream: Stream, key: int, since: int, until: int) -> int:
        """Times of a log under a salted key from second `since` to before second `until`."""
        ...


def look_up(tables: Tables, batch: MessageBatch, newer: Newer | None = None) -> FactValues:
    """Every fact's value for every message, or ragged value, of the batch."""
    if len(batch) <= CHUNK:
        return _look_up(tables, batch, newer)
    starts = range(0, len(batch), CHUNK)
    # Held as narrow as they are: those of half a million messages would take some GB.
    pieces = [
        {fact: narrowed(values) for fact, values in _look_up(tables, chunk, newer).arrays.items()}
        for chunk in (batch.take(start, min(start + CHUNK, len(batch))) for start in starts)
    ]
    facts = tables.layout.facts.values()
    return FactValues({fact: np.concatenate([piece[fact] for piece in pieces]) for fact in facts})


def _look_up(tables: Tables, batch: MessageBatch, newer: Newer | None) -> FactValues:
    plan, slices = plan_for(tables.layout, batch)
    keys = plan.key_plan.keys(batch)
    missing = keys == NO_KEY
    keys >>= np.uint64(8)
    keys |= plan.salts
    rows, found = _find(tables, keys)
    cells = _gather(tables, plan, rows, found)
    if newer is not None:
        key_places = newer.places(keys)
        places = key_places[plan.cell_key]
        cells = np.where(places >= 0, newer.cells.take(places + plan.cell_column, mode="clip"), cells)
    cells *= plan.cell_sign
    answer = np.empty(len(plan.answer_key), dtype=np.int64)
    stored = len(cells) - len(plan.upper_of)
    answer[:stored] = cells[:stored]
    answer[plan.upper_of] |= cells[stored:].astype(np.int64) << 32
    if len(plan.log_key):
        answer[stored : stored + len(plan.log_key)] = _recent(tables, plan, batch, keys, rows, found, newer)
    for part in plan.summaries:
        summed = tables.rows_of(part.space, keys[part.keys])
        column = part.space.column(part.fact)
        summed = summed[:, column : column + part.fact.columns]
        if newer is not None:
            mine = key_places[part.keys]
            fresh = np.flatnonzero(mine >= 0)
            summed[fresh] = newer.cells[mine[fresh, None] + np.arange(column, column + part.fact.columns)]
        read = part.fact.read_rows(summed, clock(batch)[part.message])
        answer[part.start : part.start + len(read)] = read
    answer[missing[plan.answer_key]] = UNKNOWN
    if len(batch) == 1:
        return FactValues(Answer(answer, _places(plan, sizes_of_one(batch))))
    return FactValues(dict(zip(plan.facts, map(answer.__getitem__, slices), strict=True)))


@lru_cache(maxsize=8 * PLANS_KEPT)
def _places(plan: Plan, sizes: tuple[int, ...]) -> Places:
    """The places of facts in the answer for a message alone with so many values of each ragged level."""
    slices = plan.slices({Level.MESSAGE: 1} | dict(zip(RAGGED, sizes, strict=True)))
    return Places(zip(plan.facts, slices, strict=True))


def _find(tables: Tables, keys: Keys) -> tuple[Ints, Bools]:
    """Row of each salted key, and whether it is there."""
    if not len(tables.keys):
        return np.zeros(len(keys), dtype=np.int64), np.zeros(len(keys), dtype=np.bool_)
    rows = np.searchsorted(tables.keys, keys)
    return rows, tables.keys.take(rows, mode="clip") == keys


def _gather(tables: Tables, plan: Plan, rows: Ints, found: Bools) -> Cells:
    if not len(tables.cells):
        return np.zeros(len(plan.cell_key), dtype=np.uint32)
    place = rows[plan.cell_key]
    place *= plan.cell_width
    place += tables.row_origins[plan.cell_space]
    place += plan.cell_column
    cells = tables.cells.take(place, mode="clip")
    cells *= found[plan.cell_key]
    return cells


def _recent(
    tables: Tables, plan: Plan, batch: MessageBatch, keys: Keys, rows: Ints, found: Bools, newer: Newer | None
) -> Ints:
    """Values of the `Recent` facts: the key's times from `time - seconds` to before `time`."""
    now = clock(batch)[plan.log_message].astype(np.int64)
    since = np.maximum(now - plan.log_seconds, 0)
    head = plan.log_head | (rows[plan.log_key].astype(np.uint64) << ROW_SHIFT)
    ends = np.concatenate((head | since.astype(np.uint64), head | now.astype(np.uint64)))
    found_ends = np.searchsorted(tables.recent, ends)
    counts = found_ends[len(head) :] - found_ends[: len(head)]
    counts *= found[plan.log_key]
    if newer is not None:
        asked = zip(plan.log_streams, keys[plan.log_key].tolist(), since.tolist(), now.tolist(), strict=True)
        counts += [newer.count(*question) for question in asked]
    return counts
