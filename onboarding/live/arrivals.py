"""The journal of arrivals: each decided message, appended before anybody is answered, read by every process of the tenant.

A process writes files of its own (segments) and reads all, and a killed writer leaves at most one line without its end,
of a message whose sender got no answer and asks again. A line is one JSON object: the message's columns (no text of the
mail), the decision, and under which versions it was made.

A segment that is old enough is closed: it becomes history, and what were written to it later would be lost. Two things
keep a process that was stopped for a while, or whose clock jumped, from doing that: it looks at the clock that names the
segment, and it does so under a lock of the file, which whoever closes the segment has to get.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import secrets
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detection.mail.batch import Row
from onboarding import clock
from onboarding.files import sync_folder

log = logging.getLogger(__name__)

SUFFIX = ".jsonl"
LARGEST = 64 << 20
"""Bytes after which a process begins another segment."""

OPEN_SECONDS = 600
"""After which it does, too: a segment that was begun longer ago than `CLOSED_SECONDS` gets no more arrivals."""

CLOSED_SECONDS = 900
"""The difference is what the clocks of two machines may be apart."""


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
        self._begun = 0
        self._unsynced: list[bytes] = []
        """What the disk may not have yet of the segment."""
        self._again: list[bytes] = []
        """And of those before."""

    def append(self, arrivals: list[Arrival]) -> Written:
        """Writes arrivals; the operating system has them when it returns, the disk after `sync`.

        Raises OSError when they cannot be written: nothing of them is kept then. Also when the tenant is gone: its folder
        is never made here, or a removed tenant would leave mail behind.
        """
        return self._write(b"".join(arrival.line() for arrival in arrivals))

    def _write(self, lines: bytes) -> Written:
        file = self._open()
        start = self._written
        try:
            left = memoryview(lines)
            while left:
                left = left[os.write(file, left) :]
        except BaseException:
            # What follows half a line would be part of it: the half goes, and whatever comes begins another segment.
            with suppress(OSError):
                os.ftruncate(file, start)
            self._end()
            raise
        self._written += len(lines)
        self._unsynced.append(lines)
        fcntl.flock(file, fcntl.LOCK_UN)
        return Written(self._name, start, self._written)

    def sync(self) -> None:
        """Sees to it that a loss of power takes nothing of what was appended.

        Raises OSError when the disk does not say so. Then nothing is known of what it has of the segment, and saying so
        once more would be no proof (fsync(2) reports an error once): the next time it is all written again, to another
        one. What is there twice is one arrival to whoever reads it.
        """
        if self._again:
            again, self._again = self._again, []
            try:
                self._write(b"".join(again))
            except BaseException:
                self._again = again + self._again
                raise
        if self._file is None or not self._unsynced:
            return
        try:
            os.fdatasync(self._file)
        except OSError:
            self._end()
            raise
        self._unsynced = []

    def _open(self) -> int:
        """The segment to write to, under a shared lock."""
        if self._file is not None and self._written <= LARGEST:
            fcntl.flock(self._file, fcntl.LOCK_SH)
            # Asked under the lock: however long this process was stopped before, the segment is not closed now.
            if 0 <= clock.now().timestamp() - self._begun <= OPEN_SECONDS:
                return self._file
        if self._file is not None:
            self.sync()
            self._end()
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._begun = int(clock.now().timestamp())
        self._name = f"{self._begun:011d}-{os.getpid()}-{secrets.token_hex(4)}{SUFFIX}"
        self._file = os.open(self._folder / self._name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._written = 0
        sync_folder(self._folder)
        fcntl.flock(self._file, fcntl.LOCK_SH)
        return self._file

    def close(self) -> None:
        """Ends the segment, as far as the disk takes it; the next arrival begins another."""
        with suppress(OSError):
            self.sync()
        self._end()

    def _end(self) -> None:
        self._again, self._unsynced = self._again + self._unsynced, []
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
            # One that was taken away since it was listed is part of the baseline.
            with suppress(FileNotFoundError), (self.folder / name).open("rb") as file:
                file.seek(start)
                for line in file:
                    if not line.endswith(b"\n"):
                        break
                    start += len(line)
                    if (arrival := readable(line, name)) is not None:
                        yield arrival
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
        if last < now - CLOSED_SECONDS and not _being_written(folder / name):
            found.append(name)
    return found


def _being_written(path: Path) -> bool:
    """Whether a process is in the middle of an append; one that comes later sees how old the segment is."""
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
    return False


def segments(folder: Path) -> list[tuple[str, int]]:
    """Names and sizes of the segments, in order; empty when nothing has arrived yet."""
    try:
        with os.scandir(folder) as entries:
            found = [(entry.name, entry.stat().st_size) for entry in entries if entry.name.endswith(SUFFIX)]
    except FileNotFoundError:
        return []
    return sorted(found)


def readable(line: bytes, segment: str) -> Arrival | None:
    """An arrival as it was written; None, and a line in the log, for one that a loss of power has broken: it must not keep
    the tenant from everything else."""
    try:
        values: dict[str, Any] = json.loads(line)
        return Arrival(**values)
    except (ValueError, TypeError) as error:
        log.error("a line of %d bytes in segment %s cannot be read and is left out: %s", len(line), segment, error)
        return None
