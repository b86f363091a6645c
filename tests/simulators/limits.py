"""What a provider allows and refuses: so many units in a sliding window, so many requests at the same time."""

from __future__ import annotations

import threading
import time
from collections import defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `units` in any `seconds`, by mailbox; at most `at_once` requests under way to a mailbox."""

    units: int = 10_000
    seconds: float = 600.0
    at_once: int = 4


@dataclass(slots=True)
class Meter:
    """Keeps a limit: exact, by a log of when each unit was spent."""

    limit: Limit
    granted: int = 0
    refused: int = 0
    log: list[tuple[float, int]] = field(default_factory=list)
    """When units were granted, and how many."""
    _spent: dict[str, deque[tuple[float, int]]] = field(default_factory=lambda: defaultdict(deque))
    _sums: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _inside: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spend(self, mailbox: str, units: int = 1) -> float | None:
        """Spends units of a mailbox's allowance; None, or how many seconds it takes until there are enough."""
        now = time.monotonic()
        with self._lock:
            log = self._spent[mailbox]
            while log and log[0][0] <= now - self.limit.seconds:
                self._sums[mailbox] -= log.popleft()[1]
            if self._sums[mailbox] + units > self.limit.units:
                self.refused += 1
                return log[0][0] + self.limit.seconds - now
            log.append((now, units))
            self._sums[mailbox] += units
            self.granted += units
            self.log.append((now, units))
            return None

    @contextmanager
    def inside(self, mailbox: str) -> Iterator[bool]:
        """A request under way; False when there are too many of this mailbox."""
        with self._lock:
            fits = self._inside[mailbox] < self.limit.at_once
            self.refused += not fits
            self._inside[mailbox] += 1
        try:
            yield fits
        finally:
            with self._lock:
                self._inside[mailbox] -= 1
