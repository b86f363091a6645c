"""Many stretches of history become one in a single pass, space by space: what a sharded build ends with.

The same bytes as merging them one after the other, whatever their order. Merging pairwise moves every key once for each
doubling; here it is moved once. The parts may be memory-mapped: beside them and the result, only one space is held.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from detection.baselines.algebra import Cells, FirstValue, Recent, Summary
from detection.baselines.layout import SALT_SHIFT, Layout, Space
from detection.baselines.merge import merge
from detection.baselines.rows import reduced
from detection.baselines.tables import (
    MOST_ROWS,
    ROW_MASK,
    ROW_SHIFT,
    Tables,
    empty,
    get_value,
    put_value,
    unpack,
)
from detection.baselines.timeline import changes, stable_order
from detection.keys import Keys
from detection.mail.batch import Ints

_LARGEST = np.uint64(2**64 - 1)


def unite(parts: Sequence[Tables]) -> Tables:
    """The tables of the messages of all parts. Raises ValueError when they were built from different declarations, or
    hold more keys together than a baseline can."""
    if len({part.layout.fingerprint for part in parts}) > 1:
        raise ValueError("the tables were built from different declarations of facts: build them again")
    some = [part for part in parts if part.messages]
    if len(some) < 3:
        return reduce(merge, some) if some else empty(parts[0].layout) if parts else empty()
    layout = some[0].layout
    bounds = [0]
    keys: list[Keys] = []
    places: list[list[Ints]] = []
    cells: list[Cells] = []
    for space in layout.spaces:
        rows, place, matrix = _unite_space(space, some)
        places.append([at + bounds[-1] for at in place] if _has_log(space, layout) else [])
        keys.append(rows)
        cells.append(matrix)
        bounds.append(bounds[-1] + len(rows))
    if bounds[-1] > MOST_ROWS:
        raise ValueError(f"a baseline holds at most {MOST_ROWS:,} keys; these parts have {bounds[-1]:,} together")
    elements, parents = _unite_elements(layout, some, keys, cells)
    last = max(part.last_time for part in some)
    return Tables(
        keys=_emptied(keys),
        cells=np.concatenate([matrix.reshape(-1) for matrix in cells]),
        elements=elements,
        parents=parents,
        recent=_unite_logs(layout, some, places, last),
        bounds=np.array(bounds, dtype=np.int64),
        messages=sum(part.messages for part in some),
        first_time=min(part.first_time for part in some),
        last_time=last,
        layout=layout,
    )


def _has_log(space: Space, layout: Layout) -> bool:
    return any(stream.space is space for stream in layout.streams)


def _emptied(pieces: list[Keys]) -> Keys:
    whole = np.concatenate(pieces)
    pieces.clear()
    return whole


def _unite_space(space: Space, parts: Sequence[Tables]) -> tuple[Keys, list[Ints], Cells]:
    """Sorted keys of a space, for each part the row of each of its keys, and the cells (uint32[rows, width])."""
    pieces = [part.keys_of(space) for part in parts]
    order, ordered = stable_order(np.concatenate(pieces))
    new = changes(ordered)
    starts = np.flatnonzero(new)
    rows = ordered[starts]
    row = np.cumsum(new) - 1
    place = np.empty_like(order)
    place[order] = row
    matrix = np.zeros((len(rows), space.width), dtype=np.uint32)
    if len(rows):
        matrices = [part.matrix(space) for part in parts]
        for fact in space.facts:
            column = space.column(fact)
            if isinstance(fact, Recent):
                continue
            if isinstance(fact, FirstValue):
                three = np.concatenate([cells[:, column : column + 3] for cells in matrices])[order]
                first = np.maximum.reduceat(three[:, 0], starts)
                leads = (three[:, 0] != 0) & (three[:, 0] == first[row])
                value = np.minimum.reduceat(np.where(leads, get_value(three), _LARGEST), starts)
                put_value(matrix[:, column : column + 3], first, np.where(first != 0, value, np.uint64(0)))
            elif isinstance(fact, Summary):
                window = slice(column, column + fact.columns)
                stacked = np.concatenate([cells[:, window] for cells in matrices])[order]
                matrix[:, window] = reduced(fact, row, stacked)[1]
            else:
                values = np.concatenate([cells[:, column] for cells in matrices])[order]
                matrix[:, column] = fact.merge.reduceat(values, starts)
    cuts = np.cumsum([len(piece) for piece in pieces])[:-1]
    return rows, np.split(place, cuts), matrix


def _unite_elements(
    layout: Layout, parts: Sequence[Tables], keys: Sequence[Keys], cells: Sequence[Cells]
) -> tuple[Keys, Keys]:
    """The different elements of every distinct count with their parents; what several parts have is counted once."""
    none = np.zeros(0, dtype=np.uint64)
    elements, parents = [none], [none]
    edges = np.arange(len(layout.distinct) + 1, dtype=np.uint64) << SALT_SHIFT
    ends = [np.searchsorted(part.elements, edges) for part in parts]
    for number, fact in enumerate(layout.distinct):
        mine = [slice(end[number], end[number + 1]) for end in ends]
        order, ordered = stable_order(np.concatenate([p.elements[s] for p, s in zip(parts, mine, strict=True)]))
        owners = np.concatenate([p.parents[s] for p, s in zip(parts, mine, strict=True)])[order]
        first = changes(ordered)
        elements.append(ordered[first])
        parents.append(owners[first])
        again = np.sort(owners[~first])
        if len(again):
            space = layout.space_of[fact]
            heads = np.flatnonzero(changes(again))
            times = np.diff(heads, append=len(again)).astype(np.uint32)
            cells[space.number][np.searchsorted(keys[space.number], again[heads]), space.column(fact)] -= times
    return np.concatenate(elements), np.concatenate(parents)


def _unite_logs(layout: Layout, parts: Sequence[Tables], places: Sequence[Sequence[Ints]], last: int) -> Keys:
    """The logs of all under the united row numbers, without what no later message can reach."""
    moved = [np.zeros(0, dtype=np.uint64)]
    reach = np.array([max(last - stream.seconds, 0) for stream in layout.streams], dtype=np.int64)
    for number, part in enumerate(parts):
        logs, rows, seconds = unpack(part.recent)
        keep = seconds >= reach[logs] if len(logs) else np.zeros(0, dtype=np.bool_)
        for stream in layout.streams:
            chosen = keep & (logs == stream.number)
            space = stream.space.number
            place = places[space][number][rows[chosen] - part.bounds[space]]
            entries = part.recent[chosen] & ~(ROW_MASK << ROW_SHIFT)
            moved.append(entries | (place.astype(np.uint64) << ROW_SHIFT))
    log = np.concatenate(moved)
    log.sort()
    return log


__all__ = ["unite"]
