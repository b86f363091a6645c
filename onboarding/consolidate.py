"""Makes a tenant's history of the parts of all its mailboxes: every mail once, in order of time.

Two passes over the parts, in memory that does not grow with them beyond some 150 bytes a message: the first reads
what decides (key, mailbox, path, folder, time) and places every message; the second reads everything once and deals
the messages out to files, one a shard of history, which are then sorted and written one by one.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from hashlib import file_digest, sha256
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa

from detection.mail.batch import SCHEMA, Ints
from onboarding.copies import Placement, place, unite_recipients, unnamed_recipients
from onboarding.files import TEMPORARY, StoreError, Written, remove_tree, write_whole
from onboarding.history import History, Shard, write_manifest
from onboarding.layout import TenantLayout
from onboarding.shared import fetch_all, folders_in, publish, remove, there
from onboarding.store import read_part, write_parquet

SHARD_ROWS = 131_072
GATHER_ROWS = 65_536
"""Messages that the second pass holds at a time."""

DECIDING = ("message_key", "mailbox", "path", "folder", "time")


def consolidate(
    layout: TenantLayout,
    parts: Iterable[str],
    *,
    shard_rows: int = SHARD_ROWS,
    gather_rows: int = GATHER_ROWS,
) -> History:
    """Makes the history of the named parts and puts it in force; the old one is gone afterwards.

    The same messages give the same bytes, however they are cut into parts and in whatever order they were ingested.
    Of a mail's copies one is kept (`onboarding.copies.place`), with the recipients that only the others show. Killed
    at any moment it leaves the old history in force; call it again. One at a time for a tenant. Raises StoreError
    when a part is missing or broken, or the disk is full.
    """
    names = sorted(set(parts))
    work = layout.history / f"{TEMPORARY}{os.getpid()}-{os.urandom(6).hex()}"
    try:
        work.mkdir(parents=True)
        fetch_all(layout, [layout.mail / name for name in names])
        placement = _place(layout, names)
        with Spill(work / "gathering") as spill:
            _deal(layout, names, placement, spill, shard_rows, gather_rows)
            shards = _write_shards(work, spill, placement, shard_rows)
        history = _named(placement, shards)
        _put_in_force(layout, work, history)
    except OSError as error:
        raise StoreError(
            f"the history of {layout.tenant} cannot be written in {layout.history}: {error.strerror or error}; the "
            "one before it is still in force. Free space, then run the same command again"
        ) from error
    finally:
        # Only one's own: another's draft may be that of the run which took over. `fencing.sweep_leftovers` takes the rest.
        remove_tree(work)
    return history


# --- first pass ------------------------------------------------------------------------------------------------------


def _place(layout: TenantLayout, names: list[str]) -> Placement:
    read = [read_part(layout, name, DECIDING).replace_schema_metadata() for name in names]
    deciding = pa.concat_tables(read) if read else SCHEMA.empty_table().select(DECIDING)
    del read
    # 64-bit offsets: the paths of a large tenant are more than 2 GiB.
    texts = {name: deciding.column(name).cast(pa.large_string()).combine_chunks() for name in ("mailbox", "path")}
    return place(
        deciding.column("message_key").to_numpy(),
        deciding.column("time").to_numpy(),
        deciding.column("folder").to_numpy(),
        texts["mailbox"],
        texts["path"],
    )


# --- second pass -----------------------------------------------------------------------------------------------------


def _deal(
    layout: TenantLayout, names: list[str], placement: Placement, spill: Spill, shard_rows: int, gather_rows: int
) -> None:
    at = 0
    for gathered in _gathered(layout, names, gather_rows):
        rows = slice(at, at + gathered.num_rows)
        at += gathered.num_rows
        rank, stands = placement.rank[rows], placement.stands[rows]
        _deal_sorted(
            gathered.append_column("rank", pa.array(rank)), np.flatnonzero(stands), rank, "mail", spill, shard_rows
        )
        others = np.flatnonzero(~stands)
        if len(others):
            unnamed = unnamed_recipients(gathered.take(pa.array(others)), rank[others])
            owners = unnamed.column("rank").to_numpy()
            _deal_sorted(unnamed, np.arange(len(owners)), owners, "recipients", spill, shard_rows)
    if at != len(placement.rank):
        raise StoreError(f"the parts of {layout.tenant} changed while its history was made: run the same command again")


def _gathered(layout: TenantLayout, names: list[str], gather_rows: int) -> Iterator[pa.Table]:
    held: list[pa.Table] = []
    rows = 0
    for name in names:
        held.append(read_part(layout, name).replace_schema_metadata())
        rows += held[-1].num_rows
        if rows >= gather_rows:
            yield pa.concat_tables(held).combine_chunks()
            held, rows = [], 0
    if held:
        yield pa.concat_tables(held).combine_chunks()


def _deal_sorted(table: pa.Table, chosen: Ints, rank: Ints, kind: str, spill: Spill, shard_rows: int) -> None:
    """Deals the chosen rows out to their shards, each shard's in one piece."""
    order = chosen[np.argsort(rank[chosen], kind="stable")]
    shard = rank[order] // shard_rows
    cuts = np.flatnonzero(np.diff(shard, prepend=-1, append=-1))
    taken = table.take(pa.array(order))
    for start, stop in pairwise(cuts):
        spill.add(kind, int(shard[start]), taken.slice(start, stop - start))


class Spill:
    """Tables on disk that grow piece by piece, by kind and shard, in Arrow's stream format; all gone at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._writers: dict[tuple[str, int], pa.ipc.RecordBatchStreamWriter] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()
        remove_tree(self._folder)

    def add(self, kind: str, shard: int, table: pa.Table) -> None:
        writer = self._writers.get((kind, shard))
        if writer is None:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            writer = pa.ipc.new_stream(str(self._path(kind, shard)), table.schema, options=options)
            self._writers[kind, shard] = writer
        writer.write_table(table)

    def take(self, kind: str, shard: int) -> pa.Table | None:
        """Everything added of a kind and shard, which is then gone from disk; None when nothing was."""
        writer = self._writers.pop((kind, shard), None)
        if writer is None:
            return None
        writer.close()
        path = self._path(kind, shard)
        with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as stream:
            table = stream.read_all()
        path.unlink()
        return table

    def _path(self, kind: str, shard: int) -> Path:
        return self._folder / f"{kind}-{shard}"


# --- shards ----------------------------------------------------------------------------------------------------------


def _write_shards(work: Path, spill: Spill, placement: Placement, shard_rows: int) -> list[Shard]:
    shards = []
    for number in range(-(-placement.rows // shard_rows)):
        mails = spill.take("mail", number)
        assert mails is not None, "every shard up to the last holds mail"
        order = np.argsort(mails.column("rank").to_numpy(), kind="stable")
        mails = mails.select(SCHEMA.names).take(pa.array(order)).combine_chunks()
        unnamed = spill.take("recipients", number)
        if unnamed is not None:
            mails = unite_recipients(mails, unnamed, number * shard_rows)
        name = f"shard-{number:06d}.parquet"
        written = _write(work / name, mails)
        times = mails.column("time")
        shards.append(Shard(name, mails.num_rows, written.bytes, written.sha256, times[0].as_py(), times[-1].as_py()))
    return shards


def _write(path: Path, mails: pa.Table) -> Written:
    return write_whole(path, lambda sink: write_parquet(mails.cast(SCHEMA), sink))


def _named(placement: Placement, shards: list[Shard]) -> History:
    digest = sha256("".join(shard.sha256 for shard in shards).encode()).hexdigest()[:16]
    placed = tuple(Shard(f"{digest}/{s.name}", s.rows, s.bytes, s.sha256, s.first_time, s.last_time) for s in shards)
    return History(
        digest=digest,
        rows=placement.rows,
        first_time=placed[0].first_time if placed else None,
        last_time=placed[-1].last_time if placed else None,
        duplicates=placement.duplicates,
        shards=placed,
    )


def _put_in_force(layout: TenantLayout, work: Path, history: History) -> None:
    final = layout.history / history.digest
    if not _holds(layout, history.shards):
        # Not there, or damaged: then the fresh files take its place.
        remove(layout, final)
        publish(layout, work, final)
    write_manifest(layout, history)
    for name in folders_in(layout, layout.history):
        if name != history.digest and not name.startswith(TEMPORARY):
            remove(layout, layout.history / name)


def _holds(layout: TenantLayout, shards: tuple[Shard, ...]) -> bool:
    """Whether exactly these shards lie there, to the byte."""
    for shard in shards:
        path = layout.history / shard.name
        try:
            with open(path, "rb") as file:
                if file_digest(file, "sha256").hexdigest() != shard.sha256 or not there(layout, path):
                    return False
        except OSError:
            return False
    return True
