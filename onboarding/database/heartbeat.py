"""A thread that says, while work goes on, that somebody is at it, and notices when they have been replaced."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sqlalchemy.exc import SQLAlchemyError

from onboarding.database import runs
from onboarding.database.connection import Database
from onboarding.database.runs import Fenced, RunToken

log = logging.getLogger(__name__)


class Heartbeat:
    """The state of a run's heartbeat."""

    def __init__(self, token: RunToken) -> None:
        self.token = token
        self.lost = threading.Event()
        """Set when the run has been ended or replaced: nothing it writes is kept any longer."""

    def check(self) -> None:
        """Raises Fenced when the run has been replaced: call it between pieces of work, to stop early."""
        if self.lost.is_set():
            raise Fenced(f"run {self.token.run} of tenant {self.token.tenant} has been ended or replaced by another")


@contextmanager
def beating(database: Database, token: RunToken, *, every: float) -> Iterator[Heartbeat]:
    """Beats for a run every so many seconds until the block ends."""
    heart = Heartbeat(token)

    def beat() -> bool:
        try:
            with database.transaction(token.tenant) as session:
                runs.beat(session, token)
        except Fenced:
            heart.lost.set()
        return not heart.lost.is_set()

    with repeating(beat, every=every, named=f"heartbeat of run {token.run}"):
        yield heart


@contextmanager
def repeating(beat: Callable[[], bool], *, every: float, named: str) -> Iterator[None]:
    """Calls `beat` every so many seconds until the block ends, or it gives False. A database that is away for a while ends
    nothing."""
    stop = threading.Event()

    def work() -> None:
        while not stop.wait(every):
            try:
                if not beat():
                    return
            except SQLAlchemyError as error:
                log.warning("the %s could not be written, trying again in %g s: %s", named, every, error)

    thread = threading.Thread(target=work, name=named, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
