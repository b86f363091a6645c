"""The truths of baselines: no future, live equals replay, nothing feeds itself, parts merge to the whole."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_mail import equal, join, pick, random_batch
from slow_facts import slow_replay

from detection.baselines.facts import FACTS
from detection.baselines.layout import LAYOUT
from detection.baselines.lesson import learn_few
from detection.baselines.overlay import Overlay
from detection.baselines.replay import replay
from detection.baselines.snapshot import Tables, build, empty, merge, version_of
from detection.mail.batch import MessageBatch

SEEDS = st.integers(0, 2**32 - 1)
DAY = 86_400


@st.composite
def histories(draw: st.DrawFn) -> tuple[MessageBatch, np.ndarray]:
    """A small sorted history and which of it may be learned from."""
    n = draw(st.integers(0, 14))
    seed = draw(SEEDS)
    span = draw(st.sampled_from([1, 4, 30, 3 * DAY, 40 * DAY]))
    names, missing, most = draw(st.integers(1, 4)), draw(st.sampled_from([0.0, 0.3])), draw(st.sampled_from([2, 7]))
    batch = random_batch(n, seed, span=span, names=names, missing=missing, most=most)
    learn = np.random.default_rng(seed).random(n) < draw(st.sampled_from([0.5, 1.0]))
    return batch, learn


def same_tables(a: Tables, b: Tables) -> bool:
    return version_of(a) == version_of(b)


@given(histories())
@settings(max_examples=40, deadline=None)
def test_replay_gives_what_the_declarations_mean(history: tuple[MessageBatch, np.ndarray]) -> None:
    batch, learn = history
    assert equal(replay(batch, learn).arrays, slow_replay(batch, learn, FACTS), FACTS) == []


@given(histories(), st.data())
@settings(max_examples=25, deadline=None)
def test_values_do_not_change_when_later_messages_are_added(
    history: tuple[MessageBatch, np.ndarray], data: st.DataObject
) -> None:
    batch, learn = history
    cut = data.draw(st.integers(0, len(batch)))
    before = replay(batch.take(0, cut), learn[:cut])
    whole = replay(batch, learn).take(batch, 0, cut)
    assert equal(before.arrays, whole.arrays, FACTS) == []


@given(histories(), st.lists(st.integers(0, 14), max_size=3))
@settings(max_examples=25, deadline=None)
def test_a_history_replayed_in_stretches_has_the_values_of_the_whole(
    history: tuple[MessageBatch, np.ndarray], cuts: list[int]
) -> None:
    batch, learn = history
    edges = sorted({0, len(batch), *(int(np.searchsorted(batch.time, batch.time[c])) for c in cuts if c < len(batch))})
    whole, before = replay(batch, learn), empty()
    for start, stop in pairwise(edges):
        stretch = batch.take(start, stop)
        values = replay(stretch, learn[start:stop], before=before)
        expected = whole.take(batch, start, stop).arrays
        assert equal({fact: values[fact] for fact in expected}, expected, FACTS) == []
        before = merge(before, build(stretch, learn[start:stop]))
    assert same_tables(before, build(batch, learn))


def test_a_stretch_that_reaches_into_what_was_learned_before_is_refused() -> None:
    batch = random_batch(6, 1, times=np.array([1, 2, 2, 2, 3, 4]))
    with pytest.raises(ValueError, match="cut history between two seconds"):
        replay(batch.take(2, 6), before=build(batch.take(0, 2)))


@given(histories(), st.data())
@settings(max_examples=25, deadline=None)
def test_live_one_by_one_equals_replay(history: tuple[MessageBatch, np.ndarray], data: st.DataObject) -> None:
    batch, learn = history
    cut = data.draw(st.integers(0, len(batch)))
    whole = int(np.searchsorted(batch.time, batch.time[cut])) if cut < len(batch) else cut
    overlay = Overlay(build(batch.take(0, whole), learn[:whole]))
    overlay.learn(batch.take(whole, cut), learn[whole:cut])
    replayed = replay(batch, learn)
    for row in range(cut, len(batch)):
        message = batch.take(row, row + 1)
        assert equal(overlay.look_up(message).arrays, replayed.take(batch, row, row + 1).arrays, FACTS) == []
        overlay.learn(message, learn[row : row + 1])


@given(histories(), st.integers(1, 5))
@settings(max_examples=20, deadline=None)
def test_live_in_batches_equals_replay(history: tuple[MessageBatch, np.ndarray], size: int) -> None:
    """Batches are learned before they are asked about: within one, each message must still see only its past."""
    batch, learn = history
    overlay = Overlay(empty())
    replayed = replay(batch, learn)
    for start in range(0, len(batch), size):
        stop = min(start + size, len(batch))
        overlay.learn(batch.take(start, stop), learn[start:stop])
        seen = overlay.look_up(batch.take(start, stop))
        assert equal(seen.arrays, replayed.take(batch, start, stop).arrays, FACTS) == []


@given(histories())
@settings(max_examples=20, deadline=None)
def test_messages_not_to_be_learned_leave_no_trace(history: tuple[MessageBatch, np.ndarray]) -> None:
    batch, learn = history
    kept = pick(batch, np.flatnonzero(learn).tolist())
    assert same_tables(build(batch, learn), build(kept))
    overlay = Overlay(empty())
    overlay.learn(batch, learn)
    assert same_tables(overlay.tables(), build(kept))
    all_alone = replay(kept)
    among_others = replay(batch, learn)
    for place, row in enumerate(np.flatnonzero(learn).tolist()):
        a, b = all_alone.take(kept, place, place + 1), among_others.take(batch, row, row + 1)
        assert equal(a.arrays, b.arrays, FACTS) == []


def test_a_message_does_not_see_itself() -> None:
    batch = random_batch(1, 5, missing=0.0)
    overlay = Overlay(empty())
    overlay.learn(batch)
    for values in (replay(batch), overlay.look_up(batch)):
        assert all((array == 0).all() for array in values.arrays.values())


@given(histories())
@settings(max_examples=40, deadline=None)
def test_a_few_messages_teach_what_the_bulk_build_learns(history: tuple[MessageBatch, np.ndarray]) -> None:
    batch, learn = history
    assert same_tables(learn_few(batch, learn, LAYOUT), build(batch, learn))


@given(histories(), st.data())
@settings(max_examples=25, deadline=None)
def test_shards_merge_to_the_bytes_of_the_whole(history: tuple[MessageBatch, np.ndarray], data: st.DataObject) -> None:
    batch, learn = history
    shard = data.draw(st.lists(st.integers(0, 2), min_size=len(batch), max_size=len(batch)))
    rows = [[row for row in range(len(batch)) if shard[row] == i] for i in range(3)]
    a, b, c = (build(pick(batch, mine), learn[mine]) for mine in rows)
    whole = build(batch, learn)
    assert same_tables(merge(merge(a, b), c), whole)
    assert same_tables(merge(a, merge(b, c)), whole)
    assert same_tables(merge(merge(c, a), b), whole)
    assert same_tables(merge(whole, empty()), whole)


@given(histories(), st.data())
@settings(max_examples=25, deadline=None)
def test_snapshot_and_overlay_merge_to_the_next_snapshot(
    history: tuple[MessageBatch, np.ndarray], data: st.DataObject
) -> None:
    batch, learn = history
    cut = data.draw(st.integers(0, len(batch)))
    snapshot = build(batch.take(0, cut), learn[:cut])
    overlay = Overlay(snapshot)
    for row in range(cut, len(batch)):
        overlay.look_up(batch.take(row, row + 1))
        overlay.learn(batch.take(row, row + 1), learn[row : row + 1])
    assert same_tables(merge(snapshot, overlay.tables()), build(batch, learn))


@given(histories(), SEEDS)
@settings(max_examples=20, deadline=None)
def test_looking_up_later_mail_sees_all_of_the_history(history: tuple[MessageBatch, np.ndarray], seed: int) -> None:
    batch, learn = history
    later = random_batch(3, seed, times=np.full(3, (int(batch.time[-1]) if len(batch) else 0) + 5))
    both = join(batch, later)
    values = replay(both, np.concatenate((learn, [False] * 3))).take(both, len(batch), len(both))
    overlay = Overlay(build(batch, learn))
    assert equal(overlay.look_up(later).arrays, values.arrays, FACTS) == []


def test_replay_refuses_mail_out_of_order() -> None:
    with pytest.raises(ValueError, match="sorted by time"):
        replay(random_batch(3, 1, times=np.array([5, 4, 6])))


def test_times_outside_of_what_facts_can_keep_count_as_the_nearest_second() -> None:
    batch = random_batch(6, 3, names=1, missing=0.0, times=np.array([-(10**12), 0, 1, 10**9, 2**33, 51_000_000_000]))
    learn = np.ones(6, dtype=bool)
    assert equal(replay(batch).arrays, slow_replay(batch, learn, FACTS), FACTS) == []
    overlay = Overlay(empty())
    for row in range(6):
        values = overlay.look_up(batch.take(row, row + 1))
        assert equal(values.arrays, replay(batch).take(batch, row, row + 1).arrays, FACTS) == []
        overlay.learn(batch.take(row, row + 1))


def test_late_mail_is_learned_and_answered() -> None:
    batch = random_batch(8, 4, times=np.array([50, 60, 70, 10, 80, 5, 5, 90]))
    overlay = Overlay(build(batch.take(0, 2)))
    for row in range(2, 8):
        overlay.look_up(batch.take(row, row + 1))
        overlay.learn(batch.take(row, row + 1))
    assert same_tables(merge(build(batch.take(0, 2)), overlay.tables()), build(batch))


def test_an_overlay_takes_a_backlog_at_once() -> None:
    batch = random_batch(120, 9, span=2 * DAY, names=6)
    cut = int(np.searchsorted(batch.time, batch.time[30]))
    overlay = Overlay(build(batch.take(0, cut)))
    overlay.learn(batch.take(cut, 110))
    values = overlay.look_up(batch.take(110, 120))
    replayed = replay(batch, np.arange(120) < 110).take(batch, 110, 120)
    assert equal(values.arrays, replayed.arrays, FACTS) == []
