"""Step 3: the parts of all mailboxes become one history; it is replayed and scored as-of, and its facts become a baseline."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from detection.baselines.replay import replay
from detection.baselines.values import FactValues
from detection.engine import Engine
from detection.mail.batch import MessageBatch
from detection.mail.message import Folder
from detection.versions import signals_version
from onboarding import scores, stretches
from onboarding.consolidate import consolidate
from onboarding.database import mailboxes, tenants, versions
from onboarding.database.runs import RunToken
from onboarding.files import StoreError
from onboarding.history import History, history_stretches, open_history, read_history
from onboarding.holds import Hold, HoldReason, hold
from onboarding.judged import Judged, judged
from onboarding.layout import TenantLayout
from onboarding.learned import Learned, put_at_rest
from onboarding.lifecycle import Step
from onboarding.live.recent import recent_since
from onboarding.made import Made, parts_digest, read_made, remember
from onboarding.scores import SECONDS_A_DAY
from onboarding.shared import there
from onboarding.stage import Held, Stage, stage
from onboarding.store import read_by
from onboarding.stretches import Spread
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

LEAST_MESSAGES = 50
LEAST_DAYS = 7
"""Below either, nothing that could be called a habit has been seen."""

READ = scores.REPLAYED
NAMED = ("time", "sender_key", "sender_is_own", "sender_site_key", "sender", "sender_domain")
"""The columns that names and the latest messages are taken from."""
JUDGED = ("time", "folder", "sender_is_own", "own_recipient_count")
"""The columns that tell whether a history can be learned from."""
STRETCH = 1 << 19
"""Messages replayed at once: about 2 GB."""


@dataclass(frozen=True, slots=True)
class BaselineMade:
    """What the step hands on."""

    version: int
    history: str
    """Digest of the history it was built from."""


def make_baseline(workspace: Workspace, token: RunToken, spread: Spread | None = None) -> BaselineMade:
    """Consolidates, replays, scores and snapshots. The same mail and engine give the same version.

    With `spread`, the history is replayed and learned in stretches that it works on side by side: to the same bytes.
    Raises Held when what was ingested cannot be learned from.
    """
    with stage(workspace, token, Step.BASELINE, unit="messages") as current:
        history = _consolidated(workspace, token)
        # Once: a label that is given while it is being learned counts at the next refresh.
        everything = judged(workspace, token.tenant)
        said = everything.that_counts(workspace.layout(token.tenant))
        current.progress(0, history.rows)
        version = _known(workspace, token, history, said, current)
        if version is None:
            if reason := _unlearnable(workspace, token, read_history(workspace.layout(token.tenant), JUDGED)):
                raise Held(reason)
            if spread is None:
                learned = _learned(workspace, token, history, said, current)
            else:
                learned = _learned_apart(workspace, token, history, said, spread)
            version = put_at_rest(workspace, token, learned, history.digest, _recorded(workspace, token), everything)
            layout = workspace.layout(token.tenant)
            remember(layout, read_made(layout).with_baseline(_built_from(history, said), version, said))
        current.progress(history.rows)
        current.summary |= {"version": version, "messages": history.rows, "history": history.digest}
        log.info("%s: baseline %d learned from %d messages", token.tenant, version, history.rows)
    return BaselineMade(version, history.digest)


def _consolidated(workspace: Workspace, token: RunToken) -> History:
    """The history of the recorded parts; the database knows then how many of them are duplicates.

    It is told so for a history that was there, too: mail that is read again is counted from nothing.
    """
    parts = _recorded(workspace, token)
    layout = workspace.layout(token.tenant)
    made, digest = read_made(layout), parts_digest(parts)
    found = _whole_history(layout, made.history) if made.parts == digest else None
    history = found or consolidate(layout, parts)
    with workspace.database.transaction(token.tenant) as session:
        mailboxes.record_duplicates(session, token, history.duplicates)
    if found is None:
        kept, scored = (made.baselines, made.scored) if made.history == history.digest else ({}, {})
        remember(layout, Made(digest, history.digest, read_by(layout, parts), kept, scored))
    return history


def _whole_history(layout: TenantLayout, digest: str) -> History | None:
    """The history that is there; None when it is another or not all of it is there."""
    with suppress(StoreError):
        history = open_history(layout)
        if history.digest == digest and all(there(layout, layout.history / shard.name) for shard in history.shards):
            return history
    return None


def _recorded(workspace: Workspace, token: RunToken) -> list[str]:
    """Names of the parts that the database knows."""
    with workspace.database.session(token.tenant) as session:
        return [part.file for part in mailboxes.parts(session, token.tenant) if part.file]


def _known(workspace: Workspace, token: RunToken, history: History, said: Judged, current: Stage) -> int | None:
    """The baseline of this history when it and its scores are there, or can be had from stored signals; else None."""
    layout, engine = workspace.layout(token.tenant), Engine()
    if read_made(layout).said != said:
        return None
    version = read_made(layout).baselines.get(_built_from(history, said))
    with workspace.database.session(token.tenant) as session:
        row = None if version is None else versions.baseline(session, token.tenant, version)
    if row is None or not layout.baseline(row.version).exists() or not layout.names(row.version).exists():
        return None
    if not scores.path_of(layout, history.digest, engine.version).exists():
        changed = scores.rescore(layout, history.digest, engine)
        if changed is None:
            return None
        current.summary |= {"rescored_detectors": list(changed)}
        log.info("%s: computed again from stored signals: %s", token.tenant, ", ".join(changed) or "nothing")
    return row.version


def _built_from(history: History, said: Judged) -> str:
    return "-".join(filter(None, (history.digest, signals_version(), said.digest)))


def _scored(layout: TenantLayout, history: History, said: Judged) -> bool:
    """Whether there are scores of this history by this engine that were made with what people say now. If there are not,
    what is there is said to be no longer known: a run that is killed while it makes them leaves nobody in doubt."""
    made = read_made(layout)
    if made.said == said and scores.path_of(layout, history.digest, Engine().version).exists():
        return True
    remember(layout, replace(made, scored=None))
    return False


def _learned(workspace: Workspace, token: RunToken, history: History, said: Judged, current: Stage) -> Learned:
    """Replays and scores what has no scores yet, and learns it: each stretch on top of those before it, so that memory
    grows with the facts alone, not with the mail."""
    layout, engine = workspace.layout(token.tenant), Engine()
    learned = Learned(recent_since(history.last_time))

    def replayed(ask: bool) -> Iterator[tuple[MessageBatch, FactValues]]:
        for batch in history_stretches(layout, READ, STRETCH):
            learn = ~said.known_bad(batch)
            if ask:
                yield batch, replay(batch, learn, before=learned.tables)
            learned.add(batch, learn)
            current.progress(learned.messages, history.rows)
            del batch, learn

    if _scored(layout, history, said):
        deque(replayed(ask=False), maxlen=0)
    else:
        scores.write(layout, history.digest, engine, replayed(ask=True))
    return learned


def _learned_apart(workspace: Workspace, token: RunToken, history: History, said: Judged, spread: Spread) -> Learned:
    """The same, in stretches that `spread` works on."""
    layout, learned = workspace.layout(token.tenant), Learned(recent_since(history.last_time))
    cuts = stretches.cut(layout, history, workspace.settings.shards, said)
    lengths = []
    for batch in history_stretches(layout, NAMED, STRETCH):
        learned.remember(batch)
        lengths.append(len(batch))
    learned.tables = stretches.learn_apart(workspace, token, cuts, spread)
    if not _scored(layout, history, said):
        stretches.score_apart(workspace, token, cuts, stretches.groups_of(lengths), spread)
    stretches.forget(workspace, token)
    return learned


def _unlearnable(workspace: Workspace, token: RunToken, batch: MessageBatch) -> Hold | None:
    """Why this history cannot be learned from, or None."""
    tenant = token.tenant
    with workspace.database.session(tenant) as session:
        counts = mailboxes.totals(session, tenant)
        domains = tenants.get(session, tenant).domains
    if not len(batch):
        skipped = ", ".join(f"{count} {reason}" for reason, count in counts.skipped.items()) or "none was listed"
        return hold(
            HoldReason.NO_MESSAGES, tenant=tenant, listed=counts.listed, mailboxes=counts.discovered, skipped=skipped
        )
    good = ~np.isin(batch.folder, (Folder.JUNK, Folder.TRASH))
    if not good.any():
        return hold(HoldReason.NOTHING_BUT_JUNK, tenant=tenant, stored=len(batch))
    if not (batch.sender_is_own | (batch.own_recipient_count > 0)).any():
        return hold(
            HoldReason.NO_OWN_DOMAIN_SEEN, tenant=tenant, stored=len(batch), domains=" or ".join(sorted(domains))
        )
    days = int(batch.time[-1] - batch.time[0]) // SECONDS_A_DAY + 1
    if len(batch) < LEAST_MESSAGES or days < LEAST_DAYS:
        return hold(
            HoldReason.TOO_LITTLE_HISTORY,
            tenant=tenant,
            messages=len(batch),
            days=days,
            needed_messages=LEAST_MESSAGES,
            needed_days=LEAST_DAYS,
        )
    return None
