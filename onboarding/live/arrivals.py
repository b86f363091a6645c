"""The journal of arrivals: each decided message, appended before anybody is answered, read by every process of the tenant.

A process writes files of its own (segments) and reads all: no lock, and a killed writer leaves at most one line
without its end, of a message whose sender got no answer and asks again. A line is one JSON object: the message's
columns (no text of the mail), the decision, and under which versions it was made.
"""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

from detection.mail.batch import Row
from onboarding import clock

SUFFIX = ".jsonl"
LARGEST = 64 << 20
"""Bytes after which a process begins another segment."""

OPEN_SECONDS = 600
"""After which it does, too: a segment that was begun longer ago than `CLOSED_SECONDS` gets no more arrivals."""

CLOSED_SECONDS = 900


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One message as it was decided on."""

    row: Row
    """Its columns."""
    verdict: str
    kind: str | None
    tail_probability: float
    detectors: dict[str, list[float]]
    """Score, tail probability and share by detector."""
    activation: int
    calibration: int
    decided_at: float
    """Seconds since the epoch."""
    seconds: float
    """What the decision took, from the message's columns on."""
    reasons: list[str]
    """Of a flagged one, in words."""
    door: str
    """How it came: `api`, `watch`."""
    new_sender: bool = False
    """Nothing was known of its sender."""

    @property
    def key(self) -> int:
        """The message's identity."""
        return int(self.row["message_key"])

    @property
    def time(self) -> int:
        """When the message came, seconds since the epoch."""
        return int(self.row["time"])

    def line(self) -> bytes:
        """The arrival as it is written."""
        return (
            json.dumps({name: getattr(self, name) for name in self.__slots__}, separators=(",", ":")).encode() + b"\n"
        )


@dataclass(frozen=True, slots=True)
class Written:
    """What an append added to a segment: bytes `start` to `stop`."""

    segment: str
    start: int
    stop: int


class Journal:
    """What this process appends. The segment is made with the first arrival. Not safe for several threads at once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file: int | None = None
        self._name = ""
        self._written = 0
        self._begun = 0.0

    def append(self, arrivals: list[Arrival]) -> Written:
        """Writes arrivals; the operating system has them when it returns. Raises OSError when they cannot be written."""
        lines = b"".join(arrival.line() for arrival in arrivals)
        if self._file is None or self._written > LARGEST or monotonic() > self._begun + OPEN_SECONDS:
            self.close()
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            name = f"{int(clock.now().timestamp()):011d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
            self._name = name
            self._file = os.open(self._folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            self._written, self._begun = 0, monotonic()
        left = memoryview(lines)
        while left:
            left = left[os.write(self._file, left) :]
        start, self._written = self._written, self._written + len(lines)
        return Written(self._name, start, self._written)

    def close(self) -> None:
        """Ends the segment; the next arrival begins another."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


@dataclass(slots=True)
class Reader:
    """Follows all segments of a tenant: each call gives what was appended since the last."""

    folder: Path
    _read: dict[str, int] = field(default_factory=dict)

    def new(self) -> Iterator[Arrival]:
        """Arrivals appended since, segment by segment in the order of their names. A line without its end waits."""
        for name, size in segments(self.folder):
            start = self._read.get(name, 0)
            if size <= start:
                continue
            with (self.folder / name).open("rb") as file:
                file.seek(start)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    start += len(line)
                    yield parsed(line)
            self._read[name] = start

    def knows(self, written: Written) -> None:
        """What this process wrote itself need not be read, unless something before it still has to be."""
        if self._read.get(written.segment, 0) == written.start:
            self._read[written.segment] = written.stop


def closed(folder: Path) -> list[str]:
    """Segments that get no more arrivals, in order: begun and last written to long enough ago."""
    now = clock.now().timestamp()
    found = []
    for name, _ in segments(folder):
        last = max(float(name.partition("-")[0]), (folder / name).stat().st_mtime)
        if last < now - CLOSED_SECONDS:
            found.append(name)
    return found


def segments(folder: Path) -> list[tuple[str, int]]:
    """Names and sizes of the segments, in order; empty when nothing has arrived yet."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat().st_size) for entry in entries if entry.name.endswith(SUFFIX)]
    except FileNotFoundError:
        return []
    return sorted(found)


def parsed(line: bytes) -> Arrival:
    """An arrival as it was written."""
    values: dict[str, Any] = json.loads(line)
    return Arrival(**values)
