"""As-of values of all facts for messages that are not part of history, as if each had come at its own time.

What rehearsed attacks are judged by: the same values as a replay of history with them among it would give, at a fraction
of its cost, since only what shares a key with one of them is put in order.
"""

from __future__ import annotations

import numpy as np

from detection.baselines.algebra import UNKNOWN, DistinctCount, Fact, FirstValue, Summary
from detection.baselines.layout import LAYOUT, Layout, Probe
from detection.baselines.parts import clock, level_of
from detection.baselines.reading import Reading
from detection.baselines.replay import first_value
from detection.baselines.rows import lessons, rows_before
from detection.baselines.timeline import Clock, Timeline, changes, stable_order
from detection.baselines.values import FactValues
from detection.keys import NO_KEY, Keys
from detection.mail.batch import Bools, Ints, Level, MessageBatch


def facts_for(
    asked: MessageBatch, history: MessageBatch, learn: Bools | None = None, layout: Layout = LAYOUT
) -> FactValues:
    """The value of each fact for each of `asked`, from the messages of `history` strictly before its second.

    Both are sorted by time; ValueError otherwise. `asked` leave no trace: they see neither each other nor themselves.
    `learn` as in `detection.baselines.replay.replay`.
    """
    for what, batch in (("history", history), ("the messages asked for", asked)):
        if (batch.time[1:] < batch.time[:-1]).any():
            raise ValueError(f"facts as of a time need {what} sorted by time")
    asking = _Asking(Reading(asked, None), Reading(history, learn))
    values: dict[Fact, Ints] = {}
    for probe in layout.probes:
        values.update(asking.values(probe))
    return FactValues({fact: values[fact] for fact in layout.facts.values()})


class _Asking:
    """Messages that ask and messages that teach, on one clock."""

    def __init__(self, asked: Reading, taught: Reading) -> None:
        self.asked, self.taught = asked, taught
        ours, theirs = clock(asked.batch), clock(taught.batch)
        self.asked_at = np.arange(len(ours)) + np.searchsorted(theirs, ours, side="left")
        self.taught_at = np.arange(len(theirs)) + np.searchsorted(ours, theirs, side="right")
        self.clock: Clock = np.empty(len(ours) + len(theirs), dtype=np.uint32)
        self.clock[self.asked_at], self.clock[self.taught_at] = ours, theirs

    def values(self, probe: Probe) -> dict[Fact, Ints]:
        """Of the facts that one key asks for: int64 aligned with the probe's level in `asked`."""
        level, filed = probe.space.level, probe.space.parts
        asked_keys = self.asked.keys(probe.parts)
        keys = self.taught.keys(filed)
        kept = _among(keys, asked_keys)
        line = Timeline.of(
            keys[kept],
            self.taught_at[self.taught.owner(level)[kept]],
            asked_keys,
            self.asked_at[self.asked.owner(probe.level)],
            self.clock,
        )
        found: dict[Fact, Ints] = {}
        for fact in probe.facts:
            if isinstance(fact, DistinctCount):
                in_order = fact.as_of(line.events(self._new_elements(fact, level, kept)[kept]))
            elif isinstance(fact, Summary):
                lesson_at, rows = lessons(fact, self.taught, filed, keys)
                mine = kept[lesson_at]
                number = np.cumsum(kept) - 1
                rows = rows_before(fact, line, number[lesson_at[mine]], rows[mine])
                in_order = fact.read_rows(rows, line.clock[line.at])
            else:
                learned = self.taught.learned(fact.where, level)[kept]
                if isinstance(fact, FirstValue):
                    of = self.taught.value_at(level, fact.of, filed)[kept]
                    in_order = first_value(line.events(learned & (of != NO_KEY)), of)
                else:
                    in_order = fact.as_of(line.events(learned & ~line.repeated))
            out = np.empty(len(asked_keys), dtype=np.int64)
            out[line.target] = in_order
            out[asked_keys == NO_KEY] = UNKNOWN
            found[fact] = out
        return found

    def _new_elements(self, fact: DistinctCount, level: Level, kept: Bools) -> Ints:
        """`detection.baselines.replay.new_elements`, looking at the kept keys' elements only."""
        taught, element_level = self.taught, level_of(fact.element)
        elements = taught.keys(fact.element)
        wanted = kept if element_level is level else kept[taught.owner(element_level)]
        at = np.flatnonzero(wanted & taught.learned(fact.where, element_level) & (elements != NO_KEY))
        order, ordered = stable_order(elements[at])
        first = at[order[changes(ordered)]] if len(at) else at
        if element_level is level:
            weights = np.zeros(len(elements), dtype=np.int64)
            weights[first] = 1
            return weights
        return np.bincount(taught.owner(element_level)[first], minlength=len(taught.clock))


def _among(keys: Keys, asked: Keys) -> Bools:
    """Which keys are asked for. A binary search among few is faster than any sort of many."""
    distinct = np.unique(asked[asked != NO_KEY])
    if not len(distinct):
        return np.zeros(len(keys), dtype=np.bool_)
    at = np.minimum(np.searchsorted(distinct, keys), len(distinct) - 1)
    return np.asarray(distinct[at] == keys, dtype=np.bool_)
