"""The message store: what was ingested of a tenant, as Parquet parts, each of one mailbox.

A part is immutable, written whole or not at all, and named for its place and content, so that two workers who write
the same place with different messages cannot overwrite each other: the one that the database records is the one that
counts. Parts hold the columns of `detection.mail.batch.SCHEMA`: no text of a mail.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from detection.mail.batch import COLUMNS, SCHEMA, MessageBatch, completed
from detection.versions import columns_version
from onboarding.files import (
    TEMPORARY,
    Removed,
    StoreError,
    Written,
    guard_of_publishing,
    move_into_place,
    remove_tree,
    temporary,
)
from onboarding.layout import TenantLayout, slug
from onboarding.shared import fetched, names_in, publish, remove, sweep_shared

COMPRESSION = "zstd"
ROW_GROUP_ROWS = 32_768
READ_BY = b"gatehouse.columns"
"""Under which a part's schema says by which version of the parser it was read (`detection.versions`)."""


@dataclass(frozen=True, slots=True)
class PartInfo:
    """A part as the database records it. `name` is relative to the tenant's mail folder; times are `time` of its
    first and last message (seconds since the epoch), None for a part without messages."""

    name: str
    rows: int
    bytes: int
    sha256: str
    first_time: int | None
    last_time: int | None


def write_part(layout: TenantLayout, mailbox: str, number: int, messages: MessageBatch | pa.Table) -> PartInfo:
    """Writes the `number`-th part of a mailbox: same messages, same bytes, same name. On disk when it returns.

    It counts once the caller has recorded it; until then `sweep` may take it away. Raises StoreError when it cannot
    be written, ValueError for messages of another mailbox or another schema.
    """
    table = messages.to_arrow() if isinstance(messages, MessageBatch) else messages
    if not table.schema.equals(SCHEMA):
        raise ValueError(f"a part of mailbox {mailbox} must have the columns of detection.mail.batch.SCHEMA")
    strangers = set(pc.unique(table.column("mailbox")).to_pylist()) - {mailbox}
    if strangers:
        raise ValueError(f"a part of mailbox {mailbox} holds messages of {sorted(strangers)}")
    folder = layout.mailbox(mailbox)
    with temporary(folder) as (path, sink):
        write_parquet(table.replace_schema_metadata({READ_BY: columns_version().encode()}), sink)
    written = sink.written
    name = f"part-{number:06d}-{written.sha256[:16]}.parquet"
    publish(layout, path, folder / name)
    times = pc.min_max(table.column("time"))
    return PartInfo(
        name=f"{slug(mailbox)}/{name}",
        rows=table.num_rows,
        bytes=written.bytes,
        sha256=written.sha256,
        first_time=times["min"].as_py(),
        last_time=times["max"].as_py(),
    )


def read_part(layout: TenantLayout, name: str, columns: Sequence[str] | None = None) -> pa.Table:
    """One part, whole or some of its columns. Raises StoreError when it is missing or broken."""
    return read_parquet(fetched(layout, layout.mail / name), columns)


def read_by(layout: TenantLayout, names: Iterable[str]) -> dict[str, int]:
    """How many of the parts were read by which version of the parser; "" stands for parts that do not say.

    Raises StoreError when one is missing or broken.
    """
    counts: dict[str, int] = {}
    for name in sorted(names):
        try:
            metadata = pq.read_schema(fetched(layout, layout.mail / name)).metadata or {}
        except (OSError, pa.ArrowException) as error:
            raise StoreError(f"{layout.mail / name} cannot be read ({error}): onboard this mailbox again") from error
        version = metadata.get(READ_BY, b"").decode()
        counts[version] = counts.get(version, 0) + 1
    return counts


def stored_parts(layout: TenantLayout) -> list[str]:
    """Names of all parts in the store, recorded or not, in order."""
    return sorted(name for name in names_in(layout, layout.mail) if _is_part(name) and name.endswith(".parquet"))


def sweep(layout: TenantLayout, recorded: Iterable[str], mailbox: str | None = None) -> list[str]:
    """Takes away what a killed process left: temporary files, and parts that are not among the recorded names.

    Of all mailboxes, or of one. To be called while nobody else writes there, since a part that is written and not
    yet recorded looks the same. Returns what was taken away.
    """
    keep = set(recorded)
    folder = layout.mail if mailbox is None else layout.mailbox(mailbox)
    found = {(folder / name).relative_to(layout.mail).as_posix() for name in names_in(layout, folder)}
    gone = sorted(name for name in found - keep if _is_part(name) or Path(name).name.startswith(TEMPORARY))
    for name in gone:
        remove(layout, layout.mail / name)
    return gone


def _is_part(name: str) -> bool:
    return Path(name).name.startswith("part-")


def sweep_drafts(layout: TenantLayout) -> list[str]:
    """Takes away the drafts that killed runs left beside the mail; to be called as `sweep` is."""
    folders = (layout.root, layout.history, layout.baseline(0).parent, layout.calibration(0).parent)
    gone = []
    for folder in (*folders, layout.scores, layout.report):
        for path in sorted(folder.glob(".*")):
            if path.is_dir():
                remove_tree(path)
            else:
                path.unlink(missing_ok=True)
            gone.append(str(path.relative_to(layout.root)))
    return gone + sweep_shared(layout)


def remove_mailbox(layout: TenantLayout, mailbox: str) -> Removed:
    """Deletes the parts of one mailbox, for reading it again from the start."""
    return remove(layout, layout.mailbox(mailbox))


def remove_tenant(layout: TenantLayout) -> Removed:
    """Deletes everything of a tenant from home and store, and looks that it is gone. Raises StoreError if some stays.

    In the home it is all out of sight first, in one move; what a kill leaves then is taken by the next removal.
    """
    if layout.shared is not None:
        # Allowed, but not done, under the guard: other tenants' runs would wait for many thousand files.
        with guard_of_publishing():
            pass
        elsewhere = layout.shared.remove(layout.key(layout.root))
        here = remove_tenant(replace(layout, shared=None))
        return Removed(max(elsewhere.files, here.files), max(elsewhere.bytes, here.bytes))
    aside = layout.root.with_name(f"{TEMPORARY}{layout.root.name}")
    left = remove_tree(aside)
    if layout.root.is_symlink() or not layout.root.exists():
        return remove_tree(layout.root) if layout.root.is_symlink() else left
    move_into_place(layout.root, aside)
    removed = remove_tree(aside)
    return Removed(left.files + removed.files, left.bytes + removed.bytes)


def write_parquet(table: pa.Table, sink: Any) -> None:
    """Parquet whose bytes follow from the table's values alone."""
    pq.write_table(
        table.combine_chunks(),
        sink,
        compression=COMPRESSION,
        row_group_size=ROW_GROUP_ROWS,
        write_statistics=["time"],
    )


def read_parquet(path: Path, columns: Sequence[str] | None = None) -> pa.Table:
    """A Parquet file of messages, whole or some columns, in the schema's order; columns that were added since it was
    written are unknown."""
    wanted = [name for name in SCHEMA.names if columns is None or name in set(columns)]
    try:
        with pq.ParquetFile(path) as file:
            return completed(file.read(columns=_read_for(wanted, file), use_threads=False), wanted)
    except FileNotFoundError:
        raise StoreError(f"{path} is recorded but not there: restore it, or onboard this mailbox again") from None
    except (OSError, pa.ArrowException) as error:
        raise StoreError(f"{path} cannot be read ({error}): restore it, or onboard this mailbox again") from error


def read_group(file: pq.ParquetFile, group: int, columns: Sequence[str]) -> pa.Table:
    """One row group of a Parquet file of messages, as `read_parquet` reads the whole."""
    return completed(file.read_row_group(group, columns=_read_for(columns, file), use_threads=False), columns)


def _read_for(wanted: Sequence[str], file: pq.ParquetFile) -> list[str]:
    """What has to be read for the columns wanted: of a level that lacks one, any other, which says how many there are."""
    there = set(file.schema_arrow.names)
    levels = {level for name, _, level in COLUMNS if name in wanted and name not in there}
    beside = {next((name for name, _, each in COLUMNS if each is level and name in there), "") for level in levels}
    return [name for name in SCHEMA.names if name in there and (name in wanted or name in beside)]


__all__ = [
    "PartInfo",
    "StoreError",
    "Written",
    "read_group",
    "read_part",
    "remove_mailbox",
    "remove_tenant",
    "stored_parts",
    "sweep",
    "sweep_drafts",
    "write_part",
]
