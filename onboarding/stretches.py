"""Replay and baseline of a history in stretches that are worked on apart: by processes here, or on a cluster.

Two rounds. First every stretch is learned by itself: its tables are built and left in the store. Then every stretch is
replayed on top of the tables of those before it, united, and its scores are left in the store. What travels is where
things lie, never a frame. A piece that is there already is not made again, so a killed run goes on where it was. The
bytes of the result are those of a replay in one go, wherever it is cut: cuts lie between two seconds.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from detection.baselines.replay import replay
from detection.baselines.snapshot import Snapshot, build
from detection.baselines.snapshot import write as write_snapshot
from detection.baselines.tables import Tables
from detection.baselines.unite import unite
from detection.engine import Engine
from detection.versions import signals_version
from onboarding import scores
from onboarding.database.runs import RunToken
from onboarding.fencing import fenced
from onboarding.files import TEMPORARY, remove_tree, write_whole
from onboarding.history import History, history_stretches, read_stretch
from onboarding.judged import NOTHING, Judged
from onboarding.layout import TenantLayout
from onboarding.shared import LAST, fetched, publish, remove, there
from onboarding.workspace import Workspace

LEAST_ROWS = 2_048
"""Below that, handing a stretch over costs more than working on it."""

MOST = 16
"""Stretches of a history. Each is replayed on the united tables of all before it, so what uniting costs grows with their
number times the facts; and each is two task runs, of which a run should have no more than people can look through."""


class Spread(Protocol):
    """Does the same work for several things, side by side; gives the results in their order. `named` is for people."""

    def __call__(self, work: Callable[..., Any], arguments: Sequence[tuple[Any, ...]], named: str) -> list[Any]: ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """Messages `start` to `stop` of a history, by position; no second reaches into another stretch."""

    history: str
    start: int
    stop: int
    said: Judged = NOTHING
    """What people had said of the history's messages when work on it began."""

    @property
    def name(self) -> str:
        """Names its files, and sorts by time."""
        return f"{self.start:012d}-{self.stop:012d}"


def cut(layout: TenantLayout, history: History, most: int, said: Judged = NOTHING) -> list[Stretch]:
    """The history in at most so many stretches, and at most `MOST`, of about the same length."""
    rows = max(LEAST_ROWS, -(-history.rows // min(most, MOST)))
    ends, at = [], 0
    for batch in history_stretches(layout, ("time",), rows):
        at += len(batch)
        ends.append(at)
    return [Stretch(history.digest, start, stop, said) for start, stop in zip([0, *ends], ends, strict=False)]


def learn_apart(workspace: Workspace, token: RunToken, stretches: Sequence[Stretch], spread: Spread) -> Tables:
    """First round: the tables of the whole history."""
    spread(learn_stretch, [(workspace, token, one) for one in stretches], "learn")
    layout = workspace.layout(token.tenant)
    return _united(layout, stretches)


def score_apart(
    workspace: Workspace, token: RunToken, stretches: Sequence[Stretch], groups: Sequence[int], spread: Spread
) -> Path:
    """Second round: the scores of the whole history, in one file with row groups of these lengths."""
    spread(score_stretch, [(workspace, token, list(stretches[:at]), one) for at, one in enumerate(stretches)], "replay")
    layout = workspace.layout(token.tenant)
    path = scores.path_of(layout, stretches[0].history, Engine().version)
    parts = [fetched(layout, _scores(layout, one)) for one in stretches]
    write_whole(path, lambda sink: _join(parts, groups, sink))
    return path


def forget(workspace: Workspace, token: RunToken) -> None:
    """Takes away the pieces, when what they were made for is there."""
    with fenced(workspace, token):
        layout = workspace.layout(token.tenant)
        remove(layout, layout.stretches)


def learn_stretch(workspace: Workspace, token: RunToken, one: Stretch) -> str:
    """Builds the tables of a stretch by itself; gives where they lie. Raises Fenced when the run has been replaced."""
    layout = workspace.layout(token.tenant)
    final = _tables(layout, one)
    if not there(layout, final / LAST):
        batch = read_stretch(layout, one.history, scores.REPLAYED, one.start, one.stop)
        draft = final.with_name(f"{TEMPORARY}{os.getpid()}-{final.name}")
        remove_tree(draft)
        write_snapshot(build(batch, ~one.said.known_bad(batch)), draft)
        with fenced(workspace, token):
            remove(layout, final)
            publish(layout, draft, final)
    return str(final.relative_to(layout.root))


def score_stretch(workspace: Workspace, token: RunToken, earlier: Sequence[Stretch], one: Stretch) -> str:
    """Replays a stretch on top of those before it and scores it; gives where the scores lie. Raises Fenced."""
    layout = workspace.layout(token.tenant)
    final = _scores(layout, one)
    if not there(layout, final):
        batch = read_stretch(layout, one.history, scores.REPLAYED, one.start, one.stop)
        facts = replay(batch, ~one.said.known_bad(batch), before=_united(layout, earlier))
        draft = final.with_name(f"{TEMPORARY}{os.getpid()}-{final.name}")
        with fenced(workspace, token):
            scores.write_to(draft, Engine(), [(batch, facts)])
            publish(layout, draft, final)
    return str(final.relative_to(layout.root))


def groups_of(lengths: Iterable[int]) -> list[int]:
    """Lengths of the row groups that a replay in stretches of these lengths writes."""
    return [min(scores.CHUNK, length - at) for length in lengths for at in range(0, length, scores.CHUNK)]


def _join(parts: Sequence[Path], groups: Sequence[int], sink: Any) -> None:
    writer: pq.ParquetWriter | None = None
    held, rows, wanted = [], 0, list(groups)
    for part in parts:
        with pq.ParquetFile(part) as file:
            for group in range(file.num_row_groups):
                held.append(file.read_row_group(group))
                rows += held[-1].num_rows
                while wanted and rows >= wanted[0]:
                    whole, length = pa.concat_tables(held), wanted.pop(0)
                    table = whole.slice(0, length).combine_chunks()
                    writer = writer or pq.ParquetWriter(sink, table.schema, compression="zstd", write_statistics=False)
                    writer.write_table(table, row_group_size=scores.CHUNK)
                    held, rows = [whole.slice(length)], rows - length
    if writer is not None:
        writer.close()


def _united(layout: TenantLayout, stretches: Sequence[Stretch]) -> Tables:
    return unite([Snapshot.open(fetched(layout, _tables(layout, one))).tables for one in stretches])


def _tables(layout: TenantLayout, one: Stretch) -> Path:
    return layout.stretches / f"{one.history}-{signals_version()}-{one.said.digest}" / one.name


def _scores(layout: TenantLayout, one: Stretch) -> Path:
    return layout.stretches / f"{one.history}-{Engine().version}-{one.said.digest}" / f"{one.name}.parquet"
