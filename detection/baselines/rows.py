"""Rows of several cells: what messages teach a `Summary`, merged by key, or up to a moment.

Any associative merge will do: many rows become one by halves, and the row as of each message comes from doubling steps
(Hillis and Steele 1986), so that no loop runs over messages. Memory: about three times the lifted rows.
"""

from __future__ import annotations

import numpy as np

from detection.baselines.algebra import Cells, Summary
from detection.baselines.parts import Part, level_of
from detection.baselines.reading import Reading
from detection.baselines.timeline import Timeline, changes
from detection.keys import NO_KEY, Keys
from detection.mail.batch import Bools, Ints


def lessons(fact: Summary, reading: Reading, filed: tuple[Part, ...], keys: Keys) -> tuple[Ints, Cells]:
    """What a batch teaches a summary that is filed under `filed`, whose keys are `keys`: for each lesson the value of
    that level that it belongs to, in ascending order (int64[n]), and its row (uint32[n, columns])."""
    level = level_of(filed)
    deep = level if fact.of is None else level_of((*filed, fact.of))
    at = np.arange(len(keys)) if deep is level else reading.owner(deep)
    owner = reading.owner(deep)
    taught = reading.learned(fact.where, deep) & (keys[at] != NO_KEY)
    if fact.of is None:
        values = np.zeros(len(at), dtype=np.uint64)
    else:
        values = np.ascontiguousarray(fact.of.read(reading.batch))
        if fact.of.level is not deep:
            values = values[owner]
        taught &= values != NO_KEY
    chosen = np.flatnonzero(taught)
    if fact.of is not None or len(owner) != len(reading.clock):
        # A message counts once for each different key and value.
        order = np.lexsort((values[chosen], keys[at[chosen]], owner[chosen]))
        ordered = chosen[order]
        new = changes(owner[ordered]) | changes(keys[at[ordered]]) | changes(values[ordered])
        chosen = np.sort(ordered[new])
    return at[chosen], fact.lift_rows(reading.clock[owner[chosen]], values[chosen])


def reduced(fact: Summary, groups: Ints, rows: Cells) -> tuple[Ints, Cells]:
    """The rows of each group as one: `groups` (int64[n], ascending) without repetition, and uint32[groups, columns]."""
    while len(groups):
        new = changes(groups)
        if new.all():
            break
        place = np.arange(len(groups)) - np.flatnonzero(new)[np.cumsum(new) - 1]
        stays = place % 2 == 0
        paired = np.flatnonzero(stays[:-1] & ~new[1:])
        rows = rows.copy()
        rows[paired] = fact.merge_rows(rows[paired], rows[paired + 1])
        groups, rows = groups[stays], rows[stays]
    return groups, rows


def rows_before(fact: Summary, line: Timeline, learned_at: Ints, rows: Cells) -> Cells:
    """The row as of each query of a time line, in sorted order of the queries: uint32[queries, columns].

    `learned_at` numbers the learning instances that the rows belong to.
    """
    out = np.zeros((len(line.at), fact.columns), dtype=np.uint32)
    if not len(rows):
        return out
    position = line.learn_at[learned_at]
    order = np.argsort(position, kind="stable")
    position, rows = reduced(fact, position[order], rows[order])
    key = np.cumsum(line.new_key)[position]
    rows = _running(fact, changes(key), rows)
    present = np.zeros(len(line.clock) + 1, dtype=np.int64)
    present[position + 1] = 1
    counts = np.cumsum(present)
    here = counts[line.before]
    some = here > counts[line.start]
    out[some] = rows[here[some] - 1]
    return out


def _running(fact: Summary, new_key: Bools, rows: Cells) -> Cells:
    """Each row with all earlier ones of its key."""
    place = np.arange(len(rows)) - np.flatnonzero(new_key)[np.cumsum(new_key) - 1]
    longest, step = int(place.max()) + 1, 1
    while step < longest:
        at = np.flatnonzero(place >= step)
        rows_after = rows.copy()
        rows_after[at] = fact.merge_rows(rows[at - step], rows[at])
        rows = rows_after
        step *= 2
    return rows
