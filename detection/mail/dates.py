"""RFC 5322 dates, read leniently, to seconds since the epoch. Whether a date is plausible is the caller's question."""

from __future__ import annotations

import re
from calendar import month_abbr
from email.utils import parsedate_tz

_DATE = re.compile(
    r"(?:[A-Za-z]{3,9}\.?,?\s{0,9})?(\d{1,2})[\s-]{1,9}([A-Za-z]{3})[a-z]{0,6}[\s,.-]{1,9}(\d{2,4})[\s,]{1,9}"
    r"(\d{1,2})[:.](\d{1,2})(?:[:.](\d{1,2})(?:\.\d{1,9})?)?(?:\s{0,9}([+-]\d{4}|\d{4}\b|[A-Za-z]{1,5}))?"
)
_MONTHS = {name.lower(): number for number, name in enumerate(month_abbr[1:], start=1)}
# RFC 5322 section 4.3; other letters mean "unknown", read as UTC.
_ZONES = {"EST": -5, "EDT": -4, "CST": -6, "CDT": -5, "MST": -7, "MDT": -6, "PST": -8, "PDT": -7, "CET": 1, "CEST": 2}
LONGEST = 120


def seconds_of(text: str) -> int | None:
    """Seconds since the epoch (UTC) of a date as mail writes it; None when it cannot be read.

    >>> seconds_of("Fri, 8 Sep 2023 05:47:04 +0200")
    1694144824
    >>> seconds_of("yesterday") is None
    True
    """
    text = text[:LONGEST].strip()
    match = _DATE.match(text)
    if match is None:
        return _by_standard_library(text)
    day, month_name, year_text, hour, minute, second, zone = match.groups()
    month = _MONTHS.get(month_name.lower())
    if month is None:
        return None
    year = int(year_text)
    if len(year_text) == 2:
        year += 2000 if year < 50 else 1900
    elif len(year_text) == 3:
        year += 1900
    return _seconds(year, month, int(day), int(hour), int(minute), int(second or 0), _offset(zone))


def _seconds(year: int, month: int, day: int, hour: int, minute: int, second: int, offset: int) -> int | None:
    if not (0 < year <= 9999 and 1 <= month <= 12 and 1 <= day <= 31 and hour <= 24 and minute <= 59 and second <= 61):
        return None
    # Days from the civil date: Howard Hinnant, "chrono-compatible low-level date algorithms"; no upper bound, no raise.
    y = year - (month <= 2)
    era, of_era = divmod(y, 400)
    day_of_year = (153 * (month + (-3 if month > 2 else 9)) + 2) // 5 + day - 1
    days = era * 146097 + of_era * 365 + of_era // 4 - of_era // 100 + day_of_year - 719468
    return days * 86400 + hour * 3600 + minute * 60 + second - offset


def _offset(zone: str | None) -> int:
    if not zone:
        return 0
    if zone.isdigit():
        zone = "+" + zone
    if zone[0] in "+-":
        seconds = int(zone[1:3]) * 3600 + int(zone[3:5]) * 60
        if seconds > 86400:
            return 0
        return -seconds if zone[0] == "-" else seconds
    return _ZONES.get(zone.upper(), 0) * 3600


def _by_standard_library(text: str) -> int | None:
    try:
        parsed = parsedate_tz(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    if parsed is None:
        return None
    year, month, day, hour, minute, second = parsed[:6]
    if min(hour, minute, second) < 0:
        return None
    offset = parsed[9] or 0
    return _seconds(year, month, day, hour, minute, second, offset if abs(offset) <= 86400 else 0)
