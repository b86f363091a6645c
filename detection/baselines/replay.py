"""As-of values of all facts for a stretch of history, as if each message had been looked up when it came.

A history too long for memory is replayed stretch by stretch, each on top of the tables of those before it.
Memory beside the result: one space at a time, about 90 bytes a value of its level. The result takes 1 to 8 bytes a fact
and value of the fact's level.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from detection.baselines.algebra import UNKNOWN, DistinctCount, Fact, FirstValue, Summary
from detection.baselines.layout import LAYOUT, Layout, Probe, salted
from detection.baselines.look_up import look_up
from detection.baselines.parts import level_of
from detection.baselines.reading import Reading
from detection.baselines.rows import lessons, rows_before
from detection.baselines.tables import Tables
from detection.baselines.timeline import Events, Timeline, changes, stable_order
from detection.baselines.values import FactValues, narrowed
from detection.keys import NO_KEY, Keys
from detection.mail.batch import Bools, Ints, Level, MessageBatch


def replay(
    batch: MessageBatch, learn: Bools | None = None, layout: Layout = LAYOUT, before: Tables | None = None
) -> FactValues:
    """The value of each fact for each message strictly before the message's second.

    `before` are the tables of what came before the batch, all of it in earlier seconds; the values are then those of a
    replay of both together.

    `batch` is sorted by time; messages of the same second do not see each other, and no message sees itself. Only
    messages where `learn` (bool[n]) is true are learned from; None: all. Raises ValueError for a batch that is not
    sorted by time, or does not begin after `before` ends.
    """
    if (batch.time[1:] < batch.time[:-1]).any():
        raise ValueError("replay needs messages sorted by time: sort the history before replaying it")
    reading = Reading(batch, learn)
    earlier = None
    if before is not None and before.messages and len(batch):
        if before.last_time >= reading.clock[0]:
            raise ValueError("what was learned before reaches into this stretch: cut history between two seconds")
        layout = before.layout
        earlier = look_up(before, batch)
    values: dict[Fact, npt.NDArray[Any]] = {}
    for probe in layout.probes:
        for fact, here in _replay(probe, reading, before).items():
            values[fact] = narrowed(
                here if earlier is None or isinstance(fact, Summary) else fact.joined(earlier[fact], here)
            )
    return FactValues({fact: values[fact] for fact in layout.facts.values()})


def _replay(probe: Probe, reading: Reading, before: Tables | None) -> dict[Fact, Ints]:
    level, filed = probe.space.level, probe.space.parts
    keys = reading.keys(filed)
    owner = reading.owner(level)
    if probe.parts == filed:
        asked = keys
        line = Timeline.of(keys, owner, None, None, reading.clock)
    else:
        asked = reading.keys(probe.parts)
        line = Timeline.of(keys, owner, asked, reading.owner(probe.level), reading.clock)
    unknown = asked == NO_KEY
    known = keys != NO_KEY
    values: dict[Fact, Ints] = {}
    for fact in probe.facts:
        learned = reading.learned(fact.where, level) & known
        if isinstance(fact, DistinctCount):
            sorted_values = fact.as_of(line.events(new_elements(fact, reading, level, before)))
        elif isinstance(fact, Summary):
            rows = rows_before(fact, line, *lessons(fact, reading, filed, keys))
            if before is not None:
                column = probe.space.column(fact)
                earlier = before.rows_of(probe.space, salted(asked[line.target], probe.space.number))
                rows = fact.merge_rows(earlier[:, column : column + fact.columns], rows)
            sorted_values = fact.read_rows(rows, line.clock[line.at])
        elif isinstance(fact, FirstValue):
            of = reading.value_at(level, fact.of, filed)
            sorted_values = first_value(line.events(learned & (of != NO_KEY)), of)
        else:
            sorted_values = fact.as_of(line.events(learned & ~line.repeated))
        out = np.empty(len(asked), dtype=np.int64)
        out[line.target] = sorted_values
        out[unknown] = UNKNOWN
        values[fact] = out
    return values


def new_elements(fact: DistinctCount, reading: Reading, level: Level, before: Tables | None = None) -> Ints:
    """For each value of a level: how many (key, value) elements it is the first to bring, and `before` has not."""
    element_keys = reading.keys(fact.element)
    element_level = level_of(fact.element)
    at = np.flatnonzero(reading.learned(fact.where, element_level) & (element_keys != NO_KEY))
    order, ordered = stable_order(element_keys[at])
    first = at[order[changes(ordered)]] if len(at) else at
    if before is not None and len(before.elements):
        first = first[~before.has_elements(fact, element_keys[first])]
    if element_level is level:
        weights = np.zeros(len(element_keys), dtype=np.int64)
        weights[first] = 1
        return weights
    return np.bincount(reading.owner(element_level)[first], minlength=len(reading.clock))


def first_value(events: Events, of: Keys) -> Ints:
    """The smallest value among the events of the key's first second, if that is earlier than the query; else 0."""
    line = events.line
    values = np.zeros(len(line.clock), dtype=np.uint64)
    values[line.learn_at] = of
    position = np.flatnonzero(events.weights)
    if not len(position):
        return np.zeros(len(line.at), dtype=np.int64)
    key = np.cumsum(line.new_key)[position]
    leads = changes(key)
    first_second = line.clock[position[leads]][np.cumsum(leads) - 1]
    largest = np.uint64(2**64 - 1)
    candidates = np.where(line.clock[position] == first_second, values[position], largest)
    smallest = np.minimum.reduceat(candidates, np.flatnonzero(leads))
    at_first = np.zeros(len(line.clock), dtype=np.uint64)
    at_first[position[leads]] = smallest
    first, some = events.first_before()
    return np.where(some, at_first[first], np.uint64(0)).view(np.int64)
