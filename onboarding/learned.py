"""What a baseline is made of while it is being learned, and how it is put at rest: immutable, numbered, recorded."""

from __future__ import annotations

import os
from collections.abc import Iterable

import numpy as np

from detection.baselines.facts import FACTS
from detection.baselines.snapshot import Tables, build, empty, merge, version_of
from detection.baselines.snapshot import write as write_snapshot
from detection.engine import Engine
from detection.keys import Keys
from detection.mail.batch import Bools, MessageBatch
from onboarding.database import versions
from onboarding.database.runs import RunToken
from onboarding.files import TEMPORARY, move_into_place, remove_tree
from onboarding.judged import NOTHING, Judged
from onboarding.live.recent import write_recent_keys
from onboarding.made import remember_learned
from onboarding.names import NamesFound
from onboarding.workspace import Workspace


class Learned:
    """Tables, names and the latest messages' keys, of messages added stretch by stretch.

    `since` (seconds since the epoch) is from when on messages are remembered singly. What is added lies on top of
    `tables` and `names`.
    """

    def __init__(self, since: int, tables: Tables | None = None, names: NamesFound | None = None) -> None:
        self.tables = tables if tables is not None else empty()
        self.names = names or NamesFound()
        self.since = since
        self.recent: list[Keys] = []
        self.messages = 0

    def add(self, batch: MessageBatch, learn: Bools) -> None:
        """Learns messages; those where `learn` is false leave no trace in the tables."""
        self.tables = merge(self.tables, build(batch, learn))
        self.remember(batch)

    def remember(self, batch: MessageBatch) -> None:
        """What is kept of messages beside the tables."""
        self.names.add(batch)
        self.recent.append(batch.message_key[batch.time >= self.since])
        self.messages += len(batch)


def put_at_rest(
    workspace: Workspace,
    token: RunToken,
    learned: Learned,
    history: str,
    parts: Iterable[str] | None,
    said: Judged = NOTHING,
) -> int:
    """Writes and records a baseline; gives its version. The same content is the same version.

    `history` says what it was learned from, `parts` are the parts of the store that are in it (None: not known),
    `said` is what people had said of its mail.
    """
    layout, engine = workspace.layout(token.tenant), Engine()
    digest = version_of(learned.tables)
    with workspace.database.session(token.tenant) as session:
        newest = versions.baseline(session, token.tenant)
        known = versions.baseline_of(session, token.tenant, digest)
    recent = np.unique(np.concatenate([np.empty(0, dtype=np.uint64), *learned.recent]))
    if known is not None and layout.baseline(known.version).exists():
        # Nothing that is learned from is new, mail that leaves no trace may be: it is part of it all the same.
        write_recent_keys(recent, learned.since, layout.recent(known.version))
        remember_learned(layout, known.version, parts, said)
        return known.version
    version = known.version if known is not None else (newest.version if newest else 0) + 1
    draft = layout.baseline(version).with_name(f"{TEMPORARY}{os.getpid()}-{os.urandom(6).hex()}")
    snapshot = write_snapshot(learned.tables, draft, {"history": history, "engine": engine.version})
    # What lies there without a record is what a killed run left.
    remove_tree(layout.baseline(version))
    move_into_place(draft, layout.baseline(version))
    learned.names.write(layout.names(version))
    write_recent_keys(recent, learned.since, layout.recent(version))
    remember_learned(layout, version, parts, said)
    with workspace.database.transaction(token.tenant) as session:
        row = versions.record_baseline(
            session,
            token,
            digest=snapshot.version,
            folder=str(layout.baseline(version).relative_to(workspace.home)),
            messages=snapshot.messages,
            first_time=snapshot.first_time or None,
            last_time=snapshot.last_time or None,
            facts={"facts": len(FACTS), "keys": len(learned.tables.keys)},
            engine=engine.version,
        )
    return row.version
