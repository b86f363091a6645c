"""A snapshot is there whole or not at all, says the same after it was mapped, and refuses what it cannot read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from random_mail import equal, random_batch

from detection.baselines.facts import FACTS
from detection.baselines.layout import Layout
from detection.baselines.look_up import CHUNK
from detection.baselines.overlay import Overlay
from detection.baselines.replay import replay
from detection.baselines.snapshot import Snapshot, SnapshotError, build, empty, merge, write
from detection.mail.batch import MessageBatch

HISTORY = random_batch(300, 1, span=10**6, names=40)
LATER = random_batch(40, 2, times=np.full(40, 1_700_000_000 + 10**6), names=60)


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    tables = build(HISTORY)
    write(tables, tmp_path / "acme" / "1", {"tenant": "acme"})
    snapshot = Snapshot.open(tmp_path / "acme" / "1")
    assert snapshot.version == Snapshot.of(tables).version
    assert snapshot.metadata == {"tenant": "acme"}
    assert (snapshot.messages, snapshot.first_time, snapshot.last_time) == (300, HISTORY.time[0], HISTORY.time[-1])
    assert equal(snapshot.look_up(LATER).arrays, Snapshot.of(tables).look_up(LATER).arrays, FACTS) == []


@pytest.mark.parametrize("most", [3, 30, 600])
def test_one_message_alone_and_many_together_get_the_same_values(most: int) -> None:
    later = random_batch(15, 2, times=np.full(15, 1_700_000_000 + 10**6), names=60, most=most)
    snapshot = Snapshot.of(build(HISTORY))
    together = snapshot.look_up(later)
    overlay = Overlay(snapshot)
    for row in range(len(later)):
        message = later.take(row, row + 1)
        expected = together.take(later, row, row + 1).arrays
        assert equal(snapshot.look_up(message).arrays, expected, FACTS) == []
        assert equal(overlay.look_up(message).arrays, expected, FACTS) == []
        overlay.learn(message)
    after = Overlay(merge(snapshot.tables, overlay.tables())).look_up(LATER).arrays
    assert equal(after, Snapshot.of(merge(build(HISTORY), build(later))).look_up(LATER).arrays, FACTS) == []


def test_a_batch_of_many_chunks_gets_the_same_values() -> None:
    n = CHUNK + 7
    many = random_batch(n, 3, times=np.full(n, 1_800_000_000), names=60, most=1)
    snapshot = Snapshot.of(build(HISTORY))
    values = snapshot.look_up(many)
    tail = snapshot.look_up(many.take(CHUNK - 5, n))
    assert equal(values.take(many, CHUNK - 5, n).arrays, tail.arrays, FACTS) == []


def test_the_same_tables_give_the_same_bytes(tmp_path: Path) -> None:
    write(build(HISTORY), tmp_path / "one", {"b": 1, "a": 2})
    halves = merge(build(HISTORY.take(0, 111)), build(HISTORY.take(111, 300)))
    write(halves, tmp_path / "two", {"a": 2, "b": 1})
    for name in ("facts.bin", "manifest.json"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


def test_writing_again_changes_nothing_and_another_is_refused(tmp_path: Path) -> None:
    write(build(HISTORY), tmp_path / "1")
    before = (tmp_path / "1" / "facts.bin").stat().st_mtime_ns
    write(build(HISTORY), tmp_path / "1")
    assert (tmp_path / "1" / "facts.bin").stat().st_mtime_ns == before
    with pytest.raises(SnapshotError, match="never overwritten"):
        write(build(LATER), tmp_path / "1")
    assert [path.name for path in tmp_path.iterdir()] == ["1"]


def test_a_failed_write_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(TypeError):
        write(build(HISTORY), tmp_path / "1", {"tenant": object()})
    assert list(tmp_path.iterdir()) == []


def test_no_history_can_be_written_and_looked_up(tmp_path: Path) -> None:
    write(empty(), tmp_path / "0")
    values = Snapshot.open(tmp_path / "0").look_up(LATER)
    assert all(set(array.tolist()) <= {0, -1} for array in values.arrays.values())
    nothing = Snapshot.open(tmp_path / "0").look_up(LATER.take(0, 0))
    assert all(len(array) == 0 for array in nothing.arrays.values())


def test_a_damaged_snapshot_says_so(tmp_path: Path) -> None:
    with pytest.raises(SnapshotError, match="no baseline at"):
        Snapshot.open(tmp_path / "none")
    write(build(HISTORY), tmp_path / "1")
    data = (tmp_path / "1" / "facts.bin").read_bytes()
    (tmp_path / "1" / "facts.bin").write_bytes(data[:-8])
    with pytest.raises(SnapshotError, match="build the baseline again"):
        Snapshot.open(tmp_path / "1")
    (tmp_path / "1" / "manifest.json").write_text("{")
    with pytest.raises(SnapshotError, match="damaged"):
        Snapshot.open(tmp_path / "1")


def test_tables_of_other_declarations_are_refused(tmp_path: Path) -> None:
    fewer = Layout({name: FACTS[name] for name in list(FACTS)[:5]})
    with pytest.raises(ValueError, match="different declarations"):
        merge(build(HISTORY), build(HISTORY, layout=fewer))
    write(build(HISTORY, layout=fewer), tmp_path / "1")
    with pytest.raises(SnapshotError, match="other declarations"):
        Snapshot.open(tmp_path / "1")
    manifest = json.loads((tmp_path / "1" / "manifest.json").read_text())
    assert manifest["facts"] == fewer.fingerprint


def test_mapped_memory_is_never_written(tmp_path: Path) -> None:
    write(build(HISTORY), tmp_path / "1")
    before = (tmp_path / "1" / "facts.bin").read_bytes()
    overlay = Overlay(Snapshot.open(tmp_path / "1").tables)
    overlay.learn(LATER)
    overlay.look_up(random_batch(3, 8, times=np.full(3, 1_900_000_000)))
    overlay.tables()
    assert (tmp_path / "1" / "facts.bin").read_bytes() == before


@pytest.mark.parametrize("learn", [np.ones(3, dtype=bool), np.ones(0, dtype=bool)])
def test_a_mask_of_the_wrong_length_is_refused(learn: np.ndarray) -> None:
    batch: MessageBatch = HISTORY.take(0, 5)
    for call in (build, replay, Overlay(empty()).learn):
        with pytest.raises(ValueError, match="learn has"):
            call(batch, learn)
