"""A tenant's stored columns and scores as pandas frames, for data science: the Parquet store without its layout.

    from onboarding.frames import messages, scores
    from onboarding.workspace import open_workspace

    workspace = open_workspace()
    frame = messages(workspace, "acme", ["time", "sender", "lure_payment"]).join(scores(workspace, "acme"))

Row i of both is the i-th message of the tenant's history in order of time. Times are seconds since the epoch; columns are
those of `detection.mail.batch.MessageBatch`, `onboarding.scores` and `gatehouse signals`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from detection.engine import Engine
from detection.mail.batch import SCHEMA
from onboarding import scores as stored
from onboarding.database import labels
from onboarding.files import StoreError
from onboarding.history import history_tables, open_history
from onboarding.live.decision_log import tables, united
from onboarding.workspace import Workspace


def messages(workspace: Workspace, tenant: str, columns: Sequence[str] | None = None) -> pd.DataFrame:
    """The tenant's history, one row a message. Raises StoreError when there is none, KeyError for an unknown column."""
    tables = list(history_tables(workspace.layout(tenant), columns))
    frame: pd.DataFrame = pa.concat_tables(tables or [SCHEMA.empty_table()]).to_pandas()
    return frame


def scores(workspace: Workspace, tenant: str, signals: bool = False) -> pd.DataFrame:
    """As-of scores of the history by this version's engine: `score:<detector>`, with `signals` also `signal:<name>`.

    Raises StoreError when the history was not scored by it: `gatehouse calibrate` does that.
    """
    layout = workspace.layout(tenant)
    path = stored.path_of(layout, open_history(layout).digest, Engine().version)
    if not path.exists():
        raise StoreError(f"tenant {tenant} has no scores of this engine: run `gatehouse calibrate {tenant}`")
    names = pq.ParquetFile(path).schema_arrow.names
    wanted = [name for name in names if signals or not name.startswith("signal:")]
    frame: pd.DataFrame = pq.read_table(path, columns=wanted).to_pandas()
    return frame


def decisions(workspace: Workspace, tenant: str, since: date | None = None, until: date | None = None) -> pd.DataFrame:
    """Every decision on live mail made from one day to another, one row a message, with what people said of it.

    Columns are those of `onboarding.live.decision_log`, and `label` (`safe`, `attack`, or missing), `label_reason`,
    `labelled_at`. Messages that two processes decided at the same moment stand once, by the earlier decision.
    """
    frame: pd.DataFrame = united(tables(workspace.layout(tenant), since, until)).to_pandas()
    frame = frame.sort_values("decided_at", kind="stable").drop_duplicates("message_key").reset_index(drop=True)
    with workspace.database.session(tenant) as session:
        said = labels.all_of(session, tenant)
    people = pd.DataFrame(
        {
            "message_key": np.array([one.message_key for one in said], dtype=np.uint64),
            "label": [str(one.verdict) for one in said],
            "label_reason": [one.reason for one in said],
            "labelled_at": [one.labelled_at for one in said],
        }
    )
    return frame.merge(people, on="message_key", how="left")
