"""The one clock: everything that writes down when something happened asks here.

Tests and simulations put another clock in its place with `use`; nothing else calls `datetime.now`. Durations are not
differences of these times (a clock can jump): measure them with `time.monotonic`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def now() -> datetime:
    """The moment, in UTC, with its time zone."""
    return _clock()


@contextmanager
def use(clock: Clock) -> Iterator[None]:
    """Within the block, `now` asks this clock instead (in every thread of the process).

    >>> with use(lambda: datetime(2026, 1, 2, tzinfo=UTC)):
    ...     now().isoformat()
    '2026-01-02T00:00:00+00:00'
    """
    global _clock
    before = _clock
    _clock = clock
    try:
        yield
    finally:
        _clock = before


def _system() -> datetime:
    return datetime.now(UTC)


_clock: Clock = _system
