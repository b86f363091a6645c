"""Scores of the replay at rest: what calibration, diffs and reports read instead of mail.

One Parquet file a (history, engine): a row a message of history, in its order. Columns: `message_key`, `time`,
`campaign` and `sender` (uint64), `received` (bool: the tenant received it), `known_bad` (bool), `score:<detector>` and
`signal:<signal>` (float64, as-of). Its schema says which versions of signals and detectors gave them, so that after a
change of a detector only that one is computed again (`rescore`).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from detection.baselines.values import FactValues
from detection.calibration.campaigns import campaign_keys
from detection.detectors.registry import DETECTORS
from detection.engine import Engine, Scores
from detection.keys import Keys
from detection.mail.batch import COLUMNS, Bools, Floats, Ints, MessageBatch
from detection.mail.message import Folder
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues
from detection.versions import detector_versions, signals_version
from onboarding.files import write_whole
from onboarding.history import History, history_rows
from onboarding.layout import TenantLayout

CHUNK = 32_768
REPLAYED = [name for name, kind, _ in COLUMNS if str(kind) != "string"] + ["sender", "sender_domain"]
"""The columns that replay and naming need; the other texts would double the memory."""
SIGNALS_BY, DETECTORS_BY = b"gatehouse.signals", b"gatehouse.detectors"
SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class ReplayedScores:
    """The scores of a whole history: arrays over its n messages, `scores` float64[detectors, n]."""

    detectors: tuple[str, ...]
    scores: Floats
    campaigns: Keys
    senders: Keys
    time: Ints
    received: Bools
    known_bad: Bools

    @property
    def days(self) -> Ints:
        """Day of each message, days since the epoch (UTC)."""
        return self.time // SECONDS_A_DAY


def path_of(layout: TenantLayout, history: str, engine: str) -> Path:
    """Where the scores of a history (its digest) by an engine (its version) lie."""
    return layout.scores / f"{history}-{engine}.parquet"


def known_bad(batch: MessageBatch) -> Bools:
    """Messages that somebody has judged already: they are learned from as little as they are calibrated on."""
    return np.asarray(batch.folder == Folder.JUNK, dtype=np.bool_)


def received(batch: MessageBatch) -> Bools:
    """Messages that came to the tenant, from outside or inside: those that a verdict can hold up."""
    return np.asarray((batch.own_recipient_count > 0) | ~batch.sender_is_own, dtype=np.bool_)


def write(
    layout: TenantLayout, history: str, engine: Engine, replayed: Iterable[tuple[MessageBatch, FactValues]]
) -> Path:
    """Scores a replayed history, stretch by stretch and those chunk by chunk, and writes it, whole or not at all."""
    path = path_of(layout, history, engine.version)
    write_to(path, engine, replayed)
    return path


def write_to(path: Path, engine: Engine, replayed: Iterable[tuple[MessageBatch, FactValues]]) -> None:
    """The same, of any stretches, to a file of one's own."""

    def into(sink: Any) -> None:
        writer: pq.ParquetWriter | None = None
        for batch, facts in replayed:
            for start in range(0, len(batch), CHUNK):
                stop = min(start + CHUNK, len(batch))
                part = batch.take(start, stop)
                table = _table(part, engine.score(part, facts.take(batch, start, stop)))
                if writer is None:
                    writer = pq.ParquetWriter(sink, table.schema, compression="zstd", write_statistics=False)
                writer.write_table(table, row_group_size=CHUNK)
            # Not held while the next stretch is replayed.
            del batch, facts
        if writer is not None:
            writer.close()

    write_whole(path, into)


def rescore(layout: TenantLayout, history: str, engine: Engine) -> tuple[str, ...] | None:
    """Makes the scores by this engine of those by another that had the same signals; no column of mail is read.

    Only detectors that changed are computed. Gives their names, or None when no stored scores serve.
    """
    now = detector_versions()
    best: tuple[int, Path, Mapping[str, str]] | None = None
    for path in sorted(layout.scores.glob(f"{history}-*.parquet")):
        signals, then = _versions(path)
        if signals == signals_version():
            same = sum(then.get(name) == version for name, version in now.items())
            if best is None or same > best[0]:
                best = same, path, then
    if best is None:
        return None
    _, stored, then = best
    changed = tuple(name for name, version in now.items() if then.get(name) != version)

    def into(sink: Any) -> None:
        with pq.ParquetFile(stored) as file:
            writer: pq.ParquetWriter | None = None
            for group in range(file.num_row_groups):
                table = _rescored(file.read_row_group(group), engine, changed)
                writer = writer or pq.ParquetWriter(sink, table.schema, compression="zstd", write_statistics=False)
                writer.write_table(table, row_group_size=CHUNK)
            if writer is not None:
                writer.close()

    write_whole(path_of(layout, history, engine.version), into)
    return changed


def _rescored(table: pa.Table, engine: Engine, changed: tuple[str, ...]) -> pa.Table:
    names = _named(table.column_names, "signal:")
    # Declared signals only: what a detector asks for by name has to be there, in whatever order it was stored.
    signals = SignalValues({name: table.column(f"signal:{name}").to_numpy() for name in names if name in SIGNALS})
    columns: dict[str, Any] = {
        name: table.column(name) for name in table.column_names if not name.startswith(("score:", "signal:"))
    }
    for name in engine.detectors:
        columns[f"score:{name}"] = DETECTORS[name](signals) if name in changed else table.column(f"score:{name}")
    columns |= {f"signal:{name}": table.column(f"signal:{name}") for name in names}
    return pa.table(columns, metadata=_metadata())


def _metadata() -> dict[bytes, bytes]:
    return {SIGNALS_BY: signals_version().encode(), DETECTORS_BY: json.dumps(dict(detector_versions())).encode()}


def _versions(path: Path) -> tuple[str, Mapping[str, str]]:
    """Versions of the signals and of the detectors that gave what is stored; empty when it does not say."""
    try:
        metadata = pq.read_schema(path).metadata or {}
    except (OSError, pa.ArrowException):
        return "", {}
    return metadata.get(SIGNALS_BY, b"").decode(), json.loads(metadata.get(DETECTORS_BY, b"{}"))


def read(path: Path) -> ReplayedScores:
    """The scores without the signals."""
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        detectors = _named(names, "score:")
        table = file.read(columns=[name for name in names if not name.startswith("signal:")])
    scores = np.empty((len(detectors), table.num_rows))
    for row, name in enumerate(detectors):
        scores[row] = table.column(f"score:{name}").to_numpy()
    return ReplayedScores(
        detectors=detectors,
        scores=scores,
        campaigns=table.column("campaign").to_numpy(),
        senders=table.column("sender").to_numpy(),
        time=table.column("time").to_numpy(),
        received=table.column("received").to_numpy(),
        known_bad=table.column("known_bad").to_numpy(),
    )


def message_keys(path: Path) -> Keys:
    """Keys of the messages, in their order: uint64[n]."""
    with pq.ParquetFile(path) as file:
        return np.asarray(file.read(columns=["message_key"]).column("message_key").to_numpy(), dtype=np.uint64)


def with_signals(
    layout: TenantLayout, history: History, rows: Ints, engine: str | None = None
) -> Iterator[tuple[MessageBatch, Scores]]:
    """The messages at ascending `rows` of history with their scores and signals, a chunk of history at a time.

    Only the chunks that hold such a row are read. `engine` is the version that scored them, this one's by default.
    """
    path = path_of(layout, history.digest, engine or Engine().version)
    with pq.ParquetFile(path) as file:
        start = 0
        for group in range(file.num_row_groups):
            stop = start + file.metadata.row_group(group).num_rows
            wanted = rows[(rows >= start) & (rows < stop)]
            if len(wanted):
                table = file.read_row_group(group).take(pa.array(wanted - start))
                yield MessageBatch.from_arrow(history_rows(layout, wanted)), _scores(table)
            start = stop


def _scores(table: pa.Table) -> Scores:
    detectors = _named(table.column_names, "score:")
    values = np.stack([table.column(f"score:{name}").to_numpy() for name in detectors])
    signals = {name: table.column(f"signal:{name}").to_numpy() for name in _named(table.column_names, "signal:")}
    return Scores(detectors, values, SignalValues(signals))


def _named(columns: list[str], prefix: str) -> tuple[str, ...]:
    return tuple(name.removeprefix(prefix) for name in columns if name.startswith(prefix))


def _table(batch: MessageBatch, scores: Scores) -> pa.Table:
    assert scores.signals is not None
    columns: dict[str, Any] = {
        "message_key": batch.message_key,
        "time": batch.time,
        "campaign": campaign_keys(batch.sender_key, batch.subject_shape_key, batch.time // SECONDS_A_DAY),
        "sender": batch.sender_key,
        "received": received(batch),
        "known_bad": known_bad(batch),
    }
    columns |= {f"score:{name}": scores.values[row] for row, name in enumerate(scores.detectors)}
    columns |= {f"signal:{name}": _same_unknown(values) for name, values in scores.signals.arrays.items()}
    return pa.table(columns, metadata=_metadata())


def _same_unknown(values: Floats) -> Floats:
    """Unknown as one pattern of bits: which of its signs comes out hangs on where a history was cut."""
    return np.where(np.isnan(values), np.nan, values)
