"""What arrived since the snapshot, on top of it: live values, to the bit those of a replay of the same mail.

What is learned waits until a message of a later second asks, so that messages of one second do not see each other.
The first time a key is touched its row is copied from the snapshot and from then on kept up to date here; the snapshot
is never written. `tables()` gives what came since, to be merged into the snapshot: the next one.

Mail that comes late (its time lies before what was already applied) is learned and answered like any other: it sees all
that was applied, later messages included, except for recent counts, which respect its time. A snapshot is built up to a
whole second: a message of the snapshot's own last second sees the other messages of that second.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from functools import cached_property
from itertools import count, pairwise

import numpy as np

from detection.baselines.algebra import Cells, FirstValue, Summary
from detection.baselines.layout import Stream, number_of
from detection.baselines.lesson import learn_few
from detection.baselines.look_up import look_up
from detection.baselines.merge import earlier_value, merge
from detection.baselines.parts import clock
from detection.baselines.snapshot import Snapshot
from detection.baselines.tables import Tables, bounds_of, build, empty, pack, unpack
from detection.baselines.values import FactValues
from detection.keys import Keys
from detection.mail.batch import Bools, Ints, MessageBatch

FEW = 32
"""Messages up to which all spaces are learned at once."""

_ADDED, _GREATEST, _FIRST_VALUE, _SUMMARY = range(4)


class Overlay:
    """Facts of a snapshot's tables and of everything learned since. Not safe for several threads at once."""

    def __init__(self, snapshot: Snapshot | Tables) -> None:
        self._below = snapshot if isinstance(snapshot, Tables) else snapshot.tables
        self._layout = self._below.layout
        self._pending: list[tuple[int, int, MessageBatch, Bools]] = []
        self._arrivals = count()
        self._place: dict[int, int] = {}
        self._used = 0
        self.cells: Cells = np.zeros(1024, dtype=np.uint32)
        self._since: dict[Summary, dict[int, Cells]] = {fact: {} for fact in self._layout.summaries}
        """Rows of summaries from what came since alone: from `cells`, the snapshot's share cannot be taken off."""
        self._elements: dict[int, int] = {}
        self._times: dict[tuple[int, int], list[int]] = {}
        self._messages = 0
        self._first_time = 0
        self._last_time = 0

    def learn(self, batch: MessageBatch, learn: Bools | None = None) -> None:
        """Takes note of messages; those where `learn` is false leave no trace. Seen by messages of later seconds."""
        mask = np.ones(len(batch), dtype=np.bool_) if learn is None else np.asarray(learn, dtype=np.bool_)
        if len(mask) != len(batch):
            raise ValueError(f"learn has {len(mask)} values for {len(batch)} messages")
        seconds = clock(batch)
        cuts = np.flatnonzero(seconds[1:] < seconds[:-1]) + 1
        edges = [0, *cuts.tolist(), len(batch)]
        for start, stop in pairwise(edges):
            if mask[start:stop].any():
                self._wait(batch.take(start, stop), mask[start:stop])

    def look_up(self, batch: MessageBatch) -> FactValues:
        """Every fact's value for every message of the batch, from all that was learned before its second."""
        seconds = clock(batch)
        pieces = []
        start = 0
        while start < len(batch):
            self._apply_before(int(seconds[start]))
            stop = len(batch)
            if self._pending:
                # What waits is seen by the first message of a later second: everything before that one goes together.
                later = np.flatnonzero(seconds[start:] > self._pending[0][0])
                stop = start + int(later[0]) if len(later) else stop
            pieces.append(look_up(self._below, batch if stop - start == len(batch) else batch.take(start, stop), self))
            start = stop
        if len(pieces) == 1:
            return pieces[0]
        if not pieces:
            return look_up(self._below, batch, self)
        return FactValues({fact: np.concatenate([p[fact] for p in pieces]) for fact in self._layout.facts.values()})

    def tables(self) -> Tables:
        """What came since, what still waits included: to be merged into the tables this lies on, and into no others.

        (Its first and last times count in what the snapshot has; merging is idempotent in those.)
        """
        since = self._applied()
        for _, _, batch, learn in sorted(self._pending, key=lambda entry: entry[:2]):
            since = merge(since, build(batch, learn, self._layout))
        return since

    # --- what `look_up` asks of it -------------------------------------------------------------------------------

    def places(self, keys: Keys) -> Ints:
        """First cell of each salted key in `cells`; -1 where the snapshot's row stands."""
        place = self._place
        return np.array([place.get(key, -1) for key in keys.tolist()], dtype=np.int64)

    def count(self, stream: Stream, key: int, since: int, until: int) -> int:
        """Times of a log under a salted key from second `since` to before second `until`."""
        times = self._times.get((stream.number, key))
        return bisect_left(times, until) - bisect_left(times, since) if times else 0

    # --- learning ------------------------------------------------------------------------------------------------

    def _wait(self, batch: MessageBatch, learn: Bools) -> None:
        """Queues messages whose time does not go backwards."""
        heapq.heappush(self._pending, (int(clock(batch)[0]), next(self._arrivals), batch, learn))

    def _apply_before(self, second: int) -> None:
        while self._pending and self._pending[0][0] < second:
            _, _, batch, learn = heapq.heappop(self._pending)
            stop = int(np.searchsorted(clock(batch), second))
            if stop < len(batch):
                self._wait(batch.take(stop, len(batch)), learn[stop:])
                batch, learn = batch.take(0, stop), learn[:stop]
            few = len(batch) <= FEW
            self._apply(learn_few(batch, learn, self._layout) if few else build(batch, learn, self._layout))

    def _apply(self, new: Tables) -> None:
        if not new.messages:
            return
        self._first_time = min(self._first_time or new.first_time, new.first_time)
        self._last_time = max(self._last_time, new.last_time)
        self._messages += new.messages
        self._make_room(new.keys)
        places = self.places(new.keys)
        spaces = number_of(new.keys).astype(np.int64)
        widths = self._widths[spaces]
        row_starts = np.cumsum(widths) - widths
        column = np.arange(len(new.cells)) - np.repeat(row_starts, widths)
        at = np.repeat(places, widths) + column
        kind = self._kinds[np.repeat(self._kind_starts[spaces], widths) + column]
        for which, merge_cells in ((_ADDED, np.add), (_GREATEST, np.maximum)):
            mine = np.flatnonzero(kind == which)
            self.cells[at[mine]] = merge_cells(self.cells[at[mine]], new.cells[mine])
        mine = np.flatnonzero(kind == _FIRST_VALUE)
        if len(mine):
            threes = at[mine].reshape(-1, 3)
            self.cells[threes] = earlier_value(self.cells[threes], new.cells[mine].reshape(-1, 3))
        for fact in self._layout.summaries:
            self._apply_summary(fact, new, places)
        self._apply_elements(new)
        logs, rows, seconds = unpack(new.recent)
        for log, key, second in zip(logs.tolist(), new.keys[rows].tolist(), seconds.tolist(), strict=True):
            insort(self._times.setdefault((log, key), []), second)

    def _make_room(self, keys: Keys) -> None:
        """Gives each key that is new here its row, copied from the snapshot where that has one."""
        fresh = keys[self.places(keys) < 0]
        if not len(fresh):
            return
        spaces = number_of(fresh).astype(np.int64)
        widths = self._widths[spaces]
        places = self._used + np.concatenate(([0], np.cumsum(widths)))
        self._used = int(places[-1])
        if self._used > len(self.cells):
            grown = np.zeros(max(self._used, 2 * len(self.cells)), dtype=np.uint32)
            grown[: len(self.cells)] = self.cells
            self.cells = grown
        self._place.update(zip(fresh.tolist(), places[:-1].tolist(), strict=True))
        below = self._below
        if len(below.keys):
            rows = np.searchsorted(below.keys, fresh)
            known = np.flatnonzero(below.keys.take(rows, mode="clip") == fresh)
            widths = widths[known]
            column = np.arange(int(widths.sum())) - np.repeat(np.cumsum(widths) - widths, widths)
            source = below.row_origins[spaces[known]] + rows[known] * widths
            into = np.repeat(places[known], widths) + column
            self.cells[into] = below.cells[np.repeat(source, widths) + column]

    def _apply_summary(self, fact: Summary, new: Tables, places: Ints) -> None:
        space = self._layout.space_of[fact]
        column = space.column(fact)
        rows = new.matrix(space)[:, column : column + fact.columns]
        mine = slice(int(new.bounds[space.number]), int(new.bounds[space.number + 1]))
        at = places[mine][:, None] + np.arange(column, column + fact.columns)
        self.cells[at] = fact.merge_rows(self.cells[at], rows)
        since = self._since[fact]
        keys = new.keys[mine].tolist()
        nothing = np.zeros(fact.columns, dtype=np.uint32)
        earlier = np.array([since.get(key, nothing) for key in keys], dtype=np.uint32).reshape(-1, fact.columns)
        since.update(zip(keys, fact.merge_rows(earlier, rows), strict=True))

    def _apply_elements(self, new: Tables) -> None:
        """Elements that were there before were counted again with their rows: they are taken off, the others kept."""
        known = np.array([element in self._elements for element in new.elements.tolist()], dtype=np.bool_)
        if len(self._below.elements):
            at = np.searchsorted(self._below.elements, new.elements)
            known |= self._below.elements.take(at, mode="clip") == new.elements
        self._elements.update(zip(new.elements[~known].tolist(), new.parents[~known].tolist(), strict=True))
        if known.any():
            columns = self._distinct_columns[number_of(new.elements[known]).astype(np.int64)]
            np.subtract.at(self.cells, self.places(new.parents[known]) + columns, np.uint32(1))

    @cached_property
    def _widths(self) -> Ints:
        """Cells a row of each space."""
        return np.array([space.width for space in self._layout.spaces], dtype=np.int64)

    @cached_property
    def _kind_starts(self) -> Ints:
        """Where the columns of each space begin in `_kinds`."""
        return np.cumsum(self._widths) - self._widths

    @cached_property
    def _kinds(self) -> Ints:
        """How each column of each space merges."""
        kinds: list[int] = []
        for space in self._layout.spaces:
            for fact in space.facts:
                plain = _ADDED if fact.merge is np.add else _GREATEST
                kind = _SUMMARY if isinstance(fact, Summary) else plain
                kinds += [_FIRST_VALUE if isinstance(fact, FirstValue) else kind] * fact.columns
        return np.array(kinds, dtype=np.int64)

    @cached_property
    def _distinct_columns(self) -> Ints:
        """Column of each distinct count within its row."""
        space_of = self._layout.space_of
        return np.array([space_of[fact].column(fact) for fact in self._layout.distinct], dtype=np.int64)

    # --- what came since, as tables ------------------------------------------------------------------------------

    def _applied(self) -> Tables:
        if not self._messages:
            return empty(self._layout)
        keys = np.array(sorted(self._place), dtype=np.uint64)
        places = self.places(keys)
        bounds = bounds_of(keys, self._layout)
        cells = []
        for space in self._layout.spaces:
            mine = slice(int(bounds[space.number]), int(bounds[space.number + 1]))
            rows = self.cells[places[mine][:, None] + np.arange(space.width)]
            below = self._below.rows_of(space, keys[mine])
            for fact in space.facts:
                column = space.column(fact)
                if isinstance(fact, Summary):
                    nothing = np.zeros(fact.columns, dtype=np.uint32)
                    since = [self._since[fact].get(key, nothing) for key in keys[mine].tolist()]
                    if since:
                        rows[:, column : column + fact.columns] = since
                elif fact.merge is np.add and fact.columns:
                    rows[:, column] -= below[:, column]
            cells.append(rows.reshape(-1))
        elements = np.array(sorted(self._elements), dtype=np.uint64)
        row_of = dict(zip(keys.tolist(), range(len(keys)), strict=True))
        log = []
        for (number, key), times in self._times.items():
            reachable = times[bisect_left(times, self._last_time - self._layout.streams[number].seconds) :]
            log.append(pack(number, np.full(len(reachable), row_of[key]), np.array(reachable, dtype=np.uint32)))
        return Tables(
            keys=keys,
            cells=np.concatenate(cells),
            elements=elements,
            parents=np.array([self._elements[element] for element in elements.tolist()], dtype=np.uint64),
            recent=np.sort(np.concatenate([*log, np.zeros(0, dtype=np.uint64)])),
            bounds=bounds,
            messages=self._messages,
            first_time=self._first_time,
            last_time=self._last_time,
            layout=self._layout,
        )
