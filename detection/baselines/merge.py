"""Two stretches of history become one: the same bytes as if they had been built together.

Associative and commutative, and the two may overlap in time, but not in messages: a message in both counts twice.
"""

from __future__ import annotations

import numpy as np

from detection.baselines.algebra import Cells, FirstValue, Recent, Summary
from detection.baselines.layout import Layout, number_of
from detection.baselines.tables import (
    MOST_ROWS,
    ROW_MASK,
    ROW_SHIFT,
    Tables,
    bounds_of,
    get_value,
    put_value,
    unpack,
)
from detection.baselines.timeline import changes, stable_order
from detection.keys import Keys
from detection.mail.batch import Bools, Ints


def merge(a: Tables, b: Tables) -> Tables:
    """The tables of the messages of both. Raises ValueError when they were built from different declarations."""
    if a.layout.fingerprint != b.layout.fingerprint:
        raise ValueError("the two tables were built from different declarations of facts: build one of them again")
    layout = a.layout
    if not a.messages or not b.messages:
        return b if not a.messages else a
    keys = _union(a.keys, b.keys)
    if len(keys) > MOST_ROWS:
        raise ValueError(f"a baseline holds at most {MOST_ROWS:,} keys; these two have {len(keys):,} together")
    places = (np.searchsorted(keys, a.keys), np.searchsorted(keys, b.keys))
    bounds = bounds_of(keys, layout)
    elements, parents, again = _merge_elements(a, b)
    last = max(a.last_time, b.last_time)
    merged = Tables(
        keys=keys,
        cells=np.zeros(_cells(layout, bounds), dtype=np.uint32),
        elements=elements,
        parents=parents,
        recent=_merge_logs(layout, (a, b), places, last),
        bounds=bounds,
        messages=a.messages + b.messages,
        first_time=min(a.first_time, b.first_time),
        last_time=last,
        layout=layout,
    )
    _merge_cells(merged, (a, b), places)
    _take_back(merged, again)
    return merged


def _cells(layout: Layout, bounds: Ints) -> int:
    return sum(int(bounds[s.number + 1] - bounds[s.number]) * s.width for s in layout.spaces)


def _union(a: Keys, b: Keys) -> Keys:
    # Two sorted runs: what a stable sort merges in one pass.
    both = np.concatenate((a, b))
    both.sort(kind="stable")
    return both[changes(both)]


def _merge_elements(a: Tables, b: Tables) -> tuple[Keys, Keys, Keys]:
    """The different elements with their parents, and those that both have."""
    order, ordered = stable_order(np.concatenate((a.elements, b.elements)))
    first = changes(ordered)
    parents = np.concatenate((a.parents, b.parents))[order[first]]
    return ordered[first], parents, np.stack((ordered[~first], np.concatenate((a.parents, b.parents))[order[~first]]))


def _merge_cells(merged: Tables, parts: tuple[Tables, Tables], places: tuple[Ints, Ints]) -> None:
    for space in merged.layout.spaces:
        matrix = merged.matrix(space)
        for part, place in zip(parts, places, strict=True):
            start, stop = part.bounds[space.number], part.bounds[space.number + 1]
            rows = place[start:stop] - merged.bounds[space.number]
            source = part.matrix(space)
            for fact in space.facts:
                column = space.column(fact)
                if isinstance(fact, Recent):
                    continue
                if isinstance(fact, FirstValue):
                    window = slice(column, column + 3)
                    matrix[rows, window] = earlier_value(matrix[rows, window], source[:, window])
                elif isinstance(fact, Summary):
                    window = slice(column, column + fact.columns)
                    matrix[rows, window] = fact.merge_rows(matrix[rows, window], source[:, window])
                else:
                    matrix[rows, column] = fact.merge(matrix[rows, column], source[:, column])


def earlier_value(a: Cells, b: Cells) -> Cells:
    """Row by row the `FirstValue` that came first: of equal seconds the smaller value."""
    a_value, b_value = get_value(a), get_value(b)
    takes_b: Bools = (b[:, 0] > a[:, 0]) | ((b[:, 0] == a[:, 0]) & (b_value < a_value))
    out = np.empty_like(a)
    put_value(out, np.where(takes_b, b[:, 0], a[:, 0]), np.where(takes_b, b_value, a_value))
    return out


def _take_back(merged: Tables, again: Keys) -> None:
    """Elements that both parts have were counted by both: each is taken off its key once."""
    for number, fact in enumerate(merged.layout.distinct):
        mine = again[1, number_of(again[0]) == number]
        if len(mine):
            space = merged.layout.space_of[fact]
            rows = np.searchsorted(merged.keys_of(space), mine)
            np.subtract.at(merged.matrix(space)[:, space.column(fact)], rows, np.uint32(1))


def _merge_logs(layout: Layout, parts: tuple[Tables, Tables], places: tuple[Ints, Ints], last: int) -> Keys:
    """The logs of both under the merged row numbers, without what no later message can reach."""
    moved = []
    for part, place in zip(parts, places, strict=True):
        logs, rows, seconds = unpack(part.recent)
        reach = np.array([max(last - stream.seconds, 0) for stream in layout.streams], dtype=np.int64)
        keep = seconds >= reach[logs]
        moved.append(
            (part.recent[keep] & ~(ROW_MASK << ROW_SHIFT)) | (place[rows[keep]].astype(np.uint64) << ROW_SHIFT)
        )
    log = np.concatenate(moved)
    log.sort(kind="stable")
    return log
