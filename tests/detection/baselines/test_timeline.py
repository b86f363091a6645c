"""Sorting by key is the stable sort, whatever the keys look like."""

from __future__ import annotations

import numpy as np
import pytest

from detection.baselines.timeline import stable_order

RANDOM = np.random.default_rng(7)
HASHED = RANDOM.integers(0, 2**64, 900, dtype=np.uint64)


@pytest.mark.parametrize(
    "keys",
    [
        np.zeros(0, dtype=np.uint64),
        HASHED[RANDOM.integers(0, 900, 10_000)],
        np.ones(5_000, dtype=np.uint64),
        RANDOM.integers(0, 9, 5_000).astype(np.uint64),
        # The same upper bits: only what the packed sort leaves out tells them apart.
        (HASHED[:3][RANDOM.integers(0, 3, 9_000)] & np.uint64(2**64 - 256)) | RANDOM.integers(0, 5, 9_000).astype("u8"),
        np.full(4_096, 2**64 - 1, dtype=np.uint64),
    ],
    ids=["empty", "hashed", "all alike", "small", "alike at the top", "greatest"],
)
def test_stable_order_is_the_stable_sort(keys: np.ndarray) -> None:
    order, ordered = stable_order(keys)
    assert np.array_equal(order, np.argsort(keys, kind="stable"))
    assert np.array_equal(ordered, keys[order])
