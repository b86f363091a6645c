"""How much may be under way at the same time, learned from what is refused: nobody documents it the same way twice."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Width:
    """A number between 1 and `most` that halves on a refusal and grows by one after `calm` good answers in a row.

    >>> width = Width(start=8, most=20)
    >>> width.refused(); int(width)
    4
    """

    def __init__(self, start: int, most: int, calm: int = 10) -> None:
        self._lock = threading.Lock()
        self._value = min(start, most)
        self._most = most
        self._calm = calm
        self._good = 0

    def __int__(self) -> int:
        return self._value

    def refused(self) -> None:
        """Too much was under way."""
        with self._lock:
            self._value, self._good = max(1, self._value // 2), 0

    def accepted(self) -> None:
        """All that was under way was answered."""
        with self._lock:
            self._good += 1
            if self._good >= self._calm and self._value < self._most:
                self._value, self._good = self._value + 1, 0


class Gate:
    """Lets at most `width` callers in at a time; the width may change while they are inside."""

    def __init__(self, width: Width) -> None:
        self.width = width
        self._free = threading.Condition()
        self._inside = 0

    @contextmanager
    def inside(self) -> Iterator[None]:
        """The block runs when there is room."""
        with self._free:
            self._free.wait_for(lambda: self._inside < int(self.width))
            self._inside += 1
        try:
            yield
        finally:
            with self._free:
                self._inside -= 1
                self._free.notify_all()
