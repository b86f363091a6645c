"""What a person sees of a run in the Prefect UI: a bar with counts a stage, and the outcome as a page at the end.

Artifacts are for looking at. When the server does not take one, the run goes on.
"""

from __future__ import annotations

import logging
import time
from typing import Any
from uuid import UUID

from prefect.artifacts import create_markdown_artifact, create_progress_artifact, update_progress_artifact

log = logging.getLogger(__name__)

LEAST_SECONDS_BETWEEN = 2.0


class StageBar:
    """The progress artifact of one stage. `tell(done, total)` may be called as often as one likes, from any thread."""

    def __init__(self, tenant: str, stage: str, unit: str) -> None:
        self._stage, self._unit = stage, unit
        self._begun = self._told = time.monotonic()
        self._id: UUID | None = None
        try:
            self._id = create_progress_artifact(  # type: ignore[assignment]
                0.0, key=f"{tenant}-{stage}", description=f"{stage} of {tenant}: begun"
            )
        except Exception as error:
            log.debug("no progress artifact for %s: %s", stage, error)

    def tell(self, done: int, total: int | None) -> None:
        """Moves the bar, at most every two seconds."""
        if time.monotonic() - self._told >= LEAST_SECONDS_BETWEEN:
            share = min(done / total, 0.99) if total else 0.0
            self._update(100.0 * share, f"{self._counts(done, total)}{self._expected(share)}")

    def finish(self, text: str) -> None:
        """The stage is done, and what came of it."""
        self._update(100.0, text)

    def _update(self, percent: float, text: str) -> None:
        self._told = time.monotonic()
        if self._id is None:
            return
        try:
            update_progress_artifact(self._id, progress=percent, description=f"{self._stage}: {text}")
        except Exception as error:
            log.debug("the progress artifact of %s did not move: %s", self._stage, error)

    def _counts(self, done: int, total: int | None) -> str:
        return f"{done:,} of about {total:,} {self._unit}" if total else f"{done:,} {self._unit}"

    def _expected(self, share: float) -> str:
        if share <= 0.01:
            return ""
        left = (time.monotonic() - self._begun) * (1.0 - share) / share
        return f", about {left:,.0f} s left"


def publish_outcome(outcome: dict[str, Any], markdown: str) -> None:
    """The page at the end of a run."""
    try:
        create_markdown_artifact(
            markdown, key=f"{outcome['tenant']}-outcome", description=f"what came of onboarding {outcome['tenant']}"
        )
    except Exception as error:
        log.debug("no outcome artifact: %s", error)
