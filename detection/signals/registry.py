"""Signals are declared by decorating a function; the registry is their catalogue.

A signal's name is its function's name, its docstring is its documentation, and it is a function of the message's
columns and of the facts about its keys, never of the clock, the tenant's identity or another message.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.baselines.values import FactValues
from detection.mail.batch import Floats, MessageBatch

Compute = Callable[[MessageBatch, FactValues], npt.NDArray[Any]]


class SignalLevel(StrEnum):
    """What a signal speaks of."""

    MESSAGE = "message"
    LINKS = "links"
    ATTACHMENTS = "attachments"
    AUTHENTICATION = "authentication"
    SENDER = "sender"
    RECIPIENT = "recipient"
    RELATIONSHIP = "relationship"
    IDENTITY = "identity"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Signal:
    """A named number of one message in its context. Values are float64; NaN means unknown, which is not zero."""

    name: str
    level: SignalLevel
    unit: str
    low: float
    high: float
    doc: str
    compute: Compute

    def __call__(self, batch: MessageBatch, facts: FactValues) -> Floats:
        """The signal of every message of the batch, float64[n]."""
        return np.asarray(self.compute(batch, facts), dtype=np.float64)


SIGNALS: dict[str, Signal] = {}
"""Every signal by name, in the order of declaration."""


def signal(
    level: SignalLevel, unit: str, low: float = 0.0, high: float = float("inf")
) -> Callable[[Compute], Signal]:
    """Declares a function to be a signal with values in [low, high] (or NaN).

    Raises ValueError at import when the name is taken or the docstring is missing.
    """

    def declare(compute: Compute) -> Signal:
        name = compute.__name__
        if name in SIGNALS:
            raise ValueError(f"signal {name} is declared twice: {SIGNALS[name].compute.__module__} has it already")
        if not compute.__doc__:
            raise ValueError(f"signal {name} has no docstring: say in one line what it measures")
        SIGNALS[name] = Signal(name, level, unit, low, high, compute.__doc__.strip(), compute)
        return SIGNALS[name]

    return declare
