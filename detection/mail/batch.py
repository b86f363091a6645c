"""Messages as columns: the struct of arrays that everything downstream computes over, from rows and to Arrow and back.

What the columns are is declared in `detection.mail.schema`, whose names are to be had here as well.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from operator import itemgetter
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from detection.mail.schema import (
    COLUMNS,
    RAGGED,
    SCHEMA,
    UNKNOWN,
    AttachmentFlag,
    Bools,
    Counts,
    Flags,
    Floats,
    Ints,
    Level,
    LinkFlag,
    MessageColumns,
    Row,
    Small,
)

__all__ = [
    "COLUMNS",
    "RAGGED",
    "SCHEMA",
    "UNKNOWN",
    "ArrowTexts",
    "AttachmentFlag",
    "Bools",
    "Counts",
    "Flags",
    "Floats",
    "Ints",
    "Level",
    "LinkFlag",
    "MessageBatch",
    "Row",
    "Small",
    "completed",
]


@dataclass(frozen=True, eq=False, kw_only=True)
class MessageBatch(MessageColumns):
    """`len(batch)` messages as columns."""

    def __len__(self) -> int:
        return len(self.message_key)

    # --- ragged access -------------------------------------------------------------------------------------------

    def owner(self, level: Level) -> Ints:
        """Index of the message that each value of a ragged level belongs to."""
        return self._owners[level]

    @cached_property
    def _owners(self) -> dict[Level, Ints]:
        rows = np.arange(len(self))
        return {level: np.repeat(rows, np.diff(self.offsets[level])) for level in RAGGED}

    def maximum(self, level: Level, values: npt.NDArray[Any], empty: float) -> npt.NDArray[Any]:
        """Largest of each message's values at a ragged level; `empty` for a message that has none."""
        return self._reduce(np.maximum, level, values, empty)

    def minimum(self, level: Level, values: npt.NDArray[Any], empty: float) -> npt.NDArray[Any]:
        """Smallest of each message's values at a ragged level; `empty` for a message that has none."""
        return self._reduce(np.minimum, level, values, empty)

    def total(self, level: Level, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Sum of each message's values at a ragged level; 0 for a message that has none."""
        return self._reduce(np.add, level, values, 0)

    def _reduce(self, how: np.ufunc, level: Level, values: npt.NDArray[Any], empty: float) -> npt.NDArray[Any]:
        offsets = self.offsets[level]
        some = offsets[1:] > offsets[:-1]
        out = np.full(len(self), empty, dtype=values.dtype)
        if some.any():
            # reduceat runs from each start to the next, so empty messages must be left out of the starts.
            out[some] = how.reduceat(values, offsets[:-1][some])
        return out

    # --- rows, slices, Arrow -------------------------------------------------------------------------------------

    @classmethod
    def from_rows(cls, rows: Sequence[Row]) -> Self:
        """Columns from rows as `detection.mail.columns.row_of` makes them, of now or of before a column was added: what
        such a row lacks is unknown (`UNKNOWN`).

        Raises KeyError, naming the column, for a row without identity or time; OverflowError for a value outside its
        column's type.
        """
        try:
            return cls._from_row(rows[0]) if len(rows) == 1 else cls._from_rows(rows)
        except KeyError:
            # Only then: looking at every row for what is hardly ever missing would cost as much as all the rest.
            return cls._from_rows([_completed(row) for row in rows])

    @classmethod
    def _from_rows(cls, rows: Sequence[Row]) -> Self:
        arrays: dict[str, Any] = {}
        lengths: dict[Level, list[int]] = {}
        for level, dtype, names, values_of in _GROUPS:
            found = [values_of(row) for row in rows]
            if level is not Level.MESSAGE:
                for name, column in zip(names, zip(*found, strict=True) if found else [()] * len(names), strict=True):
                    mine = list(map(len, column))
                    if mine != lengths.setdefault(level, mine):
                        raise ValueError(f"some row has more values of {name}, or fewer, than of others of its level")
                    values = chain.from_iterable(column)
                    arrays[name] = list(values) if dtype is None else np.fromiter(values, dtype, sum(mine))
            elif dtype is None:
                arrays.update(
                    zip(names, map(list, zip(*found, strict=True)) if found else [[]] * len(names), strict=True)
                )
            elif found:
                # One matrix a type, whose rows are the columns: a tenth of the calls that an array a column takes.
                arrays.update(zip(names, np.array(found, dtype=dtype).T.copy(), strict=True))
            else:
                arrays.update(dict.fromkeys(names, _EMPTY[dtype]))
        return cls._of(arrays, {level: _offsets(mine) for level, mine in lengths.items()})

    @classmethod
    def _from_row(cls, row: Row) -> Self:
        """`from_rows` of one row, which is what live mail comes in: the same columns in a fraction of the calls."""
        arrays: dict[str, Any] = {}
        offsets: dict[Level, Ints] = {}
        for level, dtype, names, values_of in _GROUPS:
            values = values_of(row)
            if level is Level.MESSAGE:
                if dtype is None:
                    arrays.update(zip(names, [[value] for value in values], strict=True))
                else:
                    arrays.update(zip(names, np.array(values, dtype=dtype).reshape(-1, 1), strict=True))
                continue
            length = len(values[0])
            if level not in offsets:
                offsets[level] = np.array((0, length), dtype=np.int64)
            if dtype is None:
                arrays.update(zip(names, map(list, values), strict=True))
            elif length:
                arrays.update(zip(names, np.array(values, dtype=dtype), strict=True))
            else:
                arrays.update(dict.fromkeys(names, _EMPTY[dtype]))
        return cls._of(arrays, offsets)

    @classmethod
    def _of(cls, arrays: dict[str, Any], offsets: Mapping[Level, Ints]) -> Self:
        """`cls(**arrays, offsets=offsets)` at a tenth of its cost: a frozen dataclass sets each field by a guarded call."""
        batch = object.__new__(cls)
        batch.__dict__.update(arrays, offsets=offsets)
        return batch

    @classmethod
    def from_arrow(cls, table: pa.Table) -> Self:
        """Columns from an Arrow table of `SCHEMA` (further columns are ignored, and what it lacks is unknown). Strings stay
        Arrow, read on demand."""
        table = completed(table).combine_chunks()
        arrays: dict[str, Any] = {}
        offsets: dict[Level, Ints] = {}
        for name, kind, level in COLUMNS:
            column = table.column(name)
            array = column.chunk(0) if column.num_chunks else pa.array([], type=column.type)
            if level is not Level.MESSAGE:
                if level not in offsets:
                    raw = array.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
                    offsets[level] = raw - raw[0]
                array = array.flatten()
            if kind == pa.string():
                arrays[name] = ArrowTexts(array)
            else:
                arrays[name] = array.to_numpy(zero_copy_only=False)
        return cls._of(arrays, offsets)

    def to_arrow(self) -> pa.Table:
        """An Arrow table of `SCHEMA`."""
        arrays = []
        for name, kind, level in COLUMNS:
            values = getattr(self, name)
            flat = values.array if isinstance(values, ArrowTexts) else pa.array(values, type=kind)
            if level is not Level.MESSAGE:
                flat = pa.LargeListArray.from_arrays(pa.array(self.offsets[level]), flat)
            arrays.append(flat)
        return pa.Table.from_arrays(arrays, schema=SCHEMA)

    def take(self, start: int, stop: int) -> Self:
        """Messages `start:stop`, without copying."""
        bounds = {level: slice(int(self.offsets[level][start]), int(self.offsets[level][stop])) for level in RAGGED}
        bounds[Level.MESSAGE] = slice(start, stop)
        columns = self.__dict__
        arrays = {name: columns[name][bounds[level]] for name, _, level in COLUMNS}
        offsets = {lv: self.offsets[lv][start : stop + 1] - self.offsets[lv][start] for lv in RAGGED}
        return self._of(arrays, offsets)


def completed(table: pa.Table, names: Sequence[str] = SCHEMA.names) -> pa.Table:
    """The columns `names` of a table of messages, which may have been written before some of them were added: those are
    unknown (`UNKNOWN`) in every message. Raises KeyError, naming the column, for one that cannot be."""
    missing = [name for name in names if name not in table.column_names]
    for name in missing:
        kind, level = _KINDS[name]
        unknown = pa.scalar(UNKNOWN[name], kind)
        if level is Level.MESSAGE:
            table = table.append_column(SCHEMA.field(name), pa.repeat(unknown, table.num_rows))
            continue
        beside = next((one for one, _, each in COLUMNS if each is level and one in table.column_names), None)
        lists = table.column(beside).combine_chunks() if beside is not None else None
        if isinstance(lists, pa.ChunkedArray):
            lists = pa.concat_arrays(lists.chunks) if lists.num_chunks else None
        offsets = pa.repeat(pa.scalar(0, pa.int64()), table.num_rows + 1) if lists is None else lists.offsets
        first = offsets[0].as_py()
        values = pa.repeat(unknown, offsets[-1].as_py() - first)
        column = pa.LargeListArray.from_arrays(pc.subtract(offsets, first), values)
        table = table.append_column(SCHEMA.field(name), column)
    return table.select(list(names))


class ArrowTexts(Sequence[str]):
    """Strings left in Arrow memory; one becomes a Python string when it is asked for."""

    def __init__(self, array: pa.Array) -> None:
        self.array = array

    def __len__(self) -> int:
        return len(self.array)

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return ArrowTexts(self.array[index])
        return self.array[int(index)].as_py() or ""


def _groups() -> tuple[tuple[Level, npt.DTypeLike | None, tuple[str, ...], Callable[[Row], tuple[Any, ...]]], ...]:
    """The columns by level and type: level, numpy type (None for strings), names, and what reads them from a row."""
    names: dict[tuple[Level, pa.DataType], list[str]] = {}
    for name, kind, level in COLUMNS:
        names.setdefault((level, kind), []).append(name)
    return tuple(
        (level, None if kind == pa.string() else kind.to_pandas_dtype(), tuple(group), _reader(group))
        for (level, kind), group in names.items()
    )


def _reader(names: list[str]) -> Callable[[Row], tuple[Any, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda row: (row[names[0]],)


def _completed(row: Row) -> Row:
    """A row with every column that can be unknown."""
    whole = dict(row)
    for name, _, level in COLUMNS:
        if name in row or name not in UNKNOWN:
            continue
        if level is Level.MESSAGE:
            whole[name] = UNKNOWN[name]
        else:
            beside = next((row[one] for one, _, each in COLUMNS if each is level and one in row), ())
            whole[name] = [UNKNOWN[name]] * len(beside)
    return whole


_KINDS = {name: (kind, level) for name, kind, level in COLUMNS}
_GROUPS = _groups()
_EMPTY = {dtype: np.empty(0, dtype=dtype) for _, dtype, _, _ in _GROUPS if dtype is not None}
for _array in _EMPTY.values():
    _array.setflags(write=False)


def _offsets(lengths: list[int]) -> Ints:
    offsets = np.zeros(len(lengths) + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets
