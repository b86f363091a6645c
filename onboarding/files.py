"""Files that are there whole or not at all: the only way the store touches the disk.

What becomes visible (a rename) or disappears (a removal) does so under a guard, when one is set: a run sets the one
that holds its lease (`onboarding.fencing`), so that a run which was declared dead and wakes up publishes nothing.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

TEMPORARY = ".tmp-"
"""How the names of files and folders begin that a killed process may leave behind; they are never read."""


class StoreError(Exception):
    """Something at rest cannot be written or read. The message says which file, what is wrong, and what to do."""

    place = ""
    """Where that is, when it is not on this machine."""


Guard = Callable[[], AbstractContextManager[object]]
"""Makes a block in which files may be published; entering it raises when that is no longer allowed."""

_guard: ContextVar[Guard] = ContextVar("guard of publishing", default=nullcontext)


@contextmanager
def guarded(guard: Guard) -> Iterator[None]:
    """Within the block (and what it submits with its context), files are published and removed under this guard."""
    before = _guard.set(guard)
    try:
        yield
    finally:
        _guard.reset(before)


def guard_of_publishing() -> AbstractContextManager[object]:
    """The block in which files may be published at this moment; entering it raises when that is no longer allowed."""
    return _guard.get()()


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: its size in bytes and the SHA-256 of its bytes, in hexadecimal."""

    bytes: int
    sha256: str


class Digesting:
    """A file open for writing that digests what passes through; enough of a file for Arrow to write to."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = sha256()
        self._bytes = 0
        self.closed = False

    def write(self, data: Any) -> int:
        view = memoryview(data).cast("B")
        self._file.write(view)
        self._digest.update(view)
        self._bytes += len(view)
        return len(view)

    def tell(self) -> int:
        return self._bytes

    def flush(self) -> None:
        """Flushed once, when whole."""

    def close(self) -> None:
        self.closed = True

    @property
    def written(self) -> Written:
        return Written(self._bytes, self._digest.hexdigest())


@contextmanager
def temporary(folder: Path) -> Iterator[tuple[Path, Digesting]]:
    """A new file in `folder` under a temporary name, on disk (fsync) when the block ends, gone when it fails.

    Whoever uses it moves it into place with `move_into_place`. Raises StoreError when it cannot be written.
    """
    path = folder / f"{TEMPORARY}{os.getpid()}-{os.urandom(6).hex()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with open(path, "xb") as file:
            sink = Digesting(file)
            yield path, sink
            file.flush()
            os.fsync(file.fileno())
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise StoreError(
                f"cannot write in {folder}: {error.strerror or error}; nothing of it was kept. Free space or allow "
                "writing there, then run the same command again"
            ) from error
        raise


def move_into_place(path: Path, final: Path, before: Callable[[], object] = lambda: None) -> None:
    """Renames a whole file or folder to its final name, replacing a file of that name, durably.

    `before` is done first, under the guard. Raises StoreError when it cannot be done, and what the guard and `before`
    raise; a file is gone then.
    """
    try:
        with guard_of_publishing():
            before()
            os.replace(path, final)
        sync_folder(final.parent)
    except BaseException as error:
        if not path.is_dir():
            path.unlink(missing_ok=True)
        if not isinstance(error, OSError):
            raise
        raise StoreError(
            f"cannot put {final.name} in place in {final.parent}: {error.strerror or error}; allow writing there, then "
            "run the same command again"
        ) from error


def write_whole(final: Path, write: Callable[[Digesting], object]) -> Written:
    """Writes a file so that `final` is, at any moment and after any crash, the old one or the new one."""
    with temporary(final.parent) as (path, sink):
        write(sink)
    move_into_place(path, final)
    return sink.written


def sync_folder(folder: Path) -> None:
    """Makes renames and removals in a folder survive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@dataclass(frozen=True, slots=True)
class Removed:
    """What a removal took away: files, and their bytes."""

    files: int
    bytes: int


def remove_tree(folder: Path) -> Removed:
    """Deletes a folder with everything in it (links, not what they point to), and looks that it is gone.

    A folder that is not there is gone already. Raises StoreError naming what is left.
    """
    if folder.is_symlink():
        raise StoreError(f"{folder} is a symbolic link and was left alone: remove what it points to yourself")
    if not folder.exists():
        return Removed(0, 0)
    files = size = 0
    for path, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                size += os.lstat(os.path.join(path, name)).st_size
            files += 1
    problems: list[str] = []
    with nullcontext() if folder.name.startswith(TEMPORARY) else guard_of_publishing():
        shutil.rmtree(folder, onerror=lambda _how, path, why: problems.append(f"{path}: {why[1]}"))
    if problems or folder.exists():
        raise StoreError(
            f"{folder} could not be removed whole ({len(problems)} left, first {problems[:1]}): allow deleting there, "
            "then run the same command again"
        )
    sync_folder(folder.parent)
    return Removed(files, size)
