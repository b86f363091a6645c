"""Where messages begin and end in an mbox file (RFC 4155), found in bounded memory.

A message begins at a separator: a line `From SENDER DATE` at the start of the file or after an empty line. The date is
required, so that a paragraph which begins with the word From does not cut its message in two. mboxrd puts a `>` before
lines of a message that look like one; `unquoted` takes it off again.
"""

from __future__ import annotations

import calendar
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass

BLOCK = 1 << 22
LONGEST_SEPARATOR = 1_000
MOST_BLANK = 1 << 20


@dataclass(frozen=True, slots=True)
class Separator:
    """A separator at byte `at` whose line ends at `line_end`, and the date it says."""

    at: int
    line_end: int
    time: int | None


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch `start` to `end` of an mbox file: a separator with its message, or (without one) bytes outside any."""

    start: int
    end: int
    separator: Separator | None


def pieces(descriptor: int, start: int) -> Iterator[Piece]:
    """The pieces of an open file from `start` on. Only white space is left out; one block is held at a time."""
    open_at, separator = start, None
    for found in separators(descriptor, start):
        at = found if isinstance(found, int) else found.at
        if separator is not None or not _is_blank(descriptor, open_at, at):
            yield Piece(open_at, at, separator)
        open_at, separator = at, None if isinstance(found, int) else found


def separators(descriptor: int, start: int, stop: int | None = None) -> Iterator[Separator | int]:
    """The separators from `start` on (to `stop`, or the end of the file), and last the offset where looking ended."""
    window = start
    while True:
        # Three bytes before, to see an empty line; a line's length behind, to see a separator whole.
        first = max(0, window - 3)
        data = read_range(descriptor, first, window + BLOCK + LONGEST_SEPARATOR)
        ended = first + len(data) < window + BLOCK + LONGEST_SEPARATOR
        behind = first + len(data) if ended else window + BLOCK
        if window == 0 and data.startswith(b"From ") and (found := _separator(data, 0, 0)):
            yield found
        at = data.find(b"\nFrom ", max(0, window - first - 1))
        while at >= 0 and first + at + 1 < behind:
            if _ends_empty_line(data, at, first) and (found := _separator(data, at + 1, first)):
                yield found
            at = data.find(b"\nFrom ", at + 1)
        window = behind
        if ended or (stop is not None and window >= stop):
            yield window
            return


def separator_time(line: bytes) -> int | bool:
    """The time that a separator line says, in seconds since the epoch (UTC where it names no zone).

    False for a line that is no separator; True for one whose date does not exist.

    >>> separator_time(b"From MAILER-DAEMON Sun Jan 01 09:27:24 2023")
    1672565244
    >>> separator_time(b"From the first day on, Sun Jan 01 09:27:24 2023")
    False
    >>> separator_time(b"From - Sun Feb 31 09:27 2023")
    True
    """
    for date in _DATES:
        match = date.search(line)
        if match and _SENDER.fullmatch(line[5 : match.start()].strip()):
            return _time(match)
    return False


def unquoted(content: bytes) -> bytes:
    """A message without mboxrd's quoting (one `>` of each line of `>`s and `From `) and the empty line that ends it."""
    if content.endswith(b"\n\r\n"):
        content = content[:-2]
    elif content.endswith(b"\n\n"):
        content = content[:-1]
    return _QUOTED.sub(rb"\1", content) if b">From " in content else content


def read_range(descriptor: int, start: int, stop: int) -> bytes:
    """Bytes `start` to `stop` of an open file, fewer only where it ends."""
    content = os.pread(descriptor, stop - start, start)
    while len(content) < stop - start:
        more = os.pread(descriptor, stop - start - len(content), start + len(content))
        if not more:
            break
        content += more
    return content


def _separator(data: bytes, at: int, first: int) -> Separator | None:
    end = data.find(b"\n", at, at + LONGEST_SEPARATOR)
    line_end = end + 1 if end >= 0 else min(len(data), at + LONGEST_SEPARATOR)
    time = separator_time(data[at:line_end])
    if time is False:
        return None
    return Separator(first + at, first + line_end, None if time is True else time)


def _ends_empty_line(data: bytes, at: int, first: int) -> bool:
    """Whether the newline at `at` ends an empty line (LF or CR LF)."""
    before = data[max(0, at - 2) : at]
    return before.endswith(b"\n") or before == b"\n\r" or (first + at - len(before) == 0 and before in (b"", b"\r"))


def _is_blank(descriptor: int, start: int, stop: int) -> bool:
    return stop - start <= MOST_BLANK and not read_range(descriptor, start, stop).strip()


def _time(match: re.Match[bytes]) -> int | bool:
    said = {name: value.decode() for name, value in match.groupdict().items() if value}
    month = said["month"]
    try:
        date = (
            int(said["year"]),
            int(month) if month.isdigit() else _MONTHS.index(month) + 1,
            int(said["day"]),
            int(said["hour"]),
            int(said["minute"]),
            int(said.get("second", "0")),
        )
        if not (1970 <= date[0] < 2200 and 1 <= date[2] <= calendar.monthrange(*date[:2])[1] and date[3] < 24):
            return True
    except ValueError:
        return True
    zone = said.get("zone", said.get("later_zone", "Z")).replace(":", "")
    ahead = 0 if zone == "Z" else int(zone[0] + "1") * (int(zone[1:3]) * 3600 + int(zone[3:5]) * 60)
    return calendar.timegm((*date, 0, 0, 0)) - ahead


_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH = f"(?P<month>{'|'.join(_MONTHS)})"
_CLOCK = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?"
_WEEKDAY = r"\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)"
_NAMED_ZONE = r"\(?[A-Za-z]{1,5}\)?"
_END = r"(?: remote from \S{1,255})?\s*\Z"
_DATES = tuple(
    re.compile((date + _END).encode())
    for date in (
        # asctime, as RFC 4155 asks for, with the zones that Unix systems put before or after the year
        rf"{_WEEKDAY} {_MONTH} {{1,2}}(?P<day>\d{{1,2}}) {_CLOCK}(?: (?:(?P<zone>[+-]\d{{4}})|{_NAMED_ZONE}))?"
        rf" (?P<year>\d{{4}})(?: (?:(?P<later_zone>[+-]\d{{4}})|{_NAMED_ZONE}))?",
        # RFC 5322
        rf"(?:{_WEEKDAY},? {{1,2}})?\b(?P<day>\d{{1,2}}) {_MONTH} (?P<year>\d{{4}}) {_CLOCK}"
        rf"(?: (?:(?P<zone>[+-]\d{{4}})|{_NAMED_ZONE}))?",
        # ISO 8601
        rf"\b(?P<year>\d{{4}})-(?P<month>\d\d)-(?P<day>\d\d)[T ]{_CLOCK}(?P<zone>Z|[+-]\d\d:?\d\d)?",
    )
)
_SENDER = re.compile(rb"|\S+|\S+ at \S+|[^@]*@.*")
_QUOTED = re.compile(rb"^>(>*From )", re.MULTILINE)
