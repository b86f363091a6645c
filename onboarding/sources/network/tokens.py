"""The token that goes with every request: fetched once, shared by all threads, replaced before it expires or when refused."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from onboarding.redaction import remember

EARLY_SECONDS = 120.0
"""A token is replaced so long before its end, or after nine tenths of its life when that is short."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token and for how many seconds from its issue it is good."""

    value: str = field(repr=False)
    lasts: float


Fetch = Callable[[], Token]
"""Gets a new token from whoever issues it. Raises SourceError, free of secrets, when it is refused."""


class Tokens:
    """Gives the token in force. `fetch` is called by one thread at a time."""

    def __init__(self, fetch: Fetch, now: Callable[[], float] = time.monotonic) -> None:
        self._fetch = fetch
        self._now = now
        self._lock = threading.Lock()
        self._value: str | None = None
        self._until = 0.0
        self.fetched = 0
        """How many were fetched so far."""

    def current(self, *, instead_of: str | None = None) -> str:
        """The token to use; another one than `instead_of`, which was refused. Raises SourceError when none is issued."""
        with self._lock:
            # A thread that comes with a token long replaced gets the one that others have fetched meanwhile.
            if self._value is None or self._value == instead_of or self._now() >= self._until:
                begun = self._now()
                token = self._fetch()
                remember(token.value)
                self.fetched += 1
                self._value = token.value
                self._until = begun + max(token.lasts - EARLY_SECONDS, 0.9 * token.lasts if token.lasts < 600 else 0.0)
            return self._value
