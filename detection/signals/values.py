"""The values of all signals for the messages of a batch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from detection.mail.batch import Floats

if TYPE_CHECKING:
    from detection.signals.registry import Signal


class RowIndex(dict[str, int]):
    """The row of each signal in the matrix of all, by name."""

    def __init__(self) -> None:
        self._places: dict[tuple[str, ...], npt.NDArray[np.intp]] = {}

    def add(self, name: str) -> None:
        """Gives the next row to a signal."""
        self[name] = len(self)

    def of(self, names: tuple[str, ...]) -> npt.NDArray[np.intp]:
        """The rows of several signals; looked up once for each selection, as the same ones are asked for every time."""
        if names not in self._places:
            self._places[names] = np.array([self[name] for name in names], dtype=np.intp)
        return self._places[names]


class Rows(Mapping[str, Floats]):
    """A float64[signals, n] matrix whose rows go by name: one array rather than hundreds for a single message."""

    def __init__(self, matrix: Floats, index: RowIndex) -> None:
        self.matrix = matrix
        self._index = index

    def __getitem__(self, name: str) -> Floats:
        row: Floats = self.matrix[self._index[name]]
        return row

    def some(self, names: tuple[str, ...]) -> Floats:
        """Rows by name as one matrix, a copy."""
        return self.matrix[self._index.of(names)]

    def of_message(self, row: int) -> Mapping[str, float]:
        """One message's numbers by name."""
        return dict(zip(self._index, self.matrix[:, row].tolist(), strict=True))

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)


@dataclass(frozen=True, slots=True, eq=False)
class SignalValues:
    """`values[signal]` is float64[n]; NaN is unknown."""

    arrays: Mapping[str, Floats]
    sums: dict[Any, Any] = field(default_factory=dict, repr=False)
    """What detectors have added up from these values so far (`detection.detectors.evidence`)."""

    def __getitem__(self, signal: Signal) -> Floats:
        return self.arrays[signal.name]

    def some(self, names: tuple[str, ...]) -> Floats:
        """Signals by name as float64[names, n], a copy."""
        arrays = self.arrays
        if isinstance(arrays, Rows):
            return arrays.some(names)
        return np.stack([arrays[name] for name in names])

    def at(self, row: int) -> dict[str, float]:
        """Every signal of one message by name."""
        return dict(self.of(row))

    def of(self, row: int) -> Mapping[str, float]:
        """The same, each number made when it is asked for."""
        arrays = self.arrays
        if isinstance(arrays, Rows):
            return arrays.of_message(row)
        return {name: float(array[row]) for name, array in arrays.items()}
