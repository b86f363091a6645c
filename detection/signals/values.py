"""The values of all signals for the messages of a batch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from detection.mail.batch import Floats

if TYPE_CHECKING:
    from detection.signals.registry import Signal


@dataclass(frozen=True, slots=True, eq=False)
class SignalValues:
    """`values[signal]` is float64[n]; NaN is unknown."""

    arrays: Mapping[str, Floats]

    def __getitem__(self, signal: Signal) -> Floats:
        return self.arrays[signal.name]

    def at(self, row: int) -> dict[str, float]:
        """Every signal of one message by name."""
        return {name: float(array[row]) for name, array in self.arrays.items()}
