"""A history is learned stretch by stretch: what comes out does not depend on how long a stretch is."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from tenants_at_hand import register

from detection.engine import Engine
from onboarding import baseline, scores, store
from onboarding.baseline import make_baseline
from onboarding.connect import connect
from onboarding.database import versions
from onboarding.history import history_stretches, open_history
from onboarding.ingest import ingest, ingesting
from onboarding.run import ONBOARD, running
from onboarding.settings import Settings
from onboarding.workspace import Workspace, open_workspace

MAIL = "simulated:seed=5,mailboxes=6,days=30,rate=8"


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A tenant whose mail is stored and not learned yet; its files are read a hundred messages at a time."""
    home = tmp_path_factory.mktemp("stretches") / "home"
    workspace = open_workspace(Settings(home=home, parse_workers=0, heartbeat_seconds=60))
    register(workspace, "acme", MAIL)
    with running(workspace, "acme", ONBOARD, actor="test") as token:
        sizes = connect(workspace, token)
        with ingesting(workspace, token):
            ingest(workspace, token, list(sizes))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "ROW_GROUP_ROWS", 100)
        yield workspace


def learned(workspace: Workspace) -> tuple[str, Path]:
    """The digest of the tenant's baseline, made now, and where its scores lie."""
    with running(workspace, "acme", ONBOARD, actor="test") as token:
        version = make_baseline(workspace, token).version
    layout = workspace.layout("acme")
    with workspace.database.session("acme") as session:
        row = versions.baseline(session, "acme", version)
    assert row is not None
    return row.digest, scores.path_of(layout, open_history(layout).digest, Engine().version)


def test_short_stretches_give_the_baseline_names_and_scores_of_one_long_one(
    ingested: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    layout = ingested.layout("acme")
    digest, path = learned(ingested)
    beside = [layout.names(1).read_bytes(), layout.recent(1).read_bytes()]
    whole = pq.read_table(path)
    path.unlink()
    layout.made.unlink()
    monkeypatch.setattr(baseline, "STRETCH", 100)
    assert learned(ingested) == (digest, path)
    assert [layout.names(1).read_bytes(), layout.recent(1).read_bytes()] == beside
    for name in whole.column_names:
        again = pq.read_table(path, columns=[name]).column(name).to_numpy()
        assert again.tobytes() == whole.column(name).to_numpy().tobytes(), name


def test_stretches_are_cut_between_seconds_and_lose_nothing(ingested: Workspace) -> None:
    layout = ingested.layout("acme")
    with running(ingested, "acme", ONBOARD, actor="test") as token:
        make_baseline(ingested, token)
    stretches = list(history_stretches(layout, ["recipient_key"], 1))
    times = [stretch.time for stretch in stretches]
    assert len(times) > 5
    assert sum(map(len, times)) == open_history(layout).rows
    assert all(later[0] > earlier[-1] for earlier, later in pairwise(times))
    assert np.array_equal(np.concatenate(times), np.sort(np.concatenate(times)))
