"""The journal under what goes wrong: a full disk, a broken line, a clock that jumps, a process that was stopped."""

from __future__ import annotations

import errno
import fcntl
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from onboarding import clock
from onboarding.live import arrivals
from onboarding.live.arrivals import CLOSED_SECONDS, Arrival, Journal, Reader, closed, segments


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "arrivals"


def arrival(number: int) -> Arrival:
    return Arrival(
        row={"message_key": number, "time": number},
        verdict="safe",
        kind=None,
        tail_probability=0.5,
        detectors={},
        activation=1,
        calibration=1,
        decided_at=float(number),
        seconds=0.001,
        reasons=[],
        door="api",
    )


def keys(folder: Path) -> list[int]:
    return sorted(one.key for one in Reader(folder).new())


def full(after: int) -> Callable[[int, memoryview], int]:
    """A disk that takes so many bytes more."""
    write = os.write

    def half(file: int, data: memoryview) -> int:
        nonlocal after
        if after == 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = write(file, data[:after])
        after -= written
        return written

    return half


@pytest.mark.parametrize("bytes_left", [0, 1, 50])
def test_what_a_full_disk_cut_spoils_nothing_that_follows(
    folder: Path, monkeypatch: pytest.MonkeyPatch, bytes_left: int
) -> None:
    journal, reader = Journal(folder), Reader(folder)
    reader.knows(journal.append([arrival(1)]))
    with monkeypatch.context() as patch:
        patch.setattr(arrivals.os, "write", full(bytes_left))
        with pytest.raises(OSError, match="No space"):
            journal.append([arrival(2)])
    reader.knows(journal.append([arrival(3)]))
    assert keys(folder) == [1, 3]
    assert list(reader.new()) == [], "what this process wrote itself it knows"


def test_a_broken_line_does_not_hide_the_others(folder: Path) -> None:
    Journal(folder).append([arrival(1)])
    (name, _), *_ = segments(folder)
    with (folder / name).open("ab") as file:
        file.write(b'{"row": \0\0\0\n{"verdict": "safe"}\n[]\n' + arrival(2).line())
    assert keys(folder) == [1, 2]


def test_a_segment_that_goes_while_it_is_listed_is_no_error(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(folder)
    journal.append([arrival(1)])
    listed = segments(folder)
    monkeypatch.setattr(arrivals, "segments", lambda _: [("00000000001-1-gone.jsonl", 10), *listed])
    assert keys(folder) == [1]


@pytest.mark.parametrize("seconds", [CLOSED_SECONDS + 1, -3_600])
def test_after_a_jump_of_the_clock_nothing_is_written_to_a_segment_that_may_be_closed(
    folder: Path, seconds: int
) -> None:
    journal = Journal(folder)
    journal.append([arrival(1)])
    before = segments(folder)
    later = clock.now() + timedelta(seconds=seconds)
    with clock.use(lambda: later):
        journal.append([arrival(2)])
    assert set(before) < set(segments(folder))
    assert keys(folder) == [1, 2]


def test_a_segment_is_not_closed_under_a_process_that_is_writing_to_it(folder: Path) -> None:
    journal = Journal(folder)
    journal.append([arrival(1)])
    (name, _), *_ = segments(folder)
    later = clock.now() + timedelta(hours=1)
    with clock.use(lambda: later), (folder / name).open("ab") as stopped:
        fcntl.flock(stopped, fcntl.LOCK_SH)
        assert closed(folder) == []
        fcntl.flock(stopped, fcntl.LOCK_UN)
        assert closed(folder) == [name]


def test_a_removed_tenants_folder_is_not_made_again(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Journal(tmp_path / "removed" / "arrivals").append([arrival(1)])
    assert not (tmp_path / "removed").exists()


def test_what_is_answered_is_on_disk_and_what_the_disk_did_not_take_is_written_again(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda file: synced.append(os.fstat(file).st_size))
    journal = Journal(folder)
    journal.append([arrival(1)])
    journal.sync()
    journal.sync()
    assert synced == [segments(folder)[0][1]], "once, with all of it"

    def broken(_: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fdatasync", broken)
        journal.append([arrival(2)])
        with pytest.raises(OSError, match="Input/output"):
            journal.sync()
    journal.append([arrival(3)])
    journal.sync()
    (_, first), (_, second) = sorted(segments(folder), key=lambda each: each[1])
    assert synced[-1] in (first, second)
    assert keys(folder) == [1, 2, 2, 3]
