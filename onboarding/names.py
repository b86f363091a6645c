"""Texts of the keys that a reason may have to name: the tenant's own addresses, and the domains it corresponds with.

Written beside a baseline, since a baseline itself holds keys only. Read on demand: nothing is loaded until a message is
explained.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from detection.keys import NO_KEY, Keys
from detection.mail.batch import MessageBatch
from detection.mail.domains import site_of
from onboarding.files import write_whole


class KeyNames:
    """Texts by key: `names(key)` gives the text, or None. Keys are sorted, so a look-up is a binary search."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, key: int) -> str | None:
        keys, texts = self._loaded
        at = int(np.searchsorted(keys, np.uint64(key)))
        return str(texts[at].as_py()) if at < len(keys) and int(keys[at]) == key else None

    @cached_property
    def _loaded(self) -> tuple[Keys, pa.Array]:
        table = pq.read_table(self._path).combine_chunks()
        return table.column("key").to_numpy(), table.column("text")


class NamesFound:
    """The names met in a history, added stretch by stretch: of each key the spelling that came first."""

    def __init__(self) -> None:
        self._own: dict[int, str] = {}
        self._sites: dict[int, str] = {}

    @classmethod
    def read(cls, path: Path) -> Self:
        """Those that were written, to be added to."""
        found = cls()
        table = pq.read_table(path)
        found._sites.update(zip(table.column("key").to_pylist(), table.column("text").to_pylist(), strict=True))
        return found

    def add(self, batch: MessageBatch) -> None:
        """The names in later messages, `batch` having its string columns."""
        _, first = np.unique(batch.sender_key, return_index=True)
        for row in first[batch.sender_is_own[first]].tolist():
            self._own.setdefault(int(batch.sender_key[row]), batch.sender[row])
        _, first = np.unique(batch.sender_site_key, return_index=True)
        for row in first.tolist():
            if (key := int(batch.sender_site_key[row])) not in self._sites:
                self._sites[key] = site_of(batch.sender_domain[row])

    def write(self, path: Path) -> None:
        """The same history gives the same bytes, however it was cut."""
        found = self._own | self._sites
        found.pop(NO_KEY, None)
        keys = sorted(found)
        texts = pa.array([found[key] for key in keys], pa.string())
        table = pa.table({"key": pa.array(keys, pa.uint64()), "text": texts})
        write_whole(path, lambda sink: pq.write_table(table, sink, compression="zstd", write_statistics=False))


def write_names(batch: MessageBatch, path: Path) -> None:
    """Writes the names found in a history (with its string columns)."""
    found = NamesFound()
    found.add(batch)
    found.write(path)
