"""The values of all signals for the messages of a batch."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
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
        self._matrix = matrix
        self._index = index

    def __getitem__(self, name: str) -> Floats:
        self.ensure((name,))
        row: Floats = self._matrix[self._index[name]]
        return row

    def ensure(self, names: tuple[str, ...]) -> None:
        """Makes sure that these rows are there: they are, unless rows are made when asked for (`Asked`)."""

    def lacks(self, name: str) -> bool:
        """Whether the row has yet to be made."""
        return False

    def some(self, names: tuple[str, ...]) -> Floats:
        """Rows by name as one matrix, a copy."""
        self.ensure(names)
        return self._matrix[self._index.of(names)]

    def of_message(self, row: int) -> Mapping[str, float]:
        """One message's numbers by name, each looked at when it is asked for."""
        return _OfMessage(self, self._matrix, self._index, row)

    def __iter__(self) -> Iterator[str]:
        return iter(self._index)

    def __len__(self) -> int:
        return len(self._index)


class Asked(Rows):
    """Rows that are computed when they are first asked for, family by family: what nobody reads costs nothing.

    `compute(number)` gives the rows of one family, which begin at `starts[number]`; `families_of(names)` says which
    families names are of.
    """

    def __init__(
        self,
        matrix: Floats,
        index: RowIndex,
        starts: Sequence[int],
        compute: Callable[[int], npt.NDArray[Any]],
        families_of: Callable[[tuple[str, ...]], frozenset[int]],
    ) -> None:
        super().__init__(matrix, index)
        self._starts = starts
        self._compute = compute
        self._families_of = families_of
        self._missing = set(range(len(starts)))

    def lacks(self, name: str) -> bool:
        return bool(self._missing) and not self._missing.isdisjoint(self._families_of((name,)))

    def ensure(self, names: tuple[str, ...]) -> None:
        if not self._missing:
            return
        wanted = self._missing & self._families_of(names)
        if wanted:
            self._missing -= wanted
            # What is unknown is NaN, and arithmetic with it is no accident.
            with np.errstate(divide="ignore", invalid="ignore"):
                for number in sorted(wanted):
                    rows = self._compute(number)
                    start = self._starts[number]
                    self._matrix[start : start + len(rows)] = rows


class _OfMessage(Mapping[str, float]):
    """One column of `Rows`, made a list of numbers once and again when rows have come: sentences ask for dozens of them."""

    def __init__(self, rows: Rows, matrix: Floats, index: RowIndex, row: int) -> None:
        self._rows, self._matrix, self._index, self._row = rows, matrix, index, row
        self._column: list[float] = matrix[:, row].tolist()

    def __getitem__(self, name: str) -> float:
        if self._rows.lacks(name):
            self._rows.ensure((name,))
            self._column = self._matrix[:, self._row].tolist()
        return self._column[self._index[name]]

    def __contains__(self, name: object) -> bool:
        return name in self._index

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
