"""Many parts of a history in one pass: the same bytes as the whole, whatever the cuts and their order."""

from __future__ import annotations

from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from functools import partial, reduce
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_mail import random_batch
from summary_facts import LAYOUTS, write_shard

from detection.baselines.facts import FACTS
from detection.baselines.layout import Layout
from detection.baselines.snapshot import Snapshot, build, empty, merge, version_of, write
from detection.baselines.unite import unite


@settings(deadline=None, max_examples=25)
@given(seed=st.integers(0, 2**32 - 1), size=st.integers(0, 60), shards=st.integers(1, 6), data=st.data())
def test_parts_unite_to_the_bytes_of_the_whole(seed: int, size: int, shards: int, data: st.DataObject) -> None:
    batch = random_batch(size, seed)
    shard = np.array(data.draw(st.lists(st.integers(0, shards - 1), min_size=size, max_size=size)), dtype=np.int64)
    parts = [build(batch, shard == number) for number in range(shards)]
    assert version_of(unite(parts)) == version_of(build(batch))
    assert version_of(unite(parts[::-1])) == version_of(reduce(merge, parts))


def test_mapped_parts_unite_like_those_in_memory(tmp_path: Path) -> None:
    parts = [build(random_batch(200, seed)) for seed in range(4)]
    mapped = [write(part, tmp_path / str(number)).tables for number, part in enumerate(parts)]
    assert version_of(unite(mapped)) == version_of(unite(parts)) == Snapshot.of(reduce(merge, parts)).version


def test_nothing_unites_to_nothing() -> None:
    assert version_of(unite([])) == version_of(unite([empty(), empty(), empty(), empty()])) == version_of(empty())


def test_parts_of_other_declarations_are_refused() -> None:
    few = Layout(dict(list(FACTS.items())[:3]))
    batch = random_batch(5, 1)
    with pytest.raises(ValueError, match="different declarations"):
        unite([build(batch), build(batch, layout=few), build(batch)])


@pytest.mark.parametrize("apart", ["threads", "processes"])
def test_shards_built_apart_unite_to_the_same_bytes(apart: str, tmp_path: Path) -> None:
    shards = 5
    in_turn = tmp_path / "in turn"
    workers: Executor = (
        ThreadPoolExecutor(4) if apart == "threads" else ProcessPoolExecutor(2, mp_context=get_context("spawn"))
    )
    with workers:
        for name, layout in LAYOUTS.items():
            whole = write_shard(in_turn, name, 0, 1)
            build_shard = partial(write_shard, tmp_path, name, shards=shards)
            parts = [Snapshot.open(folder, layout).tables for folder in workers.map(build_shard, range(shards))]
            united = write(unite(parts[::-1]), tmp_path / f"{name} united")
            assert united.version == Snapshot.open(whole, layout).version
            for file in ("facts.bin", "manifest.json"):
                assert (tmp_path / f"{name} united" / file).read_bytes() == (whole / file).read_bytes()
