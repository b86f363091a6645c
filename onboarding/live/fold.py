"""Live mail becomes history: closed segments of the journal are written to the store and to the log of decisions.

Each segment is one part of the mailbox `(live)`, recorded like any page: listed = written, the segment's name being the
cursor. The store then knows the mail when the source is read again: copies of one mail are one message. A message judged
an attack is stored as junk, so that no baseline learns from it, unless a person said that it is safe.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from detection.decision import Verdict
from detection.mail.batch import MessageBatch, Row
from detection.mail.message import Folder
from onboarding import clock, store
from onboarding.database import activations, labels, mailboxes, versions
from onboarding.database.mailboxes import PageRecord
from onboarding.database.runs import RunToken
from onboarding.layout import LIVE
from onboarding.live.arrivals import Arrival, closed
from onboarding.live.decision_log import read_segment, write_decisions
from onboarding.made import learned_parts
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

KEPT_SECONDS = 7 * 86_400
"""For so long a folded segment stays: whoever goes back to the baseline before still finds in it what came since."""


@dataclass(frozen=True, slots=True)
class Folded:
    """What was folded."""

    segments: int
    messages: int
    removed: int
    """Segments of which nobody needs the journal any more."""


def fold(workspace: Workspace, token: RunToken) -> Folded:
    """Folds what is closed; run again, it goes on where it was stopped. Raises Fenced, StoreError."""
    tenant, database = token.tenant, workspace.database
    layout = workspace.layout(tenant)
    with database.session(tenant) as session:
        known = {part.cursor: part for part in mailboxes.parts(session, tenant, LIVE)}
        said = {one.message_key: one.verdict for one in labels.all_of(session, tenant)}
    recorded = [part.file for part in known.values() if part.file]
    store.sweep(layout, recorded, LIVE)
    folded = messages = 0
    sequence = len(known)
    for name in closed(layout.arrivals):
        if name in known:
            continue
        arrivals = list(read_segment(layout.arrivals / name))
        write_decisions(layout, name, arrivals)
        rows = [_stored(arrival, said.get(arrival.key)) for arrival in arrivals]
        record = PageRecord(mailbox=LIVE, sequence=sequence, cursor=name, listed=len(rows), written=len(rows))
        if rows:
            part = store.write_part(layout, LIVE, sequence, MessageBatch.from_rows(rows))
            record = PageRecord(
                mailbox=LIVE,
                sequence=sequence,
                cursor=name,
                listed=len(rows),
                written=len(rows),
                file=part.name,
                sha256=part.sha256,
                first_time=part.first_time,
                last_time=part.last_time,
            )
        with database.transaction(tenant) as session:
            if sequence == 0:
                mailboxes.discover(session, token, [(LIVE, None)])
            if not mailboxes.record_page(session, token, record):
                raise RuntimeError(f"live mail of {tenant} is being folded twice at the same time")
            mailboxes.finish(session, token, LIVE)
        sequence, folded, messages = sequence + 1, folded + 1, messages + len(rows)
    removed = _remove(workspace, token, known)
    if folded:
        log.info("%s: %d live messages are part of its history now", tenant, messages)
    return Folded(folded, messages, removed)


def folded_segments(session: Session, tenant: str) -> set[str]:
    """Names of the segments that are part of history already."""
    return {part.cursor for part in mailboxes.parts(session, tenant, LIVE)}


def _stored(arrival: Arrival, said: labels.Verdict | None) -> Row:
    attack = arrival.verdict == Verdict.ATTACK if said is None else said is labels.Verdict.ATTACK
    folder = Folder.JUNK if attack else arrival.row["folder"]
    if said is labels.Verdict.SAFE and folder == Folder.JUNK:
        folder = Folder.INBOX
    return arrival.row | {"mailbox": LIVE, "folder": int(folder)}


def _remove(workspace: Workspace, token: RunToken, folded: Mapping[str, mailboxes.Part]) -> int:
    """Takes away folded segments that the baseline in force was learned from, once nobody will go back before it."""
    layout = workspace.layout(token.tenant)
    with workspace.database.session(token.tenant) as session:
        current = activations.current(session, token.tenant)
        baseline = versions.baseline(session, token.tenant, current.baseline) if current else None
    if baseline is None:
        return 0
    removed, known = 0, learned_parts(layout, baseline.version) or frozenset()
    for name, part in sorted(folded.items()):
        path = layout.arrivals / name
        begun = int(name.partition("-")[0])
        learned = part.file is None or part.file in known
        if path.exists() and learned and begun < clock.now().timestamp() - KEPT_SECONDS:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
