"""Around every step of a run: it begins, it ends, and how it ended is written down, whatever happens inside."""

from __future__ import annotations

import errno
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from onboarding.database import steps, tenants
from onboarding.database.runs import Fenced, RunToken
from onboarding.fencing import fenced
from onboarding.files import StoreError
from onboarding.holds import Hold, HoldReason, hold
from onboarding.lifecycle import Step, WorkState
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)


class Held(Exception):  # noqa: N818 - where a tenant stands, not a mistake
    """The tenant cannot go on without something changing: `hold` says what, and what helps."""

    def __init__(self, hold: Hold) -> None:
        super().__init__(hold.message)
        self.hold = hold

    def __reduce__(self) -> tuple[type[Held], tuple[Hold]]:
        return Held, (self.hold,)


@contextmanager
def full_disk_holds(tenant: str, folder: Path) -> Iterator[None]:
    """Turns an error of the disk being full into Held: that is where a tenant stands, and freeing space is the remedy."""
    try:
        yield
    except (OSError, StoreError) as error:
        if any(getattr(one, "errno", None) == errno.ENOSPC for one in (error, error.__cause__)):
            path = getattr(error, "place", "") or folder
            raise Held(hold(HoldReason.DISK_FULL, tenant=tenant, path=path)) from error
        raise


@dataclass(slots=True)
class Stage:
    """A step under way. `summary` is what it found, for the report; the step fills it."""

    workspace: Workspace
    token: RunToken
    step: Step
    summary: dict[str, Any] = field(default_factory=dict)

    def progress(self, done: int, total: int | None = None) -> None:
        """Writes down how far the step is."""
        self.workspace.database.write(
            self.token.tenant, lambda session: steps.progress(session, self.token, self.step, done, total)
        )


@contextmanager
def stage(
    workspace: Workspace, token: RunToken, step: Step, *, total: int | None = None, unit: str = ""
) -> Iterator[Stage]:
    """Records a step as running, then as completed, held (`Held`: also at the tenant) or failed, with its duration."""
    workspace.database.write(token.tenant, lambda session: steps.start(session, token, step, total=total, unit=unit))
    begun = time.monotonic()
    current = Stage(workspace, token, step)
    try:
        with full_disk_holds(token.tenant, workspace.home), fenced(workspace, token):
            yield current
    except Fenced:
        raise
    except Held as held:
        _finish(current, begun, WorkState.HELD, held.hold.message, held.hold)
        raise
    except BaseException as error:
        _finish(current, begun, WorkState.FAILED, _said(error))
        raise
    _finish(current, begun, WorkState.COMPLETED)


def _finish(current: Stage, begun: float, state: WorkState, error: str | None = None, held: Hold | None = None) -> None:
    token, seconds = current.token, round(time.monotonic() - begun, 3)

    def finish(session: Session) -> None:
        steps.finish(session, token, current.step, seconds=seconds, summary=current.summary, state=state, error=error)
        if held is not None:
            tenants.hold(session, token.tenant, held, actor="gatehouse")

    current.workspace.database.write(token.tenant, finish)


def _said(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".splitlines()[0][:500]
