"""What each fact means, the slow obvious way: lists and sets, one message after the other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import log

import numpy as np

from detection.baselines.algebra import Count, DistinctCount, Fact, First, FirstValue, Last, Recent, Summary
from detection.baselines.parts import Part, level_of, read
from detection.baselines.summaries import DecayedCount, Rate, SketchedCount, TopValues
from detection.mail.batch import Level, MessageBatch

DAY = 86_400

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
        case DecayedCount():
            step = fact.half_life // 2
            ages = [now // step - second // step for _, second in {(m, second) for m, second, _ in earlier}]
            return sum(round(1024 * 0.5 ** (age / 2)) for age in ages if age < 12)
        case Rate():
            messages = {(message, second) for message, second, _ in earlier}
            since = max(now - min((second for _, second in messages), default=0), DAY)
            return len(messages) * DAY * 1000 // since
        case SketchedCount():
            return _about({value for _, _, value in earlier if value})
        case TopValues():
            times = Counter(_mixed(value) % 32_767 + 1 for _, value in {(m, v) for m, _, v in earlier if v})
            kept = sorted(sorted(times, reverse=True)[:16], key=lambda seen: (-times[seen], -seen))
            return sum(seen << 16 * place for place, seen in enumerate(kept[:4])) + (len(times) >= 16) * 2**15
        case Count():
            return len({message for message, _, _ in earlier})
    raise AssertionError(f"no slow meaning for {type(fact).__name__}")


def _about(values: set[int]) -> int:
    """HyperLogLog of 64 registers: the top 6 bits choose one, the next 32 bits have the rank."""
    registers = [0] * 64
    for value in values:
        bits = f"{_mixed(value):064b}"
        rank = len(bits[6:38]) - len(bits[6:38].lstrip("0")) + 1
        registers[int(bits[:6], 2)] = max(registers[int(bits[:6], 2)], rank)
    estimate = 0.709 * 64**2 / sum(0.5**rank for rank in registers)
    empty = registers.count(0)
    return round(64 * log(64 / empty) if estimate <= 160 and empty else estimate)


def _mixed(value: int) -> int:
    """The finaliser of splitmix64, in whole numbers."""
    value = (value + 0x9E3779B97F4A7C15) % 2**64
    value = (value ^ value >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    value = (value ^ value >> 27) * 0x94D049BB133111EB % 2**64
    return value ^ value >> 31


def _lessons(fact: Fact, batch: MessageBatch) -> Iterator[Lesson]:
    """(message, key, value) of everything the fact could learn."""
    filed = list(_values(fact.learned_under, batch))
    if not isinstance(fact, DistinctCount | FirstValue | Summary) or fact.of is None:
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
