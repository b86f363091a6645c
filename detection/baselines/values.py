"""The values of all facts for the messages of a batch, whatever they were looked up in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
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

    def floats(self, facts: tuple[Fact, ...]) -> npt.NDArray[np.float64]:
        """Several facts of one level as the rows of a float64 matrix, a copy."""
        arrays = self.arrays
        if isinstance(arrays, Answer):
            return arrays.floats(facts)
        first = arrays[facts[0]]
        return np.concatenate([arrays[fact] for fact in facts], dtype=np.float64, casting="unsafe").reshape(
            len(facts), len(first)
        )

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


class Places(dict[Fact, slice]):
    """Where each fact's values lie in the answer for a message of one shape."""

    def __init__(self, slices: Iterable[tuple[Fact, slice]]) -> None:
        super().__init__(slices)
        self._gathers: dict[tuple[Fact, ...], npt.NDArray[np.intp]] = {}

    def gather(self, facts: tuple[Fact, ...]) -> npt.NDArray[np.intp]:
        """Indices of several facts of one level, int[facts, values]; worked out once."""
        found = self._gathers.get(facts)
        if found is None:
            found = np.array([range(self[fact].start, self[fact].stop) for fact in facts], dtype=np.intp)
            self._gathers[facts] = found
        return found


class Answer(Mapping[Fact, Ints]):
    """All facts' values of one message end to end, each cut out when it is asked for."""

    __slots__ = ("_places", "_values")

    def __init__(self, values: Ints, places: Places) -> None:
        self._values, self._places = values, places

    def __getitem__(self, fact: Fact) -> Ints:
        return self._values[self._places[fact]]

    def __iter__(self) -> Iterator[Fact]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def floats(self, facts: tuple[Fact, ...]) -> npt.NDArray[np.float64]:
        """Several facts of one level as a float64 matrix, a copy."""
        return self._values[self._places.gather(facts)].astype(np.float64)


def narrowed(values: Ints) -> npt.NDArray[Any]:
    """The same values in the smallest type of 8, 16, 32 or 64 bits that holds them all."""
    if not len(values):
        return values
    low, high = int(values.min()), int(values.max())
    for kind, least, most in _NARROW:
        if least <= low and high <= most:
            return values.astype(kind)
    return values
