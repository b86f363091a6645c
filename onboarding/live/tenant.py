"""One tenant, open for live mail: what is in force, and what arrived since, in memory.

A message is decided once: asked again, the answer is what was decided then, and nothing is learned twice. What other
processes decided is learned from their journals before the next decision is made (at most `FOLLOW_SECONDS` later), so
that processes differ by no more than that.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy.exc import IntegrityError

from detection.baselines.facts import sender_messages
from detection.baselines.overlay import Overlay
from detection.decision import Decision, Verdict
from detection.keys import NO_KEY
from detection.mail.batch import MessageBatch, Row
from detection.mail.message import Folder
from onboarding import clock
from onboarding.corrections import load
from onboarding.database import corrections, decisions
from onboarding.database.decisions import DecisionRow, Flagged
from onboarding.live.arrivals import Arrival, Journal, Reader
from onboarding.live.recent import Recent, read_recent
from onboarding.scoring import Scorer, open_scorer
from onboarding.verdicts import fields, flagged, parts_of, shown
from onboarding.workspace import Workspace

FOLLOW_SECONDS = 0.5
REMEMBERED = 200_000
"""Decisions kept in memory, to answer a message that comes again."""
LEARNED_AT_ONCE = 5_000
"""Arrivals of the journal that are in memory whole at a time."""
_ANSWERED_WITH = ("message_key", "message_id", "mailbox", "folder", "time")
"""What is remembered of a message's columns: a hundredth of them."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The answer to one message."""

    document: dict[str, Any]
    """As `gatehouse score` shows it, and under which versions it was decided."""
    verdict: str
    again: bool
    """It had been decided before."""
    folder: int = Folder.UNKNOWN
    """Where it was when it was decided on (`detection.mail.message.Folder`)."""
    mailbox: str = ""
    """And in whose mailbox."""
    time: int = 0
    """When it came, seconds since the epoch."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A decision as the journal has it and, of a flagged message, as the database does."""

    arrival: Arrival
    flagged: Flagged | None


class LiveTenant:
    """What is in force for one tenant and what came since. Not safe for several threads at once."""

    _scorer: Scorer
    _unrecorded: list[_Kept] | None = None
    """Inside `together`: what has been learned, and is recorded at its end."""

    def __init__(self, workspace: Workspace, tenant: str) -> None:
        self._workspace = workspace
        self._journal = Journal(workspace.layout(tenant).arrivals)
        self._follow_at = 0.0
        self._open(open_scorer(workspace, tenant))

    @property
    def scorer(self) -> Scorer:
        """What is in force."""
        return self._scorer

    def decide(self, row: Row, *, door: str = "api", learn: bool = True) -> Decided:
        """The decision on a message. With `learn` it is remembered, recorded when flagged, and becomes part of what is known.

        Nobody should be told before `sync`. Raises OSError when it cannot be remembered, DatabaseError when it cannot be
        recorded: then nothing was learned, and asking again is safe.
        """
        self.follow()
        known = self._decided.get(row["message_key"]) if learn and row["message_key"] != NO_KEY else None
        if known is not None:
            before = known.row
            document = _document(row["path"], known)
            return Decided(document, known.verdict, True, before["folder"], before["mailbox"], before["time"])
        begun = time.perf_counter()
        batch, facts, decision = self._scorer.judge(row, self._overlay, explain=False)
        seconds = time.perf_counter() - begun
        document = self._shown(row, decision)
        if learn:
            self._keep(batch, row, decision, seconds, door, new_sender=int(facts[sender_messages][0]) == 0)
        return Decided(document, str(decision.verdict), False, row["folder"], row["mailbox"], row["time"])

    @contextmanager
    def together(self) -> Iterator[None]:
        """Decisions made inside are recorded at its end, in one transaction: nobody is told of one before, nor acts on it.

        Each has been learned when the next is made, as ever. Raises what `decide` raises when they cannot be recorded; then none
        of them is learned.
        """
        self._unrecorded = []
        try:
            yield
        finally:
            kept, self._unrecorded = self._unrecorded, None
            try:
                self._record(kept)
            except BaseException:
                # What is learned cannot be taken back one by one: everything is, and what is recorded is learned again.
                self._open(self._scorer)
                raise

    def learned_before(self, row: Row) -> bool:
        """Whether a message is part of the history that the baseline was learned from: that is never decided on again."""
        return row["message_key"] not in self._decided and self._recent.knows(row["message_key"], row["time"])

    def as_decided(self, row: Row, before: DecisionRow) -> Decided:
        """The answer to another copy of a message that was flagged so long ago that only the record of it is left."""
        detectors = before.attribution.get("detectors", [])
        parts = [(one["name"], one["score"], one["tail_probability"], one["share"]) for one in detectors]
        document = fields(
            row["path"],
            before.message_id,
            before.verdict,
            before.kind or None,
            before.tail_probability,
            parts,
            before.attribution.get("reasons", []),
        ) | {"activation": before.activation or self._scorer.activation, "calibration": before.calibration}
        # Where it lay then is not recorded, so that it is not said to have been moved since.
        mailbox = before.attribution.get("mailbox", "")
        return Decided(document, before.verdict, True, Folder.UNKNOWN, mailbox, before.time)

    def follow(self) -> None:
        """Learns what other processes decided since it was last looked."""
        now = time.monotonic()
        if now < self._follow_at:
            return
        self._follow_at = now + FOLLOW_SECONDS
        new = self._reader.new()
        while some := list(islice(new, LEARNED_AT_ONCE)):
            self._learn(some)

    def switch(self) -> None:
        """Opens what is in force now: the next decision is made by it, and by it alone. Raises NotActive."""
        self._open(open_scorer(self._workspace, self._scorer.tenant))

    def correct(self) -> None:
        """Takes up the corrections of now; what is learned stays."""
        with self._workspace.database.session(self._scorer.tenant) as session:
            rows = corrections.standing(session, self._scorer.tenant)
        self._scorer = replace(self._scorer, corrections=load(rows))

    def sync(self) -> None:
        """Sees to it that a loss of power takes back none of the decisions so far. Raises OSError when it might."""
        self._journal.sync()

    def close(self) -> None:
        """Ends this process's segment."""
        self._journal.close()

    def _open(self, scorer: Scorer) -> None:
        layout = self._workspace.layout(scorer.tenant)
        self._scorer = scorer
        self._overlay = Overlay(scorer.snapshot.tables)
        self._recent: Recent = read_recent(layout.recent(scorer.baseline_version))
        self._reader = Reader(layout.arrivals)
        self._decided: OrderedDict[int, Arrival] = OrderedDict()
        self._follow_at = 0.0
        self.follow()

    def _learn(self, arrivals: Iterable[Arrival]) -> None:
        new: dict[int, Arrival] = {}
        for arrival in arrivals:
            if arrival.key not in self._decided:
                # What was decided first stands.
                new.setdefault(arrival.key, arrival)
        for key, arrival in new.items():
            self._decided[key] = replace(arrival, row={name: arrival.row[name] for name in _ANSWERED_WITH})
        while len(self._decided) > REMEMBERED:
            self._decided.popitem(last=False)
        rows = [one.row for one in new.values() if learned(one) and not self._recent.knows(one.key, one.time)]
        if rows:
            rows.sort(key=lambda row: (row["time"], row["message_key"]))
            self._overlay.learn(MessageBatch.from_rows(rows))

    def _keep(
        self, batch: MessageBatch, row: Row, decision: Decision, seconds: float, door: str, *, new_sender: bool
    ) -> None:
        scorer = self._scorer
        arrival = Arrival(
            row=row,
            verdict=str(decision.verdict),
            kind=str(decision.kind) if decision.kind else None,
            tail_probability=decision.tail_probability,
            detectors={name: list(numbers) for name, *numbers in parts_of(decision)},
            activation=scorer.activation,
            calibration=scorer.calibration_version,
            decided_at=clock.now().timestamp(),
            seconds=seconds,
            reasons=list(decision.reasons),
            door=door,
            new_sender=new_sender,
        )
        kept = _Kept(arrival, None if decision.verdict is Verdict.SAFE else flagged(batch, 0, decision))
        if self._unrecorded is None:
            self._record([kept])
        else:
            self._unrecorded.append(kept)
        self._learn([arrival])

    def _record(self, kept: Sequence[_Kept]) -> None:
        suspect = [one.flagged for one in kept if one.flagged is not None]
        if suspect:
            # First: a line in the journal says that this is done.
            try:
                self._record_flagged(suspect)
            except IntegrityError:
                # Another process was faster by a moment: its rows are there now, and stay as they are.
                self._record_flagged(suspect)
        if kept:
            self._reader.knows(self._journal.append([one.arrival for one in kept]))

    def _record_flagged(self, suspect: Sequence[Flagged]) -> None:
        scorer = self._scorer
        with self._workspace.database.transaction(scorer.tenant) as session:
            decisions.record_live(session, scorer.tenant, scorer.calibration_version, scorer.activation, suspect)

    def _shown(self, row: Row, decision: Decision) -> dict[str, Any]:
        return shown(row["path"], row["message_id"], decision) | {
            "activation": self._scorer.activation,
            "calibration": self._scorer.calibration_version,
        }


def learned(arrival: Arrival) -> bool:
    """Whether a message becomes part of what is known: judged attacks and junk do not make their sender look familiar."""
    return arrival.verdict != Verdict.ATTACK and arrival.row["folder"] != Folder.JUNK


def _document(path: str, known: Arrival) -> dict[str, Any]:
    parts = [(name, score, tail, share) for name, (score, tail, share) in known.detectors.items()]
    return fields(
        path, known.row["message_id"], known.verdict, known.kind, known.tail_probability, parts, known.reasons
    ) | {"activation": known.activation, "calibration": known.calibration}
