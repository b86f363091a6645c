"""Accounting of requests: how many were made, what became of them, and how many bytes came."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from onboarding.sources.network.faults import Trouble


@dataclass(slots=True)
class Counts:
    """Requests of one client. An item of a batch counts as a request, as providers count it."""

    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    requests: int = 0
    good: int = 0
    refused: int = 0
    """Answered with a refusal that is no trouble: not found, forbidden, gone."""
    bytes: int = 0
    waited: float = 0.0
    """Seconds spent waiting for budgets and between tries."""
    troubles: Counter[Trouble] = field(default_factory=Counter)

    def sent(self, number: int = 1) -> None:
        with self._lock:
            self.requests += number

    def came(self, size: int, *, good: bool) -> None:
        with self._lock:
            self.bytes += size
            if good:
                self.good += 1
            else:
                self.refused += 1

    def trouble(self, kind: Trouble) -> None:
        with self._lock:
            self.troubles[kind] += 1

    def waited_for(self, seconds: float) -> None:
        with self._lock:
            self.waited += seconds

    def shown(self) -> Mapping[str, int | float]:
        """The numbers by name, for logs and reports. `requests == good + refused + the troubles`, when none is under way."""
        with self._lock:
            named = {"requests": self.requests, "good": self.good, "refused": self.refused, "bytes": self.bytes}
            return {
                **named,
                **{str(kind): n for kind, n in sorted(self.troubles.items())},
                "waited": round(self.waited, 1),
            }
