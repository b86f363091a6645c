"""What a person sees of a run in the Prefect UI: a bar with counts a stage, and pages of what came of it.

Artifacts are for looking at. When the server does not take one, the run goes on.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.artifacts import (
    create_image_artifact,
    create_markdown_artifact,
    create_progress_artifact,
    update_progress_artifact,
)
from sqlalchemy.exc import SQLAlchemyError

from onboarding import clock
from onboarding.database import steps
from onboarding.database.runs import RunToken
from onboarding.lifecycle import Step, WorkState
from onboarding.report.svg import as_data_uri
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

SECONDS_BETWEEN = 2.0


@dataclass(slots=True)
class StageBar:
    """The progress artifact of one stage. It is made when there is something to see: a stage that ends before the first
    look costs the server one request, and a small tenant has seven such stages."""

    tenant: str
    step: Step
    earlier: float | None
    """Seconds that the stage took in the tenant's last run that completed it."""
    begun: float = field(default_factory=time.monotonic)
    id: UUID | None = None
    said: str = ""
    finished: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)
    """Who looks and who finishes are two threads."""

    def finish(self, text: str) -> None:
        """The stage is done, and what came of it."""
        # The database may say for a moment yet that the stage runs.
        with self.lock:
            self.finished = True
            self._move(100.0, f"{text}; took {_span(time.monotonic() - self.begun)}")

    def look(self, done: int, total: int | None, unit: str) -> None:
        """Moves the bar to what the database says of the stage."""
        share = min(done / total, 0.99) if total else 0.0
        with self.lock:
            if not self.finished:
                self._move(100.0 * share, progress_text(done, total, unit, time.monotonic() - self.begun, self.earlier))

    def _move(self, percent: float, text: str) -> None:
        """Sets the bar and its text; nothing is sent when the text is the same."""
        if text == self.said:
            return
        self.said, description = text, f"{self.step}: {text}"
        try:
            if self.id is None:
                key = f"{self.tenant}-{self.step}"
                self.id = create_progress_artifact(percent, key=key, description=description)  # type: ignore[assignment]
            else:
                update_progress_artifact(self.id, progress=percent, description=description)
        except Exception as error:
            log.debug("the progress artifact of %s did not move: %s", self.step, error)


def progress_text(done: int, total: int | None, unit: str, seconds: float, earlier: float | None) -> str:
    """How far a stage is, and when it will end: by its own pace, else by what it took the last time.

    >>> progress_text(500, None, "messages", 10.0, None)
    '500 messages, running for 10 s'
    """
    counts = f"{done:,} of about {total:,} {unit}" if total else f"{done:,} {unit}"
    if not done:
        counts = f"{total:,} {unit} to do" if total else "under way"
    pace = f", {done / seconds:,.0f} a second" if done and seconds > 1 else ""
    left = None
    if total and done > 0.01 * total:
        left = seconds * (total - done) / done
    elif earlier is not None and not done:
        left = earlier - seconds
    if left is None or left < 0:
        return f"{counts}, running for {_span(seconds)}"
    end = clock.now() + timedelta(seconds=left)
    return f"{counts}{pace}; expected to end at {end:%H:%M:%S} UTC, in {_span(left)}"


@contextmanager
def shown(workspace: Workspace, token: RunToken, step: Step) -> Iterator[StageBar]:
    """Shows a stage while the block works: every two seconds its bar moves to what the database says of it."""
    bar = StageBar(token.tenant, step, _earlier(workspace, token, step))
    stop = threading.Event()
    watcher = threading.Thread(
        # In the context of the run: the artifact is the run's, and goes through the run's connection.
        target=contextvars.copy_context().run,
        args=(_watch, workspace, token, bar, stop),
        name=f"progress of {step}",
        daemon=True,
    )
    watcher.start()
    try:
        yield bar
    finally:
        stop.set()
        watcher.join()


def publish_page(key: str, markdown: str, description: str) -> None:
    """A page of what came of a run."""
    try:
        create_markdown_artifact(markdown, key=key, description=description)
    except Exception as error:
        log.debug("no artifact %s: %s", key, error)


def publish_outcome(outcome: dict[str, Any], markdown: str, picture: str | None) -> None:
    """The page at the end of a run, and the picture of the score tails (SVG) by itself."""
    tenant = outcome["tenant"]
    publish_page(f"{tenant}-outcome", markdown, f"what came of onboarding {tenant}")
    if picture is None:
        return
    try:
        create_image_artifact(
            as_data_uri(picture), key=f"{tenant}-tails", description=f"how rare scores are in the mail of {tenant}"
        )
    except Exception as error:
        log.debug("no picture artifact: %s", error)


def _watch(workspace: Workspace, token: RunToken, bar: StageBar, stop: threading.Event) -> None:
    while not stop.wait(SECONDS_BETWEEN):
        try:
            with workspace.database.session(token.tenant) as session:
                rows = steps.of_run(session, token.tenant, token.run)
        except SQLAlchemyError as error:
            log.debug("progress of %s cannot be read: %s", bar.step, error)
            continue
        row = next((row for row in rows if row.name is bar.step and row.state is WorkState.RUNNING), None)
        if row is not None:
            bar.look(row.done, row.total, row.unit)


def _earlier(workspace: Workspace, token: RunToken, step: Step) -> float | None:
    with workspace.database.session(token.tenant) as session:
        row = steps.last_completed(session, token.tenant).get(step)
    return None if row is None else row.seconds


def _span(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
