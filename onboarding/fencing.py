"""What a run publishes on disk, it publishes while it holds its lease: the counterpart of `runs.fence` for files.

A rename or removal happens inside a transaction that has checked the run's token and keeps the lease from being taken
over until it ends. So a run that was declared dead and wakes up writes drafts under temporary names at most: nobody
reads them, and the next run sweeps them. A process that is frozen right inside such a transaction keeps its successor
waiting; it does not write behind its back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager

from onboarding import store
from onboarding.database import mailboxes, runs
from onboarding.database.connection import Database
from onboarding.database.runs import RunToken
from onboarding.files import guarded
from onboarding.workspace import Workspace


def fenced(workspace: Workspace, token: RunToken) -> AbstractContextManager[None]:
    """Within the block, files are published only while the run holds its tenant's lease; else Fenced is raised.

    Not inside a transaction of one's own: on SQLite the two would wait for each other.
    """
    return guarded(lambda: _holding(workspace.database, token))


@contextmanager
def _holding(database: Database, token: RunToken) -> Iterator[None]:
    with database.transaction(token.tenant) as session:
        runs.fence(session, token)
        yield


def sweep_leftovers(workspace: Workspace, token: RunToken) -> list[str]:
    """Takes away what killed runs left of the tenant: drafts, and parts that nobody recorded. Gives their names.

    For the start of a run, before any of its workers writes: no older run can record a part any more, and none of
    this one has written any. Raises Fenced.
    """
    with _holding(workspace.database, token):
        with workspace.database.session(token.tenant) as session:
            recorded = [part.file for part in mailboxes.parts(session, token.tenant) if part.file]
        layout = workspace.layout(token.tenant)
        return store.sweep(layout, recorded) + store.sweep_drafts(layout)
