"""The truths of facts of several cells: decayed counts, rates, sketched counts, most frequent values."""

from __future__ import annotations

from functools import reduce
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_mail import equal, join, pick, random_batch
from slow_facts import slow_replay
from summary_facts import DAY, FACTS, SUMMARIES

from detection.baselines.algebra import Cells, Summary
from detection.baselines.asking import facts_for
from detection.baselines.lesson import learn_few
from detection.baselines.overlay import Overlay
from detection.baselines.parts import LINK_SITE, NETWORK, SENDER
from detection.baselines.replay import replay
from detection.baselines.rows import reduced
from detection.baselines.snapshot import Tables, build, empty, merge, version_of
from detection.baselines.summaries import DecayedCount, Rate, SketchedCount, TopValues, place_among
from detection.baselines.unite import unite
from detection.mail.batch import MessageBatch

SEEDS = st.integers(0, 2**32 - 1)
KINDS: list[Summary] = [
    DecayedCount((SENDER,), half_life=DAY),
    Rate((SENDER,)),
    SketchedCount((SENDER,), of=NETWORK),
    TopValues((SENDER,), of=NETWORK),
]
LEAST = settings(max_examples=15, deadline=None)


@st.composite
def histories(draw: st.DrawFn) -> tuple[MessageBatch, np.ndarray]:
    """A small sorted history and which of it may be learned from."""
    n, seed = draw(st.integers(0, 40)), draw(SEEDS)
    span, names = draw(st.sampled_from([1, 30, 3 * DAY, 40 * DAY])), draw(st.sampled_from([1, 3, 60]))
    batch = random_batch(n, seed, span=span, names=names, missing=draw(st.sampled_from([0.0, 0.3])), most=7)
    return batch, np.random.default_rng(seed).random(n) < draw(st.sampled_from([0.5, 1.0]))


def bulk(batch: MessageBatch, learn: np.ndarray | None = None) -> Tables:
    return build(batch, learn, SUMMARIES)


def same(a: Tables, b: Tables) -> bool:
    return version_of(a) == version_of(b)


@given(histories())
@LEAST
def test_replay_gives_what_the_kinds_mean(history: tuple[MessageBatch, np.ndarray]) -> None:
    batch, learn = history
    assert equal(replay(batch, learn, SUMMARIES).arrays, slow_replay(batch, learn, FACTS), FACTS) == []


@pytest.mark.parametrize("seed", range(3))
def test_a_long_history_of_few_keys_means_the_same(seed: int) -> None:
    """Keys with dozens of values: what is kept of them is a choice, and has to be the same one."""
    batch = random_batch(250, seed, span=40 * DAY, names=60, most=9, missing=0.1)
    batch.sender_key[:] = batch.sender_key[0] | np.uint64(1)
    learn = np.random.default_rng(seed).random(250) < 0.9
    replayed = replay(batch, learn, SUMMARIES)
    assert equal(replayed.arrays, slow_replay(batch, learn, FACTS), FACTS) == []
    assert equal(facts_for(batch, batch, learn, SUMMARIES).arrays, replayed.arrays, FACTS) == []


@given(histories(), st.data())
@LEAST
def test_values_do_not_change_when_later_messages_are_added(
    history: tuple[MessageBatch, np.ndarray], data: st.DataObject
) -> None:
    batch, learn = history
    cut = data.draw(st.integers(0, len(batch)))
    before = replay(batch.take(0, cut), learn[:cut], SUMMARIES)
    assert equal(before.arrays, replay(batch, learn, SUMMARIES).take(batch, 0, cut).arrays, FACTS) == []


@given(histories(), st.lists(st.integers(0, 39), max_size=3))
@LEAST
def test_a_history_replayed_in_stretches_has_the_values_of_the_whole(
    history: tuple[MessageBatch, np.ndarray], cuts: list[int]
) -> None:
    batch, learn = history
    edges = sorted({0, len(batch), *(int(np.searchsorted(batch.time, batch.time[c])) for c in cuts if c < len(batch))})
    whole, before = replay(batch, learn, SUMMARIES), empty(SUMMARIES)
    for start, stop in pairwise(edges):
        stretch = batch.take(start, stop)
        values = replay(stretch, learn[start:stop], SUMMARIES, before)
        assert equal(values.arrays, whole.take(batch, start, stop).arrays, FACTS) == []
        before = merge(before, bulk(stretch, learn[start:stop]))
    assert same(before, bulk(batch, learn))


@given(histories(), st.data(), st.integers(1, 4))
@LEAST
def test_live_equals_replay_and_merges_to_the_next_snapshot(
    history: tuple[MessageBatch, np.ndarray], data: st.DataObject, size: int
) -> None:
    batch, learn = history
    cut = data.draw(st.integers(0, len(batch)))
    whole = int(np.searchsorted(batch.time, batch.time[cut])) if cut < len(batch) else cut
    snapshot = bulk(batch.take(0, whole), learn[:whole])
    overlay = Overlay(snapshot)
    replayed = replay(batch, learn, SUMMARIES)
    for start in range(whole, len(batch), size):
        stop = min(start + size, len(batch))
        if size > 1:
            overlay.learn(batch.take(start, stop), learn[start:stop])
        seen = overlay.look_up(batch.take(start, stop))
        assert equal(seen.arrays, replayed.take(batch, start, stop).arrays, FACTS) == []
        if size == 1:
            overlay.learn(batch.take(start, stop), learn[start:stop])
    assert same(merge(snapshot, overlay.tables()), bulk(batch, learn))


@given(histories())
@LEAST
def test_messages_not_to_be_learned_leave_no_trace(history: tuple[MessageBatch, np.ndarray]) -> None:
    batch, learn = history
    kept = bulk(pick(batch, np.flatnonzero(learn).tolist()))
    assert same(bulk(batch, learn), kept)
    assert same(learn_few(batch, learn, SUMMARIES), kept)


def test_a_message_does_not_see_itself_and_a_missing_key_is_unknown() -> None:
    batch = random_batch(1, 5, missing=0.0)
    batch.network_key[:] = 0
    overlay = Overlay(empty(SUMMARIES))
    overlay.learn(batch)
    for values in (replay(batch, layout=SUMMARIES), overlay.look_up(batch)):
        assert all((array == 0).all() for array in values.arrays.values())
    later = random_batch(1, 5, missing=0.0, times=batch.time + 10)
    assert overlay.look_up(later)[FACTS["sender_networks"]].tolist() == [0], "a missing value is not a value"
    batch.sender_key[:] = 0
    later.sender_key[:] = 0
    assert overlay.look_up(later)[FACTS["sender_decayed"]].tolist() == [-1]
    assert replay(join(batch, later), layout=SUMMARIES)[FACTS["sender_networks"]].tolist() == [-1, -1]


@given(histories(), st.integers(1, 5), st.data())
@LEAST
def test_shards_merge_and_unite_to_the_bytes_of_the_whole(
    history: tuple[MessageBatch, np.ndarray], shards: int, data: st.DataObject
) -> None:
    batch, learn = history
    drawn = data.draw(st.lists(st.integers(0, shards - 1), min_size=len(batch), max_size=len(batch)))
    shard = np.array(drawn, dtype=np.int64)
    parts = [bulk(batch, learn & (shard == number)) for number in range(shards)]
    whole = bulk(batch, learn)
    assert same(reduce(merge, parts), whole)
    assert same(reduce(lambda a, b: merge(b, a), parts[::-1]), whole)
    assert same(unite(parts), whole)
    assert same(unite(parts[::-1]), whole)


def many_rows(kind: Summary, seed: int, n: int = 60) -> Cells:
    """Rows as they come from one to some hundred messages, some of them up to what a cell can count."""
    rng = np.random.default_rng(seed)
    seconds = rng.integers(1_700_000_000, 1_700_000_000 + 30 * DAY, 20 * n).astype(np.uint32)
    values = rng.integers(1, 40, 20 * n).astype(np.uint64)
    groups = np.sort(rng.integers(0, n, 20 * n))
    rows = reduced(kind, groups, kind.lift_rows(seconds, values))[1]
    for _ in range(17):
        rows[::3] = kind.merge_rows(rows[::3], rows[::3])
    return rows


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: type(kind).__name__)
@pytest.mark.parametrize("seed", range(3))
def test_rows_merge_in_any_order_to_the_bit(kind: Summary, seed: int) -> None:
    rows = many_rows(kind, seed)
    rng = np.random.default_rng(seed)
    a, b, c = (rows[rng.permutation(len(rows))] for _ in range(3))
    one = kind.merge_rows
    assert np.array_equal(one(a, b), one(b, a))
    assert np.array_equal(one(one(a, b), c), one(a, one(b, c)))
    assert np.array_equal(one(a, np.zeros_like(a)), a)
    assert kind.read_rows(np.zeros_like(a), np.full(len(a), 1_700_000_000, dtype=np.uint32)).tolist() == [0] * len(a)


@pytest.mark.parametrize("age_days", [0, 1, 2, 5, 10, 30])
def test_a_decayed_count_lies_within_the_promised_factor_of_smooth_decay(age_days: int) -> None:
    kind = DecayedCount((SENDER,), half_life=7 * DAY)
    then = 1_700_000_000 + np.arange(0, 30 * DAY, 7_919)
    rows = kind.lift_rows(then.astype(np.uint32), np.zeros(len(then), dtype=np.uint64))
    told = kind.read_rows(rows, (then + age_days * DAY).astype(np.uint32)) / 1_024
    smooth = 2.0 ** (-age_days / 7)
    assert (told >= smooth / 2**0.5 - 1e-3).all()
    assert (told <= smooth * 2**0.5 + 1e-3).all()


def test_a_decayed_count_forgets() -> None:
    kind = DecayedCount((SENDER,), half_life=DAY)
    row = kind.lift_rows(np.array([1_700_000_000], dtype=np.uint32), np.zeros(1, dtype=np.uint64))
    assert kind.read_rows(row, np.array([1_700_000_000 + 6 * DAY + DAY // 2], dtype=np.uint32)).tolist() == [0]


def test_a_half_life_too_short_to_number_its_steps_is_refused() -> None:
    with pytest.raises(ValueError, match="13 hours"):
        DecayedCount((SENDER,), half_life=3_600)
    shortest = DecayedCount((SENDER,), half_life=13 * 3_600)
    end = np.array([2**32 - 1], dtype=np.uint32)
    assert shortest.read_rows(shortest.lift_rows(end, np.zeros(1, dtype=np.uint64)), end).tolist() == [1_024]


@pytest.mark.parametrize("different", [1, 5, 20, 60, 150, 400, 3_000])
def test_a_sketched_count_errs_as_little_as_it_says(different: int) -> None:
    kind = SketchedCount((SENDER,), of=NETWORK)
    keys = 200
    values = np.random.default_rng(different).integers(1, 2**63, keys * different).astype(np.uint64)
    groups = np.repeat(np.arange(keys), different)
    rows = reduced(kind, groups, kind.lift_rows(np.ones(len(values), dtype=np.uint32), values))[1]
    told = kind.read_rows(rows, np.ones(keys, dtype=np.uint32))
    error = float(np.sqrt(np.mean((told / different - 1) ** 2)))
    assert error < 1.25 * 1.04 / 64**0.5
    assert abs(told.mean() / different - 1) < 0.05


def top_of(kind: TopValues, values: list[int]) -> np.ndarray:
    taught = np.array(values, dtype=np.uint64)
    rows = kind.lift_rows(np.ones(len(taught), dtype=np.uint32), taught)
    return kind.read_rows(reduced(kind, np.zeros(len(taught), dtype=np.int64), rows)[1], np.ones(1, dtype=np.uint32))


def test_the_most_frequent_values_are_told_in_order() -> None:
    top = top_of(TopValues((SENDER,), of=NETWORK), [1] * 5 + [2] * 9 + [3] * 2 + [4] * 7 + [5])
    asked = np.array([2, 4, 1, 3, 5, 6, 0], dtype=np.uint64)
    assert place_among(asked, np.repeat(top, 7)).tolist() == [1, 2, 3, 4, 0, 0, -1]
    assert place_among(asked[:1], np.array([-1])).tolist() == [-1]
    assert place_among(asked[:1], np.array([0])).tolist() == [0]


def test_where_more_values_than_are_kept_may_exist_absence_is_unknown() -> None:
    top = top_of(TopValues((SENDER,), of=NETWORK), list(range(1, 41)))
    places = place_among(np.arange(1, 81, dtype=np.uint64), np.repeat(top, 80))
    assert sorted(places.tolist()) == [-1] * 76 + [1, 2, 3, 4]


@given(SEEDS, st.integers(1, 15))
@LEAST
def test_under_16_values_the_most_frequent_are_exact(seed: int, different: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(1, different + 1, 300)
    top = top_of(TopValues((SENDER,), of=LINK_SITE), values.tolist())
    asked, times = np.unique(values, return_counts=True)
    place = place_among(asked.astype(np.uint64), np.repeat(top, len(asked)))
    by_place = times[np.argsort(np.where(place == 0, 99, place), kind="stable")]
    assert by_place[:4].tolist() == sorted(times.tolist(), reverse=True)[:4]
    assert sorted(place[place > 0].tolist()) == list(range(1, min(4, len(asked)) + 1))


def test_beyond_16_values_a_value_is_kept_as_often_as_promised() -> None:
    """Of 64 values the by far most frequent one is among the 16 of a quarter of the keys."""
    kind = TopValues((SENDER,), of=NETWORK)
    rng = np.random.default_rng(8)
    kept = []
    for _ in range(300):
        values = rng.integers(1, 2**63, 64)
        top = top_of(kind, [*values.tolist(), *[int(values[0])] * 10])
        kept.append(int(place_among(values[:1].astype(np.uint64), top)[0]) == 1)
    assert abs(np.mean(kept) - 0.25) < 0.1
