"""The step: attacks are scored once, kept nowhere but as scores and sums, and told of in outcome and report."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from tenants_at_hand import onboard, register

from detection.mail.message import Defect
from onboarding import rehearse as step
from onboarding.database import rehearsals as recorded
from onboarding.database.rehearsals import RECIPES, Recalled, mean_recall, summed
from onboarding.files import StoreError
from onboarding.history import open_history
from onboarding.rehearsal.stage import Rehearsed, rehearsals
from onboarding.rehearsal.target import Target
from onboarding.rehearse import (
    RehearsedScores,
    newest_calibration,
    path_of,
    read,
    recall_of,
    rehearse,
    rehearse_folder,
    score,
    target_of,
    to_choose_on,
)
from onboarding.report.markdown import outcome_page
from onboarding.run import REHEARSE, running
from onboarding.settings import Settings
from onboarding.sources.registry import open_source
from onboarding.workspace import Workspace, open_workspace


@pytest.fixture(scope="module")
def onboarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Workspace, dict[str, Any]]]:
    home = tmp_path_factory.mktemp("home")
    workspace = open_workspace(Settings(home=home, parse_workers=0, heartbeat_seconds=60))
    register(workspace, "acme", "simulated:seed=4,mailboxes=5,days=40,rate=8", alpha=0.05)
    yield workspace, onboard(workspace, "acme")
    workspace.database.close()


def test_where_headers_alone_are_seen_the_bodies_of_attacks_are_unknown_too(
    onboarded: tuple[Workspace, dict[str, Any]],
) -> None:
    workspace, _ = onboarded
    seen = target_of(workspace, "acme")
    headers = replace(seen.batch, defects=seen.batch.defects | np.uint32(Defect.BODY_UNKNOWN))
    attacks = rehearsals(seen, "seed", each=1)
    found = [score(Target(batch, seen.organisation), attacks).signals for batch in (seen.batch, headers)]
    for name in ("link_to_ip", "text_length", "lure_payment"):
        whole, alone = (np.asarray(each.arrays[name], dtype=np.float64) for each in found if each is not None)
        assert not np.isnan(whole).all()
        assert np.isnan(alone).all()
    sender = [np.asarray(each.arrays["sender_messages"]) for each in found if each is not None]
    assert np.array_equal(*sender, equal_nan=True)


def file_of(workspace: Workspace) -> Path:
    return path_of(workspace, "acme", open_history(workspace.layout("acme")))


def test_the_outcome_and_the_table_tell_what_was_sent_and_caught(onboarded: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, outcome = onboarded
    version = newest_calibration(workspace, "acme")[1]
    with workspace.database.session("acme") as session:
        rows = recorded.of_calibration(session, "acme", version)
    found = read(file_of(workspace))
    reported = sum(label.set == "report" for label in found.labels)
    assert sum(row.sent for row in rows) == sum(one["sent"] for one in outcome["rehearsal"].values()) == reported
    assert sum(row.caught for row in rows) == sum(one["caught"] for one in outcome["rehearsal"].values()) > 0
    assert all(row.low <= row.caught / row.sent <= row.high for row in rows)
    assert 200 <= len(found.labels) <= 500


def test_nothing_of_an_attack_is_kept_but_what_it_is_and_how_it_scored(
    onboarded: tuple[Workspace, dict[str, Any]],
) -> None:
    workspace, _ = onboarded
    names = pq.read_schema(file_of(workspace)).names
    said = {name for name in names if not name.startswith(("score:", "signal:"))}
    assert said == {"kind", "difficulty", "set", "recipe", "wording"}
    assert open_history(workspace.layout("acme")).rows == onboarded[1]["messages"]["stored"]


def test_weights_and_recall_are_of_different_wordings(onboarded: tuple[Workspace, dict[str, Any]]) -> None:
    workspace, _ = onboarded
    chosen_on = to_choose_on(workspace, "acme", open_history(workspace.layout("acme")))
    assert chosen_on is not None
    assert chosen_on.wordings is not None
    reported = {label.wording for label in read(file_of(workspace)).labels if label.set == "report"}
    assert reported
    assert not reported & set(chosen_on.wordings)


def test_the_same_attacks_are_scored_once_and_others_anew(
    onboarded: tuple[Workspace, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace, _ = onboarded
    before = file_of(workspace).read_bytes()
    made = 0
    whole = step.rehearsals

    def counting(*args: Any) -> Any:
        nonlocal made
        made += 1
        return whole(*args)

    monkeypatch.setattr(step, "rehearsals", counting)
    with running(workspace, "acme", REHEARSE, actor="test") as token:
        rehearse(workspace, token)
        assert made == 0
        file_of(workspace).unlink()
        rehearse(workspace, token)
        assert made == 1
        assert file_of(workspace).read_bytes() == before
        monkeypatch.setattr(step, "rehearsal_version", lambda: "another")
        rehearse(workspace, token)
        assert made == 2


def test_attacks_from_a_folder_are_told_of_under_its_name_and_leave_sums_only(
    onboarded: tuple[Workspace, dict[str, Any]], tmp_path: Path
) -> None:
    workspace, outcome = onboarded
    folder = tmp_path / "caught"
    for kind in ("bank", "parcel"):
        (folder / kind).mkdir(parents=True)
        for number in range(3):
            (folder / kind / f"{number}.eml").write_text(
                f"From: A Bank <a@bank{number}.example>\nTo: trap@pot.example\nSubject: Verify your account\n"
                f"Date: Mon, 01 Jan 2001 10:00:0{number} +0000\n\nVerify now: https://x{number}.example/login\n"
            )
    (tmp_path / "empty" / "none").mkdir(parents=True)
    files_before = sorted(workspace.layout("acme").root.rglob("*"))
    with running(workspace, "acme", REHEARSE, actor="test") as token:
        lines = rehearse_folder(workspace, token, open_source(f"eml:{folder}"))
        with pytest.raises(StoreError, match="no attack"):
            rehearse_folder(workspace, token, open_source(f"eml:{tmp_path / 'empty'}"))
    assert [(line.source, line.kind, line.sent) for line in lines] == [("caught", "bank", 3), ("caught", "parcel", 3)]
    assert sorted(workspace.layout("acme").root.rglob("*")) == files_before
    page = outcome_page(workspace, "acme", outcome)
    assert "## Rehearsed attacks" in page
    assert "### From caught" in page
    assert "| hard |" in page


def test_recall_counts_attacks_not_suspicions(onboarded: tuple[Workspace, dict[str, Any]]) -> None:
    calibration, _ = newest_calibration(onboarded[0], "acme")
    detectors = len(calibration.detectors)
    strongest, harmless = np.full((detectors, 2), 1e9), np.full((detectors, 3), -1e9)
    labels = tuple(Rehearsed("k", "easy", "report", "r", "w") for _ in range(5))
    found = RehearsedScores(calibration.detectors, np.concatenate([strongest, harmless], axis=1), labels)
    (line,) = recall_of(found, calibration, RECIPES)
    assert (line.sent, line.caught, line.suspicious) == (5, 2, 0)


def test_each_kind_counts_alike_in_the_recall_that_the_gate_asks_for() -> None:
    def line(kind: str, sent: int, caught: int) -> Recalled:
        return Recalled(
            source=RECIPES, kind=kind, difficulty="easy", sent=sent, caught=caught, suspicious=0, low=0.0, high=1.0
        )

    assert mean_recall([line("a", 10, 10), line("b", 90, 0)]) == 0.5
    assert mean_recall([]) == 0.0
    totals = summed([line("a", 4, 1), line("a", 6, 2)], lambda one: one.kind)
    assert (totals["a"]["sent"], totals["a"]["caught"], totals["a"]["recall"]) == (10, 3, 0.3)
