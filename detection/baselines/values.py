"""The values of all facts for the messages of a batch, whatever they were looked up in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.baselines.algebra import Fact
from detection.mail.batch import RAGGED, Ints, Level, MessageBatch

_NARROW = tuple(
    (np.dtype(kind), int(np.iinfo(kind).min), int(np.iinfo(kind).max)) for kind in (np.int8, np.int16, np.int32)
)


@dataclass(frozen=True, slots=True, eq=False)
class FactValues:
    """`values[fact]` is int64, aligned with the fact's level in the batch it was looked up for.

    `arrays` may hold a narrower type where all values fit (`narrowed`): those of a million messages are a third as large.
    """

    arrays: Mapping[Fact, npt.NDArray[Any]]

    def __getitem__(self, fact: Fact) -> Ints:
        return self.arrays[fact].astype(np.int64, copy=False)

    def take(self, batch: MessageBatch, start: int, stop: int) -> FactValues:
        """The values for `batch.take(start, stop)`, copied only where they are held narrower."""
        bounds = {Level.MESSAGE: (start, stop)} | {
            level: (int(batch.offsets[level][start]), int(batch.offsets[level][stop])) for level in RAGGED
        }
        return FactValues(
            {
                fact: array[slice(*bounds[fact.level])].astype(np.int64, copy=False)
                for fact, array in self.arrays.items()
            }
        )


def narrowed(values: Ints) -> npt.NDArray[Any]:
    """The same values in the smallest type of 8, 16, 32 or 64 bits that holds them all."""
    if not len(values):
        return values
    low, high = int(values.min()), int(values.max())
    for kind, least, most in _NARROW:
        if least <= low and high <= most:
            return values.astype(kind)
    return values
