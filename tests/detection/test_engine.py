"""The engine on arbitrary columns and facts: whatever comes in, scores come out, the same alone as in bulk."""

from __future__ import annotations

import numpy as np
import pytest

from detection.baselines.algebra import UNKNOWN, FirstValue
from detection.baselines.facts import FACTS
from detection.baselines.parts import read
from detection.baselines.values import FactValues
from detection.detectors.registry import DETECTORS
from detection.engine import CHUNK, Engine
from detection.mail.batch import COLUMNS, RAGGED, Level, MessageBatch
from detection.signals.registry import FAMILIES, SIGNALS, compute_signals

SMALL_RANGES = {"folder": 6, "recipient_role": 4, "spf": 8, "dkim": 8, "dmarc": 8, "arc": 8, "language": 10}
TRI_STATE = {"spf_aligned", "dkim_aligned"}
NOW = 1_700_000_000


def anything(n: int, seed: int, ragged: int = 4) -> tuple[MessageBatch, FactValues]:
    """n messages with arbitrary values in every column, missing ones among them, and arbitrary facts."""
    rng = np.random.default_rng(seed)
    offsets = {lv: np.concatenate(([0], np.cumsum(rng.integers(0, ragged, n)))).astype(np.int64) for lv in RAGGED}
    sizes = {Level.MESSAGE: n} | {lv: int(offsets[lv][-1]) for lv in RAGGED}
    arrays = {}
    for name, kind, level in COLUMNS:
        size = sizes[level]
        if str(kind) == "string":
            arrays[name] = ["x"] * size
        elif str(kind) == "bool":
            arrays[name] = rng.random(size) < 0.3
        elif str(kind) == "uint64":
            arrays[name] = rng.integers(0, 6, size, dtype=np.uint64)
        elif str(kind) == "double":
            arrays[name] = np.where(rng.random(size) < 0.2, np.nan, rng.random(size))
        elif name in TRI_STATE:
            arrays[name] = rng.integers(-1, 2, size).astype(np.int8)
        elif str(kind) == "int8":
            arrays[name] = rng.integers(0, SMALL_RANGES[name], size).astype(np.int8)
        elif str(kind) == "uint32":
            arrays[name] = rng.integers(0, 1 << 19, size, dtype=np.uint32)
        elif str(kind) == "uint16":
            arrays[name] = rng.choice([0, 0, 0, 1, 2, 7, 65_535], size).astype(np.uint16)
        else:
            arrays[name] = rng.choice([0, 0, 1, 50, 5_000, 10**9], size).astype(np.int64)
    arrays["time"] = rng.integers(NOW, NOW + 10**7, n).astype(np.int64)
    arrays["date_skew"] = rng.choice([np.iinfo(np.int64).min, -(10**11), 0, 5, 10**6], n)
    batch = MessageBatch(**arrays, offsets=offsets)
    facts = {}
    for name, fact in FACTS.items():
        size = sizes[fact.level]
        if isinstance(fact, FirstValue):
            values = rng.integers(0, 6, size)
        elif name.endswith(("_first", "_last")):
            values = rng.choice([0, NOW - 10**7, NOW - 5], size)
        else:
            values = rng.choice([0, 0, 1, 3, 400, 10**7], size)
        facts[fact] = np.where(read(fact.key, batch) == 0, UNKNOWN, values)
    return batch, FactValues(facts)


def test_one_message_alone_has_the_same_bits_as_in_bulk() -> None:
    batch, facts = anything(300, seed=1)
    bulk = Engine().score(batch, facts)
    assert bulk.signals is not None
    for i in range(len(batch)):
        alone = Engine().score(batch.take(i, i + 1), facts.take(batch, i, i + 1))
        assert alone.signals is not None
        assert alone.values[:, 0].tobytes() == bulk.values[:, i].tobytes()
        for name in SIGNALS:
            assert np.array_equal(alone.signals.arrays[name], bulk.signals.arrays[name][i : i + 1], equal_nan=True), (
                name
            )


def test_chunks_do_not_show_in_the_result() -> None:
    batch, facts = anything(CHUNK + 100, seed=2)
    whole = Engine().score(batch, facts)
    assert whole.signals is not None
    part = Engine().score(batch.take(CHUNK - 50, CHUNK + 100), facts.take(batch, CHUNK - 50, CHUNK + 100))
    assert np.array_equal(whole.values[:, CHUNK - 50 :], part.values)
    for name in SIGNALS:
        assert np.array_equal(whole.signals.arrays[name][CHUNK - 50 :], part.signals.arrays[name], equal_nan=True)
    assert np.array_equal(Engine().score(batch, facts, keep_signals=False).values, whole.values)


@pytest.mark.parametrize("ragged", [1, 4])
def test_every_signal_stays_in_its_declared_range_or_is_unknown(ragged: int) -> None:
    batch, facts = anything(2_000, seed=3, ragged=ragged)
    signals = compute_signals(batch, facts)
    for signal in SIGNALS.values():
        values = signals[signal]
        assert values.dtype == np.float64, signal.name
        assert values.shape == (2_000,), signal.name
        seen = values[~np.isnan(values)]
        assert not len(seen) or (signal.low <= seen.min() and seen.max() <= signal.high), signal.name
        assert np.isfinite(seen).all(), signal.name


def test_a_signal_computed_alone_is_the_signal_of_its_family() -> None:
    batch, facts = anything(50, seed=4)
    together = compute_signals(batch, facts)
    for signal in SIGNALS.values():
        assert np.array_equal(signal(batch, facts), together[signal], equal_nan=True), signal.name


def test_every_signal_belongs_to_exactly_one_family() -> None:
    assert sorted(name for family in FAMILIES for name in family.names) == sorted(SIGNALS)


def test_scores_are_finite_for_anything() -> None:
    batch, facts = anything(3_000, seed=5)
    scores = Engine().score(batch, facts)
    assert scores.values.shape == (len(DETECTORS), 3_000)
    assert np.isfinite(scores.values).all()


def test_nothing_to_score_gives_no_scores() -> None:
    batch, facts = anything(0, seed=6)
    assert len(Engine().score(batch, facts)) == 0


def test_scores_have_many_levels() -> None:
    """Ties are lost to calibration: messages that differ must hardly ever score alike."""
    batch, facts = anything(5_000, seed=7)
    scores = Engine().score(batch, facts)
    for name, row in zip(scores.detectors, scores.values, strict=True):
        assert len(np.unique(row)) > 4_900, name


def test_the_version_names_the_definitions() -> None:
    assert Engine().version == Engine().version
    assert len(Engine().version) == 12
