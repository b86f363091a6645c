"""A tenant's baseline on disk: immutable, versioned by its content, memory-mapped.

A snapshot is a folder of two files: `facts.bin`, the arrays of `Tables` one after the other (little-endian, each at a
multiple of 64 bytes), and `manifest.json`, which says where they lie. One file, so that an open snapshot costs one file
descriptor. Pages are read when they are touched and shared between processes.
"""

from __future__ import annotations

import json
import mmap
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Self

import numpy as np

from detection.baselines.layout import LAYOUT, Layout
from detection.baselines.look_up import look_up
from detection.baselines.merge import merge
from detection.baselines.tables import Tables, build, empty
from detection.baselines.values import FactValues
from detection.mail.batch import MessageBatch

__all__ = ["Snapshot", "SnapshotError", "Tables", "build", "empty", "merge", "version_of", "write"]

FORMAT = 1
_ARRAYS = {"keys": "<u8", "cells": "<u4", "elements": "<u8", "parents": "<u8", "recent": "<u8", "bounds": "<i8"}
_ALIGNMENT = 64


class SnapshotError(Exception):
    """A snapshot cannot be written or opened. The message says which, what is wrong and what to do."""


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A baseline that can be looked up: tables, their version (32 hex digits of their content), and what was said of
    them when they were written."""

    tables: Tables
    version: str
    metadata: Mapping[str, Any]

    @classmethod
    def of(cls, tables: Tables, metadata: Mapping[str, Any] | None = None) -> Self:
        """A snapshot in memory only."""
        return cls(tables, version_of(tables), metadata or {})

    @classmethod
    def open(cls, folder: Path | str, layout: Layout = LAYOUT) -> Self:
        """Maps a written snapshot: milliseconds, whatever its size.

        Raises SnapshotError when there is none, when it is damaged, or when it was built from other declarations.
        """
        folder = Path(folder)
        manifest = _manifest(folder)
        if manifest["facts"] != layout.fingerprint:
            raise SnapshotError(f"baseline {folder} was built from other declarations of facts: build it again")
        path = folder / "facts.bin"
        try:
            with path.open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                if size != manifest["bytes"]:
                    raise SnapshotError(f"{path} has {size} bytes, not {manifest['bytes']}: build the baseline again")
                data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except OSError as error:
            raise SnapshotError(f"cannot map {path}: {error.strerror}; build the baseline again") from error
        arrays: dict[str, Any] = {
            name: np.frombuffer(data, dtype=kind, count=manifest["arrays"][name][1], offset=manifest["arrays"][name][0])
            for name, kind in _ARRAYS.items()
        }
        history = manifest["history"]
        return cls(Tables(**arrays, **history, layout=layout), manifest["version"], manifest["metadata"])

    @property
    def messages(self) -> int:
        """Messages learned from."""
        return self.tables.messages

    @property
    def first_time(self) -> int:
        """Time of the first of them, seconds since the epoch; 0 when there are none."""
        return self.tables.first_time

    @property
    def last_time(self) -> int:
        """Time of the last of them, seconds since the epoch; 0 when there are none."""
        return self.tables.last_time

    def look_up(self, batch: MessageBatch) -> FactValues:
        """Every fact's value for every message of the batch, from all of this history."""
        return look_up(self.tables, batch)


def version_of(tables: Tables) -> str:
    """The digest of the tables' content and of the declarations they were built from."""
    digest = blake2b(f"{FORMAT} {tables.layout.fingerprint} {_history(tables)}".encode(), digest_size=16)
    for name, kind in _ARRAYS.items():
        array = np.ascontiguousarray(getattr(tables, name), dtype=kind)
        digest.update(f"{name} {len(array)} ".encode())
        digest.update(array.data)
    return digest.hexdigest()


def write(tables: Tables, folder: Path | str, metadata: Mapping[str, Any] | None = None) -> Snapshot:
    """Writes a snapshot so that it is there whole or not at all, and opens it.

    The same tables and metadata give the same bytes. Writing the same again changes nothing; raises SnapshotError when
    the folder holds anything else.
    """
    folder = Path(folder)
    version = version_of(tables)
    if folder.exists():
        if _manifest(folder)["version"] != version:
            raise SnapshotError(f"{folder} holds another baseline already, and baselines are never overwritten")
        return Snapshot.open(folder, tables.layout)
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.draft")
    folder.parent.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        _write_files(tables, draft, version, metadata or {})
        try:
            draft.rename(folder)
        except OSError as error:
            if not folder.exists() or _manifest(folder)["version"] != version:
                raise SnapshotError(f"cannot put the baseline at {folder}: {error.strerror}") from error
        _sync(folder.parent)
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return Snapshot.open(folder, tables.layout)


def _write_files(tables: Tables, folder: Path, version: str, metadata: Mapping[str, Any]) -> None:
    places: dict[str, tuple[int, int]] = {}
    with (folder / "facts.bin").open("wb") as file:
        for name, kind in _ARRAYS.items():
            array = np.ascontiguousarray(getattr(tables, name), dtype=kind)
            file.write(b"\0" * (-file.tell() % _ALIGNMENT))
            places[name] = (file.tell(), len(array))
            file.write(array.data)
        size = file.tell()
        file.flush()
        os.fsync(file.fileno())
    manifest = {
        "format": FORMAT,
        "version": version,
        "facts": tables.layout.fingerprint,
        "bytes": size,
        "arrays": places,
        "history": _history(tables),
        "metadata": dict(metadata),
    }
    with (folder / "manifest.json").open("w", encoding="utf-8") as text:
        json.dump(manifest, text, indent=1, sort_keys=True)
        text.flush()
        os.fsync(text.fileno())
    _sync(folder)


def _history(tables: Tables) -> dict[str, int]:
    return {"messages": tables.messages, "first_time": tables.first_time, "last_time": tables.last_time}


def _manifest(folder: Path) -> dict[str, Any]:
    path = folder / "manifest.json"
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SnapshotError(f"no baseline at {folder}: {error.strerror}") from error
    except ValueError as error:
        raise SnapshotError(f"{path} is damaged ({error}): build the baseline again") from error
    if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
        raise SnapshotError(f"{path} is of another format than {FORMAT}: build the baseline again")
    return manifest


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
