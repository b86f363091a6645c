"""The message store at a URL (`GATEHOUSE_STORE`), for machines that share no folder: an object store, by fsspec.

At the URL lies the same tree as under a home: mail, history and stretches of every tenant. A home then has copies. What
is written is written in the home, put at the URL under a temporary name, and takes its name at both, under the guard of
`onboarding.files`. What is read is fetched when the home has no copy: all names but that of the history's manifest say
what is in the file (a digest of it, or of what it is made from), so that a copy is never out of date. What a killed
process leaves at the URL no record names; the next run sweeps it. Without a URL everything here is a plain file.
"""

from __future__ import annotations

import os
import re
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from pydantic import SecretStr

from onboarding.files import (
    TEMPORARY,
    Digesting,
    Removed,
    StoreError,
    Written,
    guard_of_publishing,
    move_into_place,
    remove_tree,
    temporary,
)

if TYPE_CHECKING:
    from onboarding.layout import TenantLayout

R = TypeVar("R")

_USER = re.compile(r"(?<=//)([^/\s]*)@")
"""User and password of a URL."""

LAST = "manifest.json"
"""Of a folder's files this one is put last and removed first: where it is, the folder is whole."""

AT_ONCE = 16
"""Files fetched side by side."""

COPIED = 1 << 22
"""Bytes fetched at a time."""


def write_shared(layout: TenantLayout, final: Path, write: Callable[[Digesting], object]) -> Written:
    """`files.write_whole` for a file of the store. Raises StoreError."""
    with temporary(final.parent) as (path, sink):
        write(sink)
    publish(layout, path, final)
    return sink.written


def publish(layout: TenantLayout, draft: Path, final: Path) -> None:
    """Gives a whole file or folder its final name, here and at the URL; there a folder's place has to be free.

    Raises StoreError when it cannot be done, and what the guard raises; a file is gone then.
    """
    if layout.shared is None:
        move_into_place(draft, final)
        return
    try:
        with layout.shared.putting(draft, layout.key(final), layout.key(layout.root)) as take_names:
            move_into_place(draft, final, take_names)
    except BaseException:
        if not draft.is_dir():
            draft.unlink(missing_ok=True)
        raise


def fetched(layout: TenantLayout, path: Path) -> Path:
    """`path`, which is a copy of what lies at the URL when it was not there; it is still not there when neither has it.

    Raises StoreError when the URL cannot be read or the copy cannot be written.
    """
    if layout.shared is not None and not path.exists():
        layout.shared.fetch(layout.key(path), path)
    return path


def fetch_all(layout: TenantLayout, paths: Sequence[Path]) -> None:
    """Fetches what will be read, side by side, since each file mostly waits."""
    if layout.shared is not None:
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="fetch") as fetching:
            deque(fetching.map(lambda path: fetched(layout, path), paths), maxlen=0)


def latest(layout: TenantLayout, path: Path) -> Path:
    """The same for a file whose content changes: always fetched anew."""
    if layout.shared is not None:
        layout.shared.fetch(layout.key(path), path)
    return path


def there(layout: TenantLayout, path: Path) -> bool:
    """Whether a file is in the store. Of a folder ask for its `manifest.json`."""
    return path.exists() if layout.shared is None else layout.shared.has(layout.key(path))


def names_in(layout: TenantLayout, folder: Path) -> set[str]:
    """Names of all files below a folder of the store and of its copy, relative to it, temporary ones included."""
    names = {os.path.relpath(os.path.join(at, name), folder) for at, _, files in os.walk(folder) for name in files}
    return names if layout.shared is None else names | set(layout.shared.sizes(layout.key(folder)))


def folders_in(layout: TenantLayout, folder: Path) -> list[str]:
    """Names of the folders right in a folder of the store and of its copy, which is there."""
    names = {path.name for path in folder.iterdir() if path.is_dir()}
    if layout.shared is not None:
        names |= {name.partition("/")[0] for name in layout.shared.sizes(layout.key(folder)) if "/" in name}
    return sorted(names)


def remove(layout: TenantLayout, path: Path) -> Removed:
    """Deletes a file or folder of the store and the copy of it. Raises StoreError when something stays."""
    gone = Removed(0, 0)
    if layout.shared is not None:
        with guard_of_publishing():
            gone = layout.shared.remove(layout.key(path))
    if path.is_dir():
        here = remove_tree(path)
    else:
        here = Removed(int(path.exists()), path.stat().st_size if path.exists() else 0)
        path.unlink(missing_ok=True)
    return Removed(max(gone.files, here.files), max(gone.bytes, here.bytes))


def sweep_shared(layout: TenantLayout) -> list[str]:
    """Takes away what processes that were killed while they put something have left at the URL."""
    if layout.shared is None:
        return []
    root = layout.key(layout.root)
    left = [name for name in layout.shared.children(root) if name.startswith(TEMPORARY)]
    for name in left:
        layout.shared.remove(f"{root}/{name}")
    return left


@dataclass(frozen=True, slots=True)
class SharedStore:
    """Files at a URL, by their keys: paths below it. Raises StoreError, without what is secret in the URL."""

    url: SecretStr

    def check(self) -> str:
        """What is wrong with the URL as far as can be seen without going there; empty when nothing is."""
        if "://" not in self.url.get_secret_value():
            return "is not a URL: write it like s3://bucket/folder or file:///mnt/gatehouse"
        if set("?*[") & set(self.shown):
            return "holds one of ? * [, which stand for other names: write it without"
        if "@" in self.shown:
            return "holds an @ beyond that of its user: write / and @ in a password as %2F and %40"
        from fsspec import get_filesystem_class

        for each in self.url.get_secret_value().split("::"):
            try:
                get_filesystem_class(each.partition("://")[0])
            except (ImportError, ValueError) as error:
                return f"cannot be used: {self._harmless(error)}"
        return ""

    @property
    def shown(self) -> str:
        """The URL without user and password, for people."""
        return _USER.sub("", self.url.get_secret_value())

    @contextmanager
    def putting(self, draft: Path, key: str, beside: str) -> Iterator[Callable[[], None]]:
        """Puts a file or the files of a folder under temporary names below `beside`; gives what lets them take their own,
        within the block. What has not taken its name when the block ends is gone."""
        names = [""] if not draft.is_dir() else sorted(os.listdir(draft), key=lambda name: (name == LAST, name))
        held: dict[str, str] = {}

        def put(files: Any, root: str) -> None:
            for name in names:
                at = f"{root}/{beside}/{TEMPORARY}{os.getpid()}-{os.urandom(6).hex()}"
                held[at] = f"{root}/{key}/{name}".rstrip("/")
                _in_folder(files, at, partial(files.put_file, str(draft / name), at))

        def take_names(files: Any, root: str) -> None:
            for at, final in list(held.items()):
                _in_folder(files, final, partial(files.mv, at, final))
                del held[at]

        try:
            self._do("write", put)
            yield lambda: self._do("write", take_names)
        finally:
            for at in held:
                with suppress(Exception):  # the sweep takes it
                    self._open()[0].rm_file(at)

    def fetch(self, key: str, path: Path) -> None:
        """Copies a file or folder to `path`, whole or not at all. When it is not at the URL, nothing happens."""

        def get(files: Any, root: str) -> None:
            place = f"{root}/{key}"
            with suppress(FileNotFoundError, IsADirectoryError), files.open(place, "rb") as source:
                self._copy(source, path)
                return
            draft = path.with_name(f"{TEMPORARY}{os.getpid()}-{os.urandom(6).hex()}")
            try:
                for name in self.sizes(key):
                    with files.open(f"{place}/{name}", "rb") as source:
                        self._copy(source, draft / name)
                with suppress(OSError):  # nothing was there, or somebody else was quicker
                    draft.rename(path)
            finally:
                remove_tree(draft)

        self._do("read", get)

    def has(self, key: str) -> bool:
        """Whether there is such a file."""
        return self._do("read", lambda files, root: bool(files.isfile(f"{root}/{key}")))

    def children(self, key: str) -> list[str]:
        """Names of files and folders right in a folder; none of one that is not there."""

        def names(files: Any, root: str) -> list[str]:
            with suppress(FileNotFoundError, NotADirectoryError):
                return sorted(
                    str(each).rstrip("/").rpartition("/")[2] for each in files.ls(f"{root}/{key}", detail=False)
                )
            return []

        return self._do("read", names)

    def sizes(self, key: str) -> dict[str, int]:
        """Bytes of every file below a folder, by its name relative to it."""

        def found(files: Any, root: str) -> dict[str, int]:
            place = files._strip_protocol(f"{root}/{key}").rstrip("/")
            each = sorted(files.find(place, detail=True).items())
            return {str(name)[len(place) + 1 :]: int(about["size"] or 0) for name, about in each if str(name) != place}

        return self._do("read", found)

    def remove(self, key: str) -> Removed:
        """Deletes a file or a folder, and looks that it is gone."""

        def removed(files: Any, root: str) -> Removed:
            place = f"{root}/{key}"
            if files.isfile(place):
                size = int(files.size(place) or 0)
                files.rm_file(place)
                return Removed(1, size)
            sizes = self.sizes(key)
            for name in sizes:
                if Path(name).name == LAST:
                    files.rm_file(f"{place}/{name}")
            if files.isdir(place):
                files.rm(place, recursive=True)
            files.invalidate_cache()
            if left := self.sizes(key):
                raise StoreError(
                    f"{len(left)} files of {key} are still at {self.shown}: allow deleting there, then try again"
                )
            return Removed(len(sizes), sum(sizes.values()))

        return self._do("delete", removed)

    def _copy(self, source: Any, path: Path) -> None:
        def read(*_: Any) -> bytes:
            return bytes(source.read(COPIED))

        with temporary(path.parent) as (draft, sink):
            # What is wrong with reading is said as such, and not as something that is wrong with the copy.
            while data := self._do("read", read):
                sink.write(data)
            size = getattr(source, "size", None)
            if size is not None and size != sink.tell():
                raise StoreError(
                    f"{path.name} came as {sink.tell()} of {size} bytes from {self.shown}: run the same command again"
                )
        os.replace(draft, path)

    def _open(self) -> tuple[Any, str]:
        # Only who has a store at a URL waits for it to be imported.
        from fsspec.core import url_to_fs

        files, root = url_to_fs(self.url.get_secret_value())
        files.invalidate_cache()
        return files, root.rstrip("/")

    def _do(self, what: str, work: Callable[[Any, str], R]) -> R:
        """Something with the file system and where the store begins in it; what is raised is said in our words."""
        try:
            return work(*self._open())
        except StoreError:
            raise
        except Exception as error:
            number = getattr(error, "errno", None)
            said = self._harmless(error)
        # Out of the except block: what was raised may hold the URL with its password, and would hang on this.
        problem = StoreError(
            f"cannot {what} at {self.shown}: {said}; what was recorded before still counts. See that it answers, that "
            f"{'reading' if what == 'read' else 'writing'} is allowed there and that there is space, then run the same "
            "command again"
        )
        problem.place = self.shown
        raise problem from (OSError(number, said) if isinstance(number, int) else None)

    def _harmless(self, error: BaseException) -> str:
        """What an error says, in one line, without what is secret in the URL."""
        said, url = " ".join(str(error).split()) or type(error).__name__, self.url.get_secret_value()
        users = [user for found in _USER.findall(url) for user in (found, *found.split(":", 1)[1:]) if user]
        for secret in sorted({*users, *map(unquote, users)}, key=len, reverse=True):
            said = said.replace(secret, "***")
        return said[:500]


def _in_folder(files: Any, place: str, act: Callable[[], object]) -> None:
    """Writes to a place; most stores have no folders, and where there are, most are there already."""
    try:
        act()
    except FileNotFoundError:
        files.makedirs(files._parent(place), exist_ok=True)
        act()


def drop_copies(folder: Path, older_than: float) -> int:
    """Deletes the copies in a folder that were last written before a moment (seconds since the epoch); gives how many."""
    old = [path for path in folder.rglob("*") if path.is_file() and path.stat().st_mtime < older_than]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


__all__ = [
    "LAST",
    "SharedStore",
    "drop_copies",
    "fetch_all",
    "fetched",
    "folders_in",
    "latest",
    "names_in",
    "publish",
    "remove",
    "sweep_shared",
    "there",
    "write_shared",
]
