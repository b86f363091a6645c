"""A batch as facts read it: each condition evaluated once, keys made where they are needed."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from detection.baselines.parts import Part, Where, clock, level_of, read
from detection.keys import NO_KEY, Keys
from detection.mail.batch import Bools, Ints, Level, MessageBatch


class Reading:
    """Keys and conditions of one batch. `learn` marks the messages that may leave a trace; None: all of them."""

    def __init__(self, batch: MessageBatch, learn: Bools | None) -> None:
        if learn is not None and len(learn) != len(batch):
            raise ValueError(f"learn has {len(learn)} values for {len(batch)} messages")
        self.batch = batch
        self.clock = clock(batch)
        self.learn = np.ones(len(batch), dtype=np.bool_) if learn is None else np.asarray(learn, dtype=np.bool_)
        self._held: dict[str, Bools] = {}

    def keys(self, parts: tuple[Part, ...]) -> Keys:
        """The key made of these parts, at their level."""
        return np.ascontiguousarray(read(parts, self.batch))

    def owner(self, level: Level) -> Ints:
        """The message of each value of a level."""
        return np.arange(len(self.batch)) if level is Level.MESSAGE else self.batch.owner(level)

    def spread(self, level: Level, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Values of messages, repeated for each value of a level."""
        return values if level is Level.MESSAGE else values[self.batch.owner(level)]

    def learned(self, where: Where, level: Level) -> Bools:
        """Which values of a level belong to messages that the condition lets in and that may be learned from."""
        if where.name not in self._held:
            self._held[where.name] = self.learn & where.holds(self.batch)
        return self.spread(level, self._held[where.name])

    def value_at(self, level: Level, of: Part, parts: tuple[Part, ...]) -> Keys:
        """`of` for each value of a level: its own, its message's, or the smallest that its message has."""
        values = np.ascontiguousarray(of.read(self.batch))
        if of.level is level:
            return values
        if of.level is Level.MESSAGE:
            return self.spread(level, values)
        level_of((*parts, of))
        largest = np.uint64(2**64 - 1)
        smallest = self.batch.minimum(of.level, np.where(values == NO_KEY, largest, values), int(largest))
        return np.where(smallest == largest, np.uint64(NO_KEY), smallest)
