"""The values of all facts for the messages of a batch, whatever they were looked up in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from detection.baselines.algebra import Fact
from detection.mail.batch import RAGGED, Ints, Level, MessageBatch


@dataclass(frozen=True, slots=True, eq=False)
class FactValues:
    """`values[fact]` is int64, aligned with the fact's level in the batch it was looked up for."""

    arrays: Mapping[Fact, Ints]

    def __getitem__(self, fact: Fact) -> Ints:
        return self.arrays[fact]

    def take(self, batch: MessageBatch, start: int, stop: int) -> FactValues:
        """The values for `batch.take(start, stop)`, without copying."""
        bounds = {Level.MESSAGE: (start, stop)} | {
            level: (int(batch.offsets[level][start]), int(batch.offsets[level][stop])) for level in RAGGED
        }
        return FactValues({fact: array[slice(*bounds[fact.level])] for fact, array in self.arrays.items()})
