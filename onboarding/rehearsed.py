"""Scores of rehearsed attacks as they are stored beside those of history: what recall is read from without a rehearsal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow.parquet as pq

from detection.mail.batch import Floats
from onboarding.files import StoreError
from onboarding.history import open_history
from onboarding.workspace import Workspace

FOR_REPORTS = "report"
"""The set of wordings that no weight was chosen on: the only one that recall is told from."""


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsed:
    """`scores` float64[detectors, n] of n attacks and the kind of each."""

    detectors: tuple[str, ...]
    scores: Floats
    kinds: tuple[str, ...]


def rehearsed_scores(workspace: Workspace, tenant: str, engine: str) -> Rehearsed | None:
    """The attacks rehearsed on the history of now, scored by this engine; None when there are none."""
    layout = workspace.layout(tenant)
    try:
        path = layout.scores / f"{open_history(layout).digest}-{engine}-rehearsal.parquet"
    except StoreError:
        return None
    if not path.exists():
        return None
    with pq.ParquetFile(path) as file:
        table = file.read()
    detectors = tuple(n.removeprefix("score:") for n in table.column_names if n.startswith("score:"))
    chosen = np.ones(table.num_rows, dtype=np.bool_)
    if "set" in table.column_names:
        chosen = np.array([one == FOR_REPORTS for one in table.column("set").to_pylist()], dtype=np.bool_)
    if not detectors or not chosen.any():
        return None
    values = np.stack([table.column(f"score:{name}").to_numpy() for name in detectors])[:, chosen]
    kinds = np.asarray(table.column("kind").to_pylist(), dtype=object)[chosen]
    return Rehearsed(detectors, np.ascontiguousarray(values), tuple(str(kind) for kind in kinds))
