"""What each fact means, the slow obvious way: lists and sets, one message after the other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from detection.baselines.algebra import Count, DistinctCount, Fact, First, FirstValue, Last, Recent
from detection.baselines.parts import Part, level_of, read
from detection.mail.batch import Level, MessageBatch

Lesson = tuple[int, int, int]
"""Message, second, value (0 where the fact has no `of`)."""


def slow_replay(batch: MessageBatch, learn: np.ndarray, facts: dict[str, Fact]) -> dict[Fact, np.ndarray]:
    """The value of every fact, as `detection.baselines.replay.replay` has to give them."""
    return {fact: _replay(fact, batch, learn) for fact in facts.values()}


def _replay(fact: Fact, batch: MessageBatch, learn: np.ndarray) -> np.ndarray:
    seconds = [min(max(int(time), 1), 2**32 - 1) for time in batch.time]
    lessons: dict[int, list[Lesson]] = {}
    lets_in = fact.where.holds(batch)
    for message, key, value in _lessons(fact, batch):
        if learn[message] and lets_in[message] and key:
            lessons.setdefault(key, []).append((message, seconds[message], value))
    values = []
    for message, key in _values(fact.key, batch):
        if key:
            earlier = [lesson for lesson in lessons.get(key, []) if lesson[1] < seconds[message]]
            values.append(_value(fact, earlier, seconds[message]))
        else:
            values.append(-1)
    return np.array(values, dtype=np.int64)


def _value(fact: Fact, earlier: list[Lesson], now: int) -> int:
    match fact:
        case Recent():
            return len({message for message, second, _ in earlier if second >= now - fact.seconds})
        case DistinctCount():
            return len({value for _, _, value in earlier if value})
        case FirstValue():
            first = min(((second, value) for _, second, value in earlier if value), default=(0, 0))
            return int(np.uint64(first[1]).astype(np.int64))
        case First():
            return min((second for _, second, _ in earlier), default=0)
        case Last():
            return max((second for _, second, _ in earlier), default=0)
        case Count():
            return len({message for message, _, _ in earlier})
    raise AssertionError(f"no slow meaning for {type(fact).__name__}")


def _lessons(fact: Fact, batch: MessageBatch) -> Iterator[Lesson]:
    """(message, key, value) of everything the fact could learn."""
    filed = list(_values(fact.learned_under, batch))
    if not isinstance(fact, DistinctCount | FirstValue):
        yield from ((message, key, 0) for message, key in filed)
        return
    of = list(_values((fact.of,), batch))
    if fact.of.level is level_of(fact.learned_under):
        yield from ((message, key, value) for (message, key), (_, value) in zip(filed, of, strict=True))
    else:
        # One of the two levels is MESSAGE: every key of a message meets every value of it.
        yield from ((m, key, value) for m, key in filed for owner, value in of if owner == m)


def _values(parts: tuple[Part, ...], batch: MessageBatch) -> Iterator[tuple[int, int]]:
    """(message, key) of every value."""
    level = level_of(parts)
    owners = range(len(batch)) if level is Level.MESSAGE else batch.owner(level).tolist()
    yield from zip(owners, read(parts, batch).tolist(), strict=True)
