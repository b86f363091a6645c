"""Every decision on live mail, for data science: Parquet by the day on which it was made, and what has not got there yet.

| column | type | meaning |
|---|---|---|
| `message_key` | uint64 | identity of the mail, as in the message store |
| `message_id`, `mailbox`, `sender` | string | as the mail and its source say |
| `time` | int64 | when the mail came, seconds since the epoch |
| `sender_key`, `campaign` | uint64 | the sender; one sender, subject shape and day: what a certificate counts |
| `received` | bool | the tenant received it: a verdict could hold it up |
| `known_bad` | bool | it lay in junk when it was decided on |
| `verdict`, `kind` | string | `safe`, `suspicious` or `attack`; the kind of attack, empty for safe mail |
| `tail_probability` | float64 | share of the tenant's benign campaigns that look at least this suspicious |
| `activation`, `calibration` | int64 | what decided |
| `decided_at` | float64 | seconds since the epoch |
| `seconds` | float64 | what the decision took, from the message's columns on |
| `door` | string | `api` or `watch` |
| `new_sender` | bool | nothing was known of its sender |
| `score:<detector>`, `tail:<detector>` | float64 | each detector's score and tail probability |
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from detection.calibration.campaigns import campaign_keys
from detection.mail.batch import MessageBatch
from onboarding import scores
from onboarding.files import remove_tree, write_whole
from onboarding.layout import TenantLayout
from onboarding.live.arrivals import Arrival, readable, segments

_PLAIN: Sequence[tuple[str, pa.DataType]] = (
    ("message_key", pa.uint64()),
    ("message_id", pa.string()),
    ("mailbox", pa.string()),
    ("sender", pa.string()),
    ("time", pa.int64()),
    ("sender_key", pa.uint64()),
    ("campaign", pa.uint64()),
    ("received", pa.bool_()),
    ("known_bad", pa.bool_()),
    ("verdict", pa.string()),
    ("kind", pa.string()),
    ("tail_probability", pa.float64()),
    ("activation", pa.int64()),
    ("calibration", pa.int64()),
    ("decided_at", pa.float64()),
    ("seconds", pa.float64()),
    ("door", pa.string()),
    ("new_sender", pa.bool_()),
)


def write_decisions(layout: TenantLayout, segment: str, arrivals: Sequence[Arrival]) -> list[Path]:
    """Writes what a segment holds, a file a day; the same segment gives the same files."""
    days: dict[date, list[Arrival]] = defaultdict(list)
    for arrival in arrivals:
        days[day_of(arrival)].append(arrival)
    written = []
    for day, some in sorted(days.items()):
        path = layout.decisions / day.isoformat() / f"{segment.partition('.')[0]}.parquet"
        table = table_of(some)
        write_whole(path, lambda sink, table=table: pq.write_table(table, sink, compression="zstd"))  # type: ignore[misc]
        written.append(path)
    return written


def tables(layout: TenantLayout, since: date | None = None, until: date | None = None) -> Iterator[pa.Table]:
    """Decisions made from one day to another (both included), in order of days; what is still in the journal last."""
    folded: set[str] = set()
    for folder in sorted(layout.decisions.glob("????-??-??")):
        day = date.fromisoformat(folder.name)
        for path in sorted(folder.glob("*.parquet")):
            folded.add(path.stem)
            if (since is None or day >= since) and (until is None or day <= until):
                yield pq.read_table(path, partitioning=None)
    waiting: list[Arrival] = []
    for name, _ in segments(layout.arrivals):
        if name.partition(".")[0] not in folded:
            waiting += [
                arrival
                for arrival in read_segment(layout.arrivals / name)
                if (since is None or day_of(arrival) >= since) and (until is None or day_of(arrival) <= until)
            ]
    if waiting:
        yield table_of(waiting)


def table_of(arrivals: Sequence[Arrival]) -> pa.Table:
    """Decisions as a table with the columns above; each message once, as it was decided first."""
    unique = list({arrival.key: arrival for arrival in reversed(arrivals)}.values())[::-1]
    batch = MessageBatch.from_rows([arrival.row for arrival in unique])
    columns: dict[str, Any] = {
        "message_key": batch.message_key,
        "message_id": list(batch.message_id),
        "mailbox": list(batch.mailbox),
        "sender": list(batch.sender),
        "time": batch.time,
        "sender_key": batch.sender_key,
        "campaign": campaign_keys(batch.sender_key, batch.subject_shape_key, batch.time // scores.SECONDS_A_DAY),
        "received": scores.received(batch),
        "known_bad": scores.known_bad(batch),
    }
    columns |= {name: [getattr(one, name) for one in unique] for name in _OF_THE_DECISION}
    columns["kind"] = [one.kind or "" for one in unique]
    table = {name: pa.array(columns[name], kind) for name, kind in _PLAIN}
    for at, what in enumerate(("score", "tail")):
        for name in sorted({detector for one in unique for detector in one.detectors}):
            values = [one.detectors[name][at] if name in one.detectors else np.nan for one in unique]
            table[f"{what}:{name}"] = pa.array(values, pa.float64())
    return pa.table(table)


_OF_THE_DECISION = (
    "verdict",
    "tail_probability",
    "activation",
    "calibration",
    "decided_at",
    "seconds",
    "door",
    "new_sender",
)


def read_segment(path: Path, holding: bytes = b"") -> Iterator[Arrival]:
    """The whole arrivals of a segment, with `holding` only those whose line has it; nothing for one that is gone."""
    try:
        with path.open("rb") as file:
            for line in file:
                if line.endswith(b"\n") and holding in line and (arrival := readable(line, path.name)) is not None:
                    yield arrival
    except FileNotFoundError:
        return


def day_of(arrival: Arrival) -> date:
    """The day on which it was decided on, UTC."""
    return datetime.fromtimestamp(arrival.decided_at, UTC).date()


def forget_before(layout: TenantLayout, day: date) -> int:
    """Deletes the decisions of earlier days; gives how many files."""
    gone = 0
    for folder in sorted(layout.decisions.glob("????-??-??")):
        if date.fromisoformat(folder.name) < day:
            gone += sum(1 for _ in folder.glob("*.parquet"))
            # With what a killed writer may have left there.
            remove_tree(folder)
    return gone


def united(pieces: Iterable[pa.Table]) -> pa.Table:
    """One table of several, also of engines with other detectors: what one does not have is null."""
    return pa.concat_tables(list(pieces) or [table_of([])], promote_options="default")
