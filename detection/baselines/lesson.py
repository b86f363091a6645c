"""What a few messages teach, as tables: the same bytes as the bulk build, all spaces at once.

The bulk build goes space by space, which bounds its memory but costs thousands of numpy calls; live mail is learned one
message at a time, where the calls are all that costs. As in a look-up, what depends only on how many recipients, links
... a message has (rounded up) is worked out once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from detection.baselines.algebra import Cells, DistinctCount, Fact, FirstValue, Recent, Summary
from detection.baselines.layout import SALT_BITS, SALT_SHIFT, Layout, salted
from detection.baselines.parts import Part, Where, clock, level_of
from detection.baselines.plan import PLANS_KEPT, KeyPlan, Owners, owners_of, owners_of_one, rounded, sizes_of_one
from detection.baselines.reading import Reading
from detection.baselines.rows import lessons, reduced
from detection.baselines.tables import LOG_SHIFT, Tables, bounds_of, empty, pack, put_value
from detection.keys import NO_KEY, Keys
from detection.mail.batch import Bools, Ints, MessageBatch

Piece = tuple[Ints, Ints, int, int, int, Ints | int]
"""The values of one fact, as the columns of `Instances`."""


@dataclass(frozen=True, eq=False)
class Instances:
    """Values that teach facts: the key each is filed under, and which fact's which cell it goes to."""

    key: Ints
    message: Ints
    where: Ints
    space: Ints
    column: Ints
    extra: Ints
    """By kind: the sign of a time, the log and its reach, the element's key, the value's key."""

    @classmethod
    def join(cls, pieces: Sequence[Piece]) -> Instances:
        """From pieces in a row; a number stands for all values of its piece."""
        keys, messages, wheres, spaces, columns, extras = zip(*pieces, strict=True) if pieces else [()] * 6
        sizes = [len(key) for key in keys]
        extra = _repeated(extras, sizes) if all(isinstance(one, int) for one in extras) else _joined(extras)
        where, space, column = (_repeated(numbers, sizes) for numbers in (wheres, spaces, columns))
        return cls(_joined(keys), _joined(messages), where, space, column, extra)


@dataclass(frozen=True, eq=False)
class LessonPlan:
    """Index arrays over the keys of all spaces, then of all elements, then the values of `FirstValue`s."""

    key_plan: KeyPlan
    salts: Keys
    shift: Keys
    """How far each key gives way to its salt: not at all for values."""
    key_message: Ints
    wheres: tuple[Where, ...]
    widths: Ints
    all: Instances
    """Every value of every fact at the level it is filed: which rows there are."""
    counts: slice
    """Those of `all` that are added up."""
    times: slice
    """Those of `all` of which the greatest stays."""
    logs: slice
    """Those of `all` that go to a log; once a log."""
    elements: Instances
    values: Instances


def learn_few(batch: MessageBatch, learn: Bools, layout: Layout) -> Tables:
    """The tables of the messages where `learn` is true."""
    if not learn.any():
        return empty(layout)
    plan = _plan_for(layout, batch)
    seconds = clock(batch)
    raw = plan.key_plan.keys(batch)
    known = raw != NO_KEY
    keys = (raw >> plan.shift) | plan.salts
    holds = np.stack([where.holds(batch) for where in plan.wheres])
    holds &= learn

    taught = holds[plan.all.where, plan.all.message] & known[plan.all.key]
    present = np.zeros(len(keys), dtype=np.bool_)
    present[plan.all.key[taught]] = True
    used = np.flatnonzero(present)
    rows, number = np.unique(keys[used], return_inverse=True)
    row = np.zeros(len(keys), dtype=np.int64)
    row[used] = number
    # A message counts once under a key, however many of its values have that key.
    taught &= _first_of_message(row, used, plan.key_message, len(batch))[plan.all.key]

    bounds = bounds_of(rows, layout)
    starts = np.concatenate(([0], np.cumsum(np.diff(bounds) * plan.widths)))
    origins = starts[:-1] - bounds[:-1] * plan.widths
    cells = np.zeros(int(starts[-1]), dtype=np.uint32)

    def cell(which: Instances, chosen: Ints) -> Ints:
        space = which.space[chosen]
        at: Ints = origins[space] + row[which.key[chosen]] * plan.widths[space] + which.column[chosen]
        return at

    chosen = _within(taught, plan.counts)
    np.add.at(cells, cell(plan.all, chosen), np.uint32(1))
    chosen = _within(taught, plan.times)
    lifted = seconds[plan.all.message[chosen]] * plan.all.extra[chosen].astype(np.uint32)
    np.maximum.at(cells, cell(plan.all, chosen), lifted)

    which = plan.elements
    chosen = np.flatnonzero(holds[which.where, which.message] & known[which.extra])
    elements, first = np.unique(keys[which.extra[chosen]], return_index=True)
    chosen = chosen[first]
    np.add.at(cells, cell(which, chosen), np.uint32(1))

    which = plan.values
    valued = np.flatnonzero(holds[which.where, which.message] & known[which.key] & known[which.extra])
    if len(valued):
        _first_values(cells, cell(which, valued), seconds[which.message[valued]], raw[which.extra[valued]])

    if layout.summaries:
        reading = Reading(batch, learn)
        for fact in layout.summaries:
            _summarise(fact, cells, layout, reading, rows, origins)

    seen = seconds[learn]
    last = int(seen.max())
    logged = _within(taught, plan.logs)
    log, reach = np.divmod(plan.all.extra[logged], 2**32)
    when = seconds[plan.all.message[logged]]
    near = when >= np.maximum(last - reach, 0)
    entries = pack_all(log[near], row[plan.all.key[logged[near]]], when[near])
    return Tables(
        keys=rows,
        cells=cells,
        elements=elements,
        parents=keys[plan.elements.key[chosen]],
        recent=np.sort(entries),
        bounds=bounds,
        messages=int(np.count_nonzero(learn)),
        first_time=int(seen.min()),
        last_time=last,
        layout=layout,
    )


def _within(taught: Bools, part: slice) -> Ints:
    at: Ints = np.flatnonzero(taught[part])
    at += part.start
    return at


def _first_of_message(row: Ints, used: Ints, key_message: Ints, messages: int) -> Bools:
    """Which keys are the first of their row in their message."""
    first = np.zeros(len(row), dtype=np.bool_)
    _, index = np.unique(row[used] * messages + key_message[used], return_index=True)
    first[used[index]] = True
    return first


def _first_values(cells: Cells, at: Ints, seconds: Cells, values: Keys) -> None:
    order = np.lexsort((values, seconds, at))
    _, first = np.unique(at[order], return_index=True)
    chosen = order[first]
    three = np.empty((len(chosen), 3), dtype=np.uint32)
    put_value(three, np.negative(seconds[chosen]), values[chosen])
    cells[at[chosen][:, None] + np.arange(3)] = three


def _summarise(fact: Summary, cells: Cells, layout: Layout, reading: Reading, rows: Keys, origins: Ints) -> None:
    space = layout.space_of[fact]
    keys = reading.keys(space.parts)
    lesson_at, lifted = lessons(fact, reading, space.parts, keys)
    filed = np.searchsorted(rows, salted(keys[lesson_at], space.number))
    order = np.argsort(filed, kind="stable")
    taught, summed = reduced(fact, filed[order], lifted[order])
    starts = origins[space.number] + taught * space.width + space.column(fact)
    cells[starts[:, None] + np.arange(fact.columns)] = summed


def pack_all(logs: Ints, rows: Ints, seconds: Cells) -> Keys:
    """Entries of several logs of recent times."""
    return pack(0, rows, seconds) | (logs.astype(np.uint64) << LOG_SHIFT)


def _plan_for(layout: Layout, batch: MessageBatch) -> LessonPlan:
    if len(batch) != 1:
        return _plan(layout, owners_of(batch))
    sizes = sizes_of_one(batch)
    shape = rounded(sizes)
    return _plan(layout, owners_of_one(sizes)) if shape is None else _kept(layout, shape)


@lru_cache(maxsize=PLANS_KEPT)
def _kept(layout: Layout, shape: tuple[int, ...]) -> LessonPlan:
    return _plan(layout, owners_of_one(shape))


def _plan(layout: Layout, owners: Owners) -> LessonPlan:
    wheres = tuple({fact.where.name: fact.where for fact in layout.facts.values()}.values())
    where_at = {where.name: i for i, where in enumerate(wheres)}
    firsts = [fact for fact in layout.facts.values() if isinstance(fact, FirstValue)]
    # What is asked for, with its salt and how far it gives way to it.
    asked: list[tuple[tuple[Part, ...], object, int]] = []
    asked += [(space.parts, space, space.number) for space in layout.spaces]
    asked += [(fact.element, fact, number) for number, fact in enumerate(layout.distinct)]
    asked += [((fact.of,), fact, 0) for fact in firsts]
    asked.sort(key=lambda entry: len(entry[0]))
    key_plan = KeyPlan.of([parts for parts, _, _ in asked], owners)
    start = {whose: at for (_, whose, _), at in zip(asked, key_plan.starts, strict=True)}
    levels = [level_of(parts) for parts, _, _ in asked]
    sizes = [len(owners[level]) for level in levels]
    salted = [not isinstance(whose, FirstValue) for _, whose, _ in asked]

    def at_own_level(fact: Fact, extra: int) -> Piece:
        space = layout.space_of[fact]
        own = owners[space.level]
        column = space.column(fact)
        return start[space] + np.arange(len(own)), own, where_at[fact.where.name], space.number, column, extra

    def at_level_of_value(fact: DistinctCount | FirstValue) -> Piece:
        space = layout.space_of[fact]
        deep = level_of((*space.parts, fact.of))
        own = owners[deep]
        key = start[space] + (np.arange(len(own)) if space.level is deep else own)
        # An element's key is of the deep level; a value is of its own.
        value_level = deep if isinstance(fact, DistinctCount) else fact.of.level
        value = start[fact] + (np.arange(len(own)) if value_level is deep else own)
        return key, own, where_at[fact.where.name], space.number, space.column(fact), value

    plain = [f for f in layout.facts.values() if not isinstance(f, DistinctCount | FirstValue | Recent | Summary)]
    counts = [at_own_level(fact, 0) for fact in plain if fact.merge is np.add]
    times = [at_own_level(fact, fact.sign) for fact in plain if fact.merge is np.maximum]
    logs = [at_own_level(stream.facts[0], stream.number * 2**32 + stream.seconds) for stream in layout.streams]
    rest = [at_own_level(fact, 0) for fact in (*layout.distinct, *firsts, *layout.summaries)]
    edges = np.cumsum([0, *(sum(len(piece[0]) for piece in pieces) for pieces in (counts, times, logs))]).tolist()
    return LessonPlan(
        key_plan=key_plan,
        salts=_repeated([number for _, _, number in asked], sizes).astype(np.uint64) << SALT_SHIFT,
        shift=_repeated([SALT_BITS if gives_way else 0 for gives_way in salted], sizes).astype(np.uint64),
        key_message=np.concatenate([owners[level] for level in levels]),
        wheres=wheres,
        widths=np.array([space.width for space in layout.spaces], dtype=np.int64),
        all=Instances.join(counts + times + logs + rest),
        counts=slice(edges[0], edges[1]),
        times=slice(edges[1], edges[2]),
        logs=slice(edges[2], edges[3]),
        elements=Instances.join([at_level_of_value(fact) for fact in layout.distinct]),
        values=Instances.join([at_level_of_value(fact) for fact in firsts]),
    )


def _repeated(values: Sequence[int], sizes: Sequence[int]) -> Ints:
    return np.repeat(np.array(values, dtype=np.int64), sizes)


def _joined(arrays: Sequence[Ints]) -> Ints:
    return np.concatenate(arrays) if arrays else np.zeros(0, dtype=np.int64)
