"""Reading many mails without the garbage collector walking over them again and again.

The mails of a page and their rows live at the same time, some thousand objects of which none refers back to another.
Python's cyclic collector would look at them all several times for nothing, a tenth to a fifth of the whole time of
reading; it is put off until the page is read. What is dropped is freed as always, by its reference count.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

MOST_PAGES = 32
"""Pages read by several threads, one always beginning before another ends, after which the collector gets its turn."""


@contextmanager
def collector_waits() -> Iterator[None]:
    """Puts the cyclic collector off while a page is read, in whatever thread. Left alone where it was off before."""
    paused = _pages.enter()
    try:
        yield
    finally:
        if paused:
            _pages.leave()


class _Pages:
    """How many pages are being read in this process, and how many were since the collector last ran."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._open = self._since = 0

    def enter(self) -> bool:
        with self._lock:
            if not self._open and not gc.isenabled():
                return False
            gc.disable()
            self._open += 1
            return True

    def leave(self) -> None:
        with self._lock:
            self._open -= 1
            self._since += 1
            due = self._open and self._since >= MOST_PAGES
            if not self._open:
                gc.enable()
            if due or not self._open:
                self._since = 0
        if due:
            gc.collect()


_pages = _Pages()
