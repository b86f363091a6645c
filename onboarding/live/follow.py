"""Following one tenant's source: what is new is decided on in order of time, recorded, and acted on as the mode says.

One pass reads what came since the last, up to a bound; the cursor of a mailbox moves in the transaction that plans what
is done with its flagged mail, after every decision on it is in the journal. Killed anywhere, the next pass reads the same
pages again: what was decided is not decided again, what was planned is not planned again.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.orm import Session

from detection.mail.batch import Row
from detection.mail.message import Folder, Skip
from onboarding import clock
from onboarding.database import actions, activations, decisions, labels, tenants, watching
from onboarding.database.actions import ActionKind, Planned
from onboarding.lifecycle import Mode
from onboarding.live.tenant import Decided, LiveTenant
from onboarding.parsing import Belief, parse_listed
from onboarding.sources.base import (
    CursorLostError,
    Moves,
    Overlaps,
    Page,
    ReadsManyAtOnce,
    Source,
    SourceError,
    read_pages,
)
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

MOST_MESSAGES = 2_000
"""Of all mailboxes in one pass, about: what is decided together is in order of time, a longer backlog is cut into passes."""


@dataclass(slots=True)
class Followed:
    """What one pass came to."""

    tenant: str
    listed: int = 0
    decided: int = 0
    known: int = 0
    """Decided before, or part of the history that was learned."""
    skipped: int = 0
    flagged: int = 0
    planned: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    """Why mailboxes could not be read."""
    more: bool = False
    """There is a backlog: another pass should follow at once."""


@dataclass(slots=True)
class _Read:
    """What was read of one mailbox in this pass."""

    mailbox: str
    cursor: str | None
    listed: int = 0
    rows: list[Row] = field(default_factory=list)
    skipped: int = 0
    error: str | None = None
    more: bool = False


def follow(workspace: Workspace, live: LiveTenant, source: Source, owner: str) -> Followed:
    """One pass of the process `owner`, which has claimed the tenant (`onboarding.database.watching`).

    A mailbox that cannot be read holds up no other. Raises SourceError when the source cannot be listed,
    FollowedElsewhereError when another process has taken the tenant meanwhile: what was not kept yet it reads again.
    """
    tenant = live.scorer.tenant
    with workspace.database.transaction(tenant) as session:
        since = tenants.get(session, tenant).created_at
        watching.pin(session, tenant)
        cursors = watching.cursors(session, tenant)
        acting = acting_since(activations.all_of(session, tenant))
    result = Followed(tenant)
    reads = list(_read_all(live, source, cursors, since))
    decided: dict[str, list[tuple[Row, Decided]]] = {read.mailbox: [] for read in reads}
    arrived = sorted(
        ((row, read.mailbox) for read in reads for row in read.rows),
        key=lambda each: (each[0]["time"], each[0]["message_key"], each[1]),
    )
    learned = {row["message_key"] for row, _ in arrived if live.learned_before(row)}
    with workspace.database.session(tenant) as session:
        flagged = decisions.flagged(session, tenant, learned, in_history_by=live.scorer.calibration_version)
    with live.together():
        for row, mailbox in arrived:
            if live.learned_before(row):
                result.known += 1
                if (before := flagged.get(row["message_key"])) is not None:
                    # The journal has forgotten it: another copy of it is done with as it would have been with the first.
                    decided[mailbox].append((row, live.as_decided(row, before)))
                continue
            outcome = live.decide(row, door="watch")
            decided[mailbox].append((row, outcome))
            result.known += outcome.again
            result.decided += not outcome.again
            result.flagged += not outcome.again and outcome.verdict != "safe"
    # Before any cursor moves: what is behind one is never read again.
    live.sync()
    for read in reads:
        result.listed += read.listed
        result.skipped += read.skipped
        result.more |= read.more
        with workspace.database.transaction(tenant) as session:
            watching.hold(session, tenant, owner)
            if read.error is not None:
                watching.fail(session, tenant, read.mailbox, read.error)
                result.failed[read.mailbox] = read.error
                continue
            cleared = labels.safe(session, tenant, [row["message_key"] for row, _ in decided[read.mailbox]])
            plans = [
                one
                for row, outcome in decided[read.mailbox]
                if row["message_key"] not in cleared
                for one in _plans(row, outcome, read.mailbox, live.scorer.mode, acting, isinstance(source, Moves))
            ]
            result.planned += actions.plan(session, tenant, plans)
            for row, outcome in decided[read.mailbox]:
                if outcome.again:
                    _heed_move(session, tenant, row, outcome, read.mailbox)
            watching.advance(session, tenant, read.mailbox, read.cursor, read.listed)
    return result


def acting_since(history: Sequence[activations.Activation]) -> Mapping[Mode, datetime]:
    """Since when without a break the tenant has had a mode that acts; `history` is newest first. Older mail is history."""
    since: dict[Mode, datetime] = {}
    for mode, good in ((Mode.ALERT, (Mode.ALERT, Mode.ENFORCE)), (Mode.ENFORCE, (Mode.ENFORCE,))):
        for one in history:
            if one.mode not in good:
                break
            since[mode] = one.since
    return since


def _read_all(live: LiveTenant, source: Source, cursors: Mapping[str, str | None], since: datetime) -> Iterator[_Read]:
    names = [box.name for box in source.mailboxes()]
    left = _Budget(MOST_MESSAGES)
    belief = Belief(now=int(clock.now().timestamp()))

    def read(name: str) -> _Read:
        try:
            return _read(live, source, name, cursors.get(name), belief, left, since)
        except CursorLostError as lost:
            log.info("%s: %s", live.scorer.tenant, lost)
            return _Read(name, None, more=True)
        except (SourceError, OSError) as error:
            return _Read(name, cursors.get(name), error=str(error))

    at_once = min(source.mailboxes_at_once, len(names)) if isinstance(source, ReadsManyAtOnce) else 1
    if at_once <= 1:
        yield from map(read, names)
        return
    with ThreadPoolExecutor(at_once, thread_name_prefix="watch") as readers:
        for done in as_completed([readers.submit(read, name) for name in names]):
            yield done.result()


class _Budget:
    """How many messages this pass may still take; shared by the threads that read."""

    def __init__(self, messages: int) -> None:
        self._left = messages
        self._lock = threading.Lock()

    def take(self, messages: int) -> bool:
        """Notes messages; whether more may be read."""
        with self._lock:
            self._left -= messages
            return self._left > 0

    @property
    def spent(self) -> bool:
        """Nothing is left."""
        return self._left <= 0


def _read(
    live: LiveTenant,
    source: Source,
    name: str,
    cursor: str | None,
    belief: Belief,
    left: _Budget,
    since: datetime,
) -> _Read:
    read = _Read(name, cursor)
    if left.spent:
        read.more = True
        return read
    start = source.overlapping(cursor) if cursor is not None and isinstance(source, Overlaps) else cursor
    # A mailbox that nobody has read yet: only what came since the tenant was added is new.
    pages: Iterator[Page] = read_pages(source, name, start, int(since.timestamp()) if cursor is None else None)
    for page in pages:
        for listed in page.messages:
            outcome = parse_listed(listed, name, live.scorer.organisation, belief)
            if isinstance(outcome, Skip):
                read.skipped += 1
            elif cursor is not None or outcome["time"] >= since.timestamp():
                read.rows.append(outcome)
        read.listed += len(page.messages)
        read.cursor = page.cursor
        if not left.take(len(page.messages)):
            read.more = True
            break
    return read


def _plans(
    row: Row, outcome: Decided, mailbox: str, mode: Mode, acting: Mapping[Mode, datetime], can_move: bool
) -> Iterator[Planned]:
    """What the tenant's mode asks for a flagged message that came since it has that mode."""
    if outcome.verdict == "safe":
        return

    def planned(kind: ActionKind) -> Planned:
        return Planned(
            message_key=row["message_key"],
            mailbox=mailbox,
            kind=kind,
            message_id=row["message_id"],
            path=row["path"],
            time=row["time"],
            folder=row["folder"],
            activation=outcome.document["activation"],
            document=outcome.document | {"mailbox": mailbox, "sender": row["sender"]},
        )

    def live_in(wanted: Mode) -> bool:
        return wanted in acting and row["time"] >= acting[wanted].timestamp()

    if mode in (Mode.ALERT, Mode.ENFORCE) and live_in(Mode.ALERT):
        yield planned(ActionKind.NOTIFY)
    # Suspicious mail is never moved, and what somebody has put away already need not be.
    movable = can_move and outcome.verdict == "attack" and row["folder"] not in (Folder.JUNK, Folder.TRASH, Folder.SENT)
    if mode is Mode.ENFORCE and movable and live_in(Mode.ENFORCE):
        yield planned(ActionKind.MOVE)


def _heed_move(session: Session, tenant: str, row: Row, outcome: Decided, mailbox: str) -> None:
    """A message that was decided on turns up elsewhere: into junk or out of it is a person's word, unless we moved it."""
    before, now = outcome.folder, row["folder"]
    if (before == Folder.JUNK) == (now == Folder.JUNK) or before == Folder.UNKNOWN or outcome.mailbox != mailbox:
        return
    if row["time"] != outcome.time:
        # Delivered once more, which anybody can do: nobody moved anything.
        return
    key, message_id = row["message_key"], row["message_id"]
    if now == Folder.JUNK and actions.on_copies(session, tenant, key, mailbox, ActionKind.MOVE):
        return
    verdict = labels.Verdict.ATTACK if now == Folder.JUNK else labels.Verdict.SAFE
    reason = f"moved {'to' if now == Folder.JUNK else 'out of'} the junk folder of {mailbox}"
    known = session.get(labels.Label, (tenant, key))
    if known is None or (known.actor == MAILBOX_OWNER and known.verdict is not verdict):
        labels.label(session, tenant, key, message_id, verdict, reason=reason, actor=MAILBOX_OWNER)


MAILBOX_OWNER = "mailbox owner"
"""Who labels by moving mail; an analyst's label is not overridden by it."""
