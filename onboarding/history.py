"""A tenant's history: every mail once, in order of time, as the steps after ingest read it.

`history.json` names the shards that make it up. A new history is written beside the old one and takes its place when
that file is replaced, so a reader sees the one or the other, whole. `onboarding.consolidate` makes it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from detection.baselines.parts import LAST_SECOND
from detection.mail.batch import COLUMNS, SCHEMA, ArrowTexts, Ints, Level, MessageBatch
from onboarding.files import StoreError
from onboarding.layout import TenantLayout
from onboarding.shared import fetched, latest, write_shared
from onboarding.store import read_group

MANIFEST = "history.json"


@dataclass(frozen=True, slots=True)
class Shard:
    """One Parquet file of a history: mails of consecutive positions. `name` is relative to the history folder."""

    name: str
    rows: int
    bytes: int
    sha256: str
    first_time: int
    last_time: int


@dataclass(frozen=True, slots=True)
class History:
    """What a history holds. Times are seconds since the epoch, None when it is empty.

    `digest` names its content: two histories with the same mails have the same. `duplicates` counts, by mailbox, the
    stored messages that another copy stands for; mailboxes without any are not in it.
    """

    digest: str
    rows: int
    first_time: int | None
    last_time: int | None
    duplicates: Mapping[str, int]
    shards: tuple[Shard, ...]


def open_history(layout: TenantLayout) -> History:
    """The history in force. Raises StoreError when there is none yet, or its list of shards cannot be read."""
    path = latest(layout, layout.history / MANIFEST)
    try:
        read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return History(**{**read, "shards": tuple(Shard(**each) for each in read["shards"])})
    except FileNotFoundError:
        raise StoreError(f"tenant {layout.tenant} has no consolidated history yet: onboard it first") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} cannot be read ({error}): onboard the tenant again to rebuild it") from error


def read_history(layout: TenantLayout, columns: Sequence[str] | None = None) -> MessageBatch:
    """The whole history in memory (about 1 KB a mail with all columns), or some of its columns.

    A column that was not asked for raises StoreError when it is used; `offsets` has the levels that were read, and
    `message_key` is always there. Raises StoreError when there is no history.
    """
    tables = list(history_tables(layout, columns))
    whole = pa.concat_tables(tables) if tables else _empty(columns)
    return _batch(whole.combine_chunks())


def history_chunks(layout: TenantLayout, columns: Sequence[str] | None = None) -> Iterator[MessageBatch]:
    """The history in order of time, in chunks of at most 32,768 mails; columns as in `read_history`."""
    for table in history_tables(layout, columns):
        yield _batch(table.combine_chunks())


def history_stretches(layout: TenantLayout, columns: Sequence[str] | None, rows: int) -> Iterator[MessageBatch]:
    """The history in order of time, in stretches of `rows` mails or somewhat more, cut between two seconds: what a replay
    on top of the stretches before needs, since mails of one second do not see each other. Columns as in `read_history`.
    """
    wanted = None if columns is None else [*columns, "time"]
    held: list[pa.Table] = []
    count = 0
    for table in history_tables(layout, wanted):
        held.append(table)
        count += table.num_rows
        if count < rows:
            continue
        whole = pa.concat_tables(held)
        # As facts see time.
        seconds = np.clip(whole.column("time").to_numpy(), 1, LAST_SECOND)
        cut = int(np.searchsorted(seconds, seconds[-1]))
        rest = whole.slice(cut)
        held, count = [rest], rest.num_rows
        if cut:
            stretch = _batch(whole.slice(0, cut).combine_chunks())
            del whole, table
            yield stretch
    if count:
        yield _batch(pa.concat_tables(held).combine_chunks())


def read_stretch(layout: TenantLayout, digest: str, columns: Sequence[str], start: int, stop: int) -> MessageBatch:
    """The mails at positions `start` to `stop` of the history of that digest; only the groups that hold one are read.

    Raises StoreError when another history is in force.
    """
    history = open_history(layout)
    if history.digest != digest:
        raise StoreError(f"the history of {layout.tenant} has been replaced meanwhile: run the same command again")
    wanted, found, at = _wanted(columns), [], 0
    for shard in history.shards:
        if at + shard.rows <= start or at >= stop:
            at += shard.rows
            continue
        with pq.ParquetFile(fetched(layout, layout.history / shard.name)) as file:
            for group in range(file.num_row_groups):
                rows = file.metadata.row_group(group).num_rows
                if at + rows > start and at < stop:
                    table = read_group(file, group, wanted)
                    first = max(start - at, 0)
                    found.append(table.slice(first, min(stop - at, rows) - first))
                at += rows
    return _batch((pa.concat_tables(found) if found else _empty(columns)).combine_chunks())


def history_tables(layout: TenantLayout, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """The same as Arrow tables. Raises KeyError for a column that is not of the schema."""
    wanted = _wanted(columns)
    for shard in open_history(layout).shards:
        path = fetched(layout, layout.history / shard.name)
        try:
            with pq.ParquetFile(path) as file:
                for group in range(file.num_row_groups):
                    yield read_group(file, group, wanted)
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{path} cannot be read ({error}): onboard the tenant again to rebuild it") from error


def history_rows(layout: TenantLayout, rows: Ints) -> pa.Table:
    """The messages at ascending positions of the history, with all columns. Only the groups that hold one are read."""
    found, start = [], 0
    for shard in open_history(layout).shards:
        if not len(rows[(rows >= start) & (rows < start + shard.rows)]):
            start += shard.rows
            continue
        with pq.ParquetFile(fetched(layout, layout.history / shard.name)) as file:
            for group in range(file.num_row_groups):
                stop = start + file.metadata.row_group(group).num_rows
                wanted = rows[(rows >= start) & (rows < stop)]
                if len(wanted):
                    found.append(read_group(file, group, SCHEMA.names).take(pa.array(wanted - start)))
                start = stop
    return pa.concat_tables(found) if found else SCHEMA.empty_table()


def write_manifest(layout: TenantLayout, history: History) -> None:
    """Puts a history whose shards are on disk in force."""
    text = json.dumps(asdict(history), indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    write_shared(layout, layout.history / MANIFEST, lambda sink: sink.write(text.encode("utf-8", "surrogatepass")))


class NotRead(Sequence[Any]):
    """Stands for a column that was left out; slices of it are left out as well, values raise StoreError."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return self
        return self._refuse()

    def __len__(self) -> int:
        return self._refuse()

    def __array__(self, *_: Any, **__: Any) -> Any:
        return self._refuse()

    def _refuse(self) -> NoReturn:
        raise StoreError(f"the column {self._name} was not read from history: add it to the columns asked for")


def _batch(table: pa.Table) -> MessageBatch:
    arrays: dict[str, Any] = {}
    offsets: dict[Level, Ints] = {}
    for name, kind, level in COLUMNS:
        if name not in table.column_names:
            arrays[name] = NotRead(name)
            continue
        column = table.column(name)
        if column.num_chunks > 1:
            # Arrow splits strings at 2 GiB; taking the first piece only would lose mail silently.
            raise StoreError(f"{table.num_rows:,} mails are too many for the column {name} at once: read it in chunks")
        array = column.chunk(0) if column.num_chunks else pa.array([], type=column.type)
        if level is not Level.MESSAGE:
            if level not in offsets:
                raw = array.offsets.to_numpy(zero_copy_only=False)
                offsets[level] = raw - raw[0]
            array = array.flatten()
        arrays[name] = ArrowTexts(array) if kind == pa.string() else array.to_numpy(zero_copy_only=False)
    return MessageBatch(**arrays, offsets=offsets)


def _wanted(columns: Sequence[str] | None) -> list[str]:
    if columns is None:
        return list(SCHEMA.names)
    unknown = set(columns) - set(SCHEMA.names)
    if unknown:
        raise KeyError(f"no such column of history: {', '.join(sorted(unknown))}")
    asked = {"message_key", *columns}
    return [name for name in SCHEMA.names if name in asked]


def _empty(columns: Sequence[str] | None) -> pa.Table:
    return SCHEMA.empty_table().select(_wanted(columns))
