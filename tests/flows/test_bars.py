"""What a progress bar says: counts, pace, and when it will end."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from flows import artifacts
from flows.artifacts import StageBar, progress_text
from onboarding.lifecycle import Step


def test_it_expects_the_end_by_the_stages_own_pace() -> None:
    said = progress_text(2_500, 10_000, "messages", 10.0, earlier=None)
    assert said.startswith("2,500 of about 10,000 messages, 250 a second; expected to end at ")
    assert said.endswith(" UTC, in 30 s")


def test_it_expects_what_the_last_run_took_while_nothing_is_counted() -> None:
    assert progress_text(0, None, "gates", 5.0, earlier=65.0).endswith("in 60 s")
    assert progress_text(0, None, "gates", 70.0, earlier=65.0) == "under way, running for 70 s"


def test_it_promises_no_end_that_it_does_not_know() -> None:
    assert "expected" not in progress_text(5, None, "messages", 20.0, earlier=60.0)
    assert "expected" not in progress_text(5, 100_000, "messages", 20.0, earlier=None)


def test_a_finished_bar_does_not_move_back(monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[tuple[float, str]] = []

    def update(artifact: UUID, progress: float, description: str) -> None:
        sent.append((progress, description))

    monkeypatch.setattr(artifacts, "update_progress_artifact", update)
    bar = StageBar("acme", Step.INGEST, earlier=None, id=uuid4())
    bar.look(1, 100, "messages")
    bar.finish("all read")
    bar.look(2, 100, "messages")
    assert [percent for percent, _ in sent] == [1.0, 100.0]
    assert sent[-1][1].startswith("ingest: all read; took ")


def test_a_stage_that_ends_before_the_first_look_is_told_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[tuple[float, str, str]] = []

    def create(progress: float, *, key: str, description: str) -> UUID:
        made.append((progress, key, description))
        return uuid4()

    monkeypatch.setattr(artifacts, "create_progress_artifact", create)
    bar = StageBar("acme", Step.BASELINE, earlier=None)
    bar.finish("version 3")
    bar.look(1, 2, "messages")
    assert [(percent, key) for percent, key, _ in made] == [(100.0, "acme-baseline")]


def test_a_server_that_takes_no_artifact_does_not_end_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ConnectionError("gone")

    monkeypatch.setattr(artifacts, "update_progress_artifact", refuse)
    StageBar("acme", Step.INGEST, earlier=None, id=uuid4()).finish("all read")
