"""The options of a simulated organisation, and the URI that writes them down.

    simulated:                                    the small preset
    simulated:size=medium
    simulated:seed=7,mailboxes=40,days=180
    simulated:seed=7,mailboxes=40,zones=london+newyork,languages=en+de,attacks=0

Options are `name=value`, separated by commas, in any order, each at most once; lists are joined with `+`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from typing import Any

from onboarding.sources.base import SourceError

SCHEME = "simulated"

LANGUAGES = ("en", "de", "fr", "es")

OFFICES: dict[str, tuple[int, str]] = {
    "london": (0, "en"),
    "berlin": (60, "de"),
    "paris": (60, "fr"),
    "madrid": (60, "es"),
    "newyork": (-300, "en"),
    "chicago": (-360, "en"),
    "sanfrancisco": (-480, "en"),
    "singapore": (480, "en"),
    "sydney": (600, "en"),
}
"""Offices: minutes east of UTC (standard time all year) and the language spoken there."""

SIZES: dict[str, dict[str, str]] = {
    "small": {"mailboxes": "20", "days": "90", "rate": "20", "zones": "london+newyork+berlin"},
    "medium": {"mailboxes": "100", "days": "120", "rate": "25", "zones": "london+newyork+berlin+paris"},
    "large": {"mailboxes": "1000", "days": "180", "rate": "30", "zones": "+".join(OFFICES)},
}
"""What `size=` sets; further options override it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How large and how lively the organisation is, for how long, and how much of its mail is hostile."""

    seed: int = 1
    """Which organisation: another seed is another company, with other people and other mail."""
    mailboxes: int = 20
    days: int = 90
    """Length of history in days."""
    rate: float = 20.0
    """Mean messages lying in a mailbox for each working day, sent mail included."""
    start: date = date(2026, 1, 5)
    """First day of history (UTC); a fixed default, so that the same URI is the same mail for ever."""
    zones: tuple[str, ...] = ("london", "newyork", "berlin")
    """Offices, by size: the first has the most people."""
    languages: tuple[str, ...] = LANGUAGES
    """Languages people write in; English is always one of them."""
    attacks: float = 2.0
    """Attacks that nobody caught, for each 10,000 messages of history."""
    junk: float = 3.0
    """Spam in the junk folder, for each 100 messages."""

    @property
    def first_second(self) -> int:
        return int(datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp())

    def date_of(self, day: int) -> date:
        return self.start + timedelta(days=day)

    def uri(self) -> str:
        """The URI that gives these options, in full."""
        values = []
        for f in fields(self):
            value = getattr(self, f.name)
            text = "+".join(value) if isinstance(value, tuple) else f"{value:g}" if isinstance(value, float) else value
            values.append(f"{f.name}={text}")
        return f"{SCHEME}:{','.join(values)}"


def parse_uri(uri: str) -> Options:
    """The options in a URI; raises SourceError with the option, what is wrong with it and what is allowed.

    >>> parse_uri("simulated:seed=7,mailboxes=40,days=180").mailboxes
    40
    """
    scheme, colon, rest = uri.partition(":")
    if not colon or scheme != SCHEME:
        raise SourceError(f"{uri!r} is not a simulated source: write simulated:seed=7,mailboxes=40,days=180")
    given: dict[str, str] = {}
    for item in filter(None, (part.strip() for part in rest.split(","))):
        name, equals, value = (part.strip() for part in item.partition("="))
        if not equals or not value:
            raise SourceError(f"{uri!r}: {item!r} is not name=value, as in mailboxes=40")
        if name not in _READERS and name != "size":
            raise SourceError(f"{uri!r}: there is no option {name!r}; there are size, {', '.join(_READERS)}")
        if name in given:
            raise SourceError(f"{uri!r}: option {name!r} is given twice")
        given[name] = value
    size = given.pop("size", "small")
    if size not in SIZES:
        raise SourceError(f"{uri!r}: size={size} is not one of {', '.join(SIZES)}")
    chosen = {**SIZES[size], **given}
    try:
        return Options(**{name: _READERS[name](name, value) for name, value in chosen.items()})
    except ValueError as error:
        raise SourceError(f"{uri!r}: {error}") from None


def _whole(low: int, high: int) -> Callable[[str, str], int]:
    def read(name: str, text: str) -> int:
        if not (text.isascii() and text.isdigit() and len(text) < 20) or not low <= int(text) <= high:
            raise ValueError(f"{name}={text} is not a whole number from {low} to {high}")
        return int(text)

    return read


def _real(low: float, high: float) -> Callable[[str, str], float]:
    def read(name: str, text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not low <= value <= high:
            raise ValueError(f"{name}={text} is not a number from {low:g} to {high:g}")
        return value

    return read


def _day(name: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{name}={text} is not a date like 2026-01-05") from None
    if not 1990 <= day.year <= 2090:
        raise ValueError(f"{name}={text}: the year must lie between 1990 and 2090")
    return day


def _several(allowed: tuple[str, ...]) -> Callable[[str, str], tuple[str, ...]]:
    def read(name: str, text: str) -> tuple[str, ...]:
        values = tuple(text.split("+"))
        for value in values:
            if value not in allowed:
                raise ValueError(f"{name}={text}: {value!r} is not one of {', '.join(allowed)}")
        if len(set(values)) < len(values):
            raise ValueError(f"{name}={text} names one twice")
        return values

    return read


def _spoken(name: str, text: str) -> tuple[str, ...]:
    values = _several(LANGUAGES)(name, text)
    return values if "en" in values else ("en", *values)


_READERS: dict[str, Callable[[str, str], Any]] = {
    "seed": _whole(0, 2**63 - 1),
    "mailboxes": _whole(5, 100_000),
    "days": _whole(1, 3_650),
    "rate": _real(0.5, 500.0),
    "start": _day,
    "zones": _several(tuple(OFFICES)),
    "languages": _spoken,
    "attacks": _real(0.0, 5_000.0),
    "junk": _real(0.0, 50.0),
}
