"""A thread that says, while a run works, that it is alive, and notices when it has been replaced."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
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
    """Beats every so many seconds until the block ends. A database that is away for a while ends nothing."""
    heart, stop = Heartbeat(token), threading.Event()

    def beat() -> None:
        while not stop.wait(every):
            try:
                with database.transaction(token.tenant) as session:
                    runs.beat(session, token)
            except Fenced:
                heart.lost.set()
                return
            except SQLAlchemyError as error:
                log.warning(
                    "heartbeat of run %s could not be written, trying again in %g s: %s", token.run, every, error
                )

    thread = threading.Thread(target=beat, name=f"heartbeat {token.tenant}", daemon=True)
    thread.start()
    try:
        yield heart
    finally:
        stop.set()
        thread.join()
