"""Batches of random columns with many collisions, for tests of facts: built directly, without any parser."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from detection.mail.batch import COLUMNS, RAGGED, Level, MessageBatch

_SMALL = {"spf": 8, "dkim": 8, "dmarc": 8, "arc": 8, "folder": 6, "recipient_role": 4}
_TRI_STATE = ("spf_aligned", "dkim_aligned")


def random_batch(
    n: int,
    seed: int,
    *,
    times: np.ndarray[Any, Any] | None = None,
    names: int = 4,
    span: int = 12,
    most: int = 3,
    missing: float = 0.2,
) -> MessageBatch:
    """`n` messages, sorted by time over `span` seconds unless `times` says otherwise; keys are drawn from `names`
    values, so that collisions are the rule, and lack with probability `missing`; up to `most` ragged values each."""
    rng = np.random.default_rng(seed)
    sizes = {level: rng.integers(0, most + 1, n) for level in RAGGED}
    offsets = {level: np.concatenate(([0], np.cumsum(sizes[level]))).astype(np.int64) for level in RAGGED}
    columns: dict[str, Any] = {}
    for name, kind, level in COLUMNS:
        size = n if level is Level.MESSAGE else int(offsets[level][-1])
        columns[name] = _column(rng, name, kind, size, names, missing)
    if times is None:
        times = np.sort(rng.integers(1_700_000_000, 1_700_000_000 + span, n))
    columns["time"] = np.asarray(times, dtype=np.int64)
    columns["recipient_count"] = sizes[Level.RECIPIENT].astype(np.uint16)
    columns["own_recipient_count"] = np.minimum(rng.integers(0, 3, n), sizes[Level.RECIPIENT]).astype(np.uint16)
    return MessageBatch(**columns, offsets=offsets)


def _column(rng: np.random.Generator, name: str, kind: pa.DataType, size: int, names: int, missing: float) -> Any:
    if kind == pa.string():
        return [""] * size
    if kind == pa.uint64():
        # All keys share one set of values, so that a recipient is now and then a sender and a list a thread.
        values = (rng.integers(1, names + 1, size).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)) | np.uint64(1)
        return np.where(rng.random(size) < missing, np.uint64(0), values)
    if kind == pa.bool_():
        return rng.random(size) < 0.5
    if name in _TRI_STATE:
        return rng.integers(-1, 2, size).astype(np.int8)
    dtype = kind.to_pandas_dtype()
    return rng.integers(0, _SMALL.get(name, 5), size).astype(dtype)


def join(*batches: MessageBatch) -> MessageBatch:
    """The messages of several batches one after the other."""
    columns: dict[str, Any] = {}
    for name, kind, _ in COLUMNS:
        parts = [getattr(batch, name) for batch in batches]
        columns[name] = [text for part in parts for text in part] if kind == pa.string() else np.concatenate(parts)
    offsets = {
        level: np.concatenate(([0], np.cumsum(np.concatenate([np.diff(batch.offsets[level]) for batch in batches]))))
        for level in RAGGED
    }
    return MessageBatch(**columns, offsets=offsets)


def pick(batch: MessageBatch, rows: list[int]) -> MessageBatch:
    """Some messages of a batch, in the order of `rows`."""
    return join(batch.take(0, 0), *(batch.take(row, row + 1) for row in rows))


def equal(a: Mapping[Any, Any], b: Mapping[Any, Any], names: Mapping[str, Any]) -> list[str]:
    """Names of the facts whose values differ."""
    return [name for name, fact in names.items() if not np.array_equal(a[fact], b[fact])]
