"""What of a tenant's mail is known bad when it is learned from: what lies in junk, and before that what people said.

A message that a person called an attack makes its sender no more familiar, whatever folder it lies in; one that they called
safe does, also out of the junk folder. What was said is part of what a baseline is made of, as the mail itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

import numpy as np

from detection.keys import Keys
from detection.mail.batch import Bools, MessageBatch, Small
from detection.mail.message import Folder
from onboarding import scores
from onboarding.database import labels
from onboarding.database.labels import Label, Verdict
from onboarding.history import history_tables
from onboarding.layout import TenantLayout
from onboarding.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Judged:
    """Keys of the messages that people called attacks, and of those that they called safe."""

    attacks: frozenset[int] = frozenset()
    safe: frozenset[int] = frozenset()

    @classmethod
    def of(cls, said: Iterable[Label]) -> Self:
        """From labels."""
        by = {verdict: frozenset(one.message_key for one in said if one.verdict is verdict) for verdict in Verdict}
        return cls(by[Verdict.ATTACK], by[Verdict.SAFE])

    @property
    def digest(self) -> str:
        """Names what was said; empty when nothing was."""
        if not (self.attacks or self.safe):
            return ""
        said = repr((sorted(self.attacks), sorted(self.safe)))
        return sha256(said.encode()).hexdigest()[:16]

    def known_bad(self, batch: MessageBatch) -> Bools:
        """Messages of a history that nothing is learned from: bool[n]."""
        return self.over(scores.known_bad(batch), batch.message_key)

    def bad_in(self, folders: Small, keys: Keys) -> Bools:
        """The same, of messages of which only folder and key are at hand."""
        return self.over(np.asarray(folders == Folder.JUNK, dtype=np.bool_), keys)

    def over(self, known_bad: Bools, keys: Keys) -> Bools:
        """`known_bad` as people say; `keys` are the messages'."""
        said = known_bad.copy()
        for named, verdict in ((self.safe, False), (self.attacks, True)):
            if named:
                said[np.isin(keys, np.fromiter(named, dtype=np.uint64, count=len(named)))] = verdict
        return said

    def that_counts(self, layout: TenantLayout) -> Judged:
        """What of it changes what is learned of the history: words on messages that are in it and lie elsewhere than the word
        says. Others are no reason to learn it anew."""
        if not (self.attacks or self.safe):
            return self
        attacks, safe = set[int](), set[int]()
        for table in history_tables(layout, ["message_key", "folder"]):
            keys = table.column("message_key").to_numpy()
            junk = table.column("folder").to_numpy() == Folder.JUNK
            other = keys[self.over(junk, keys) != junk].tolist()
            attacks.update(self.attacks.intersection(other))
            safe.update(self.safe.intersection(other))
        return Judged(frozenset(attacks), frozenset(safe))


NOTHING = Judged()


def judged(workspace: Workspace, tenant: str) -> Judged:
    """What people say of the tenant's messages now."""
    with workspace.database.session(tenant) as session:
        return Judged.of(labels.all_of(session, tenant))
