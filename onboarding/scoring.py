"""Decisions on mail as it comes: what an activation has in force, held open and asked message by message."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from detection.baselines.overlay import Overlay
from detection.baselines.snapshot import Snapshot
from detection.baselines.values import FactValues
from detection.calibration.calibration import Calibration
from detection.calibration.campaigns import campaign_keys
from detection.decision import Decision, Verdict, decide
from detection.engine import Engine
from detection.mail.batch import MessageBatch, Row
from detection.mail.columns import Origin, row_of
from detection.mail.message import Folder, Skip, SkipReason
from detection.mail.organisation import Organisation
from detection.mail.parse import parse
from onboarding import clock, scores
from onboarding.activate import in_force
from onboarding.calibrate import read_calibration
from onboarding.corrections import Correction, heeded, load
from onboarding.database import canary, corrections, decisions, tenants
from onboarding.database.canary import Counts
from onboarding.lifecycle import Mode
from onboarding.names import KeyNames
from onboarding.parsing import Belief, parse_listed, usable_time
from onboarding.policy import review
from onboarding.sources.base import Listed, Source
from onboarding.sources.paging import read_message_file
from onboarding.verdicts import flagged, shown, shown_skip
from onboarding.workspace import Workspace


class NotActive(Exception):  # noqa: N818 - where a tenant stands, not a mistake
    """The tenant has nothing in force to decide with. The message says what to do."""


@dataclass(frozen=True, slots=True)
class Scorer:
    """One activation, open: immutable, so a decision is made wholly by one version. Memory-mapped, so it is cheap."""

    tenant: str
    activation: int
    mode: Mode
    baseline_version: int
    calibration_version: int
    organisation: Organisation
    snapshot: Snapshot
    calibration: Calibration
    names: KeyNames
    engine: Engine
    corrections: Mapping[int, Correction] = field(default_factory=dict)
    """By sender key."""

    def decide(
        self, row: Row, overlay: Overlay | None = None, *, explain: bool = True
    ) -> tuple[MessageBatch, Decision]:
        """The decision on one message, from the snapshot and what came since."""
        batch, _, decision = self.judge(row, overlay, explain=explain)
        return batch, decision

    def judge(
        self, row: Row, overlay: Overlay | None = None, *, explain: bool = True
    ) -> tuple[MessageBatch, FactValues, Decision]:
        """The same, with what was known when it was decided."""
        batch = MessageBatch.from_rows([row])
        look_up = overlay.look_up if overlay is not None else self.snapshot.look_up
        facts = look_up(batch)
        result = self.engine.score(batch, facts)
        decision = decide(
            batch, result, self.calibration, facts=facts, names=self.names, look_up=look_up, explain_all=explain
        )[0]
        return batch, facts, heeded(decision, batch, self.corrections)


def open_scorer(workspace: Workspace, tenant: str) -> Scorer:
    """Opens what is in force for the tenant.

    Raises NotActive when it is not onboarded, switched off, or was activated for another version of the engine.
    """
    found = in_force(workspace, tenant)
    with workspace.database.session(tenant) as session:
        row = tenants.get(session, tenant)
        known = corrections.standing(session, tenant)
    if found is None:
        raise NotActive(
            f"tenant {tenant} is {row.state} and has no detection in force yet: run `gatehouse onboard {tenant}`"
        )
    activation, baseline, _ = found
    if activation.mode is Mode.OFF:
        raise NotActive(f"tenant {tenant} is switched off: `gatehouse activate {tenant} --mode shadow` switches it on")
    engine = Engine()
    if activation.engine != engine.version:
        raise NotActive(
            f"tenant {tenant} was activated for engine {activation.engine}, and this is {engine.version}: "
            f"run `gatehouse onboard {tenant}`; no mail is read again"
        )
    layout = workspace.layout(tenant)
    return Scorer(
        tenant=tenant,
        activation=activation.version,
        mode=activation.mode,
        baseline_version=activation.baseline,
        calibration_version=activation.calibration,
        organisation=Organisation(frozenset(row.domains)),
        snapshot=Snapshot.open(layout.baseline(baseline.version)),
        calibration=read_calibration(workspace, tenant, activation.calibration),
        names=KeyNames(layout.names(baseline.version)),
        engine=engine,
        corrections=load(known),
    )


def score_files(scorer: Scorer, files: Iterable[Path]) -> Iterator[dict[str, Any]]:
    """A decision for each mail file, in their order, each as if it arrived at its own time (now, if it names none)."""
    now = int(clock.now().timestamp())
    for path in files:
        content = _read(path)
        message = content if isinstance(content, Skip) else parse(content)
        if isinstance(message, Skip):
            yield shown_skip(str(path), message)
            continue
        time = usable_time(message, None, now) or now
        row = row_of(message, scorer.organisation, Origin("", str(path), Folder.UNKNOWN), time)
        _, decision = scorer.decide(row)
        yield shown(str(path), message.message_id, decision)


def _read(path: Path) -> bytes | Skip:
    try:
        return read_message_file(os.fsencode(path.resolve()))
    except OSError as error:
        return Skip(SkipReason.UNREADABLE, error.strerror or str(error))


def replay_source(workspace: Workspace, scorer: Scorer, source: Source) -> Iterator[dict[str, Any]]:
    """A decision for each message of a source, in order of time, through the live path, learning as it goes.

    Copies of one mail are decided once. Flagged messages are recorded; junk and attacks are not learned from. At the end
    the counts by day are recorded, and what they mean for the tenant's mode is looked at (`onboarding.policy`).
    """
    rows, skipped = _rows_in_order(scorer, source)
    yield from skipped
    overlay = Overlay(scorer.snapshot.tables)
    tally = Tally()
    for row in rows:
        batch, decision = scorer.decide(row, overlay, explain=False)
        learn(overlay, batch, decision)
        tally.add(batch, decision.verdict is Verdict.ATTACK)
        if decision.verdict is not Verdict.SAFE:
            with workspace.database.transaction(scorer.tenant) as session:
                decisions.record_live(
                    session,
                    scorer.tenant,
                    scorer.calibration_version,
                    scorer.activation,
                    [flagged(batch, 0, decision)],
                )
        yield shown(row["path"], row["message_id"], decision)
    with workspace.database.transaction(scorer.tenant) as session:
        canary.record(session, scorer.tenant, scorer.activation, source.uri, tally.days())
    review(workspace, scorer.tenant)


class Tally:
    """Campaigns of benign-looking received mail by day, as a certificate counts them: decided on, and flagged."""

    def __init__(self) -> None:
        self._messages: Counter[int] = Counter()
        self._campaigns: dict[int, dict[int, bool]] = defaultdict(dict)

    def add(self, batch: MessageBatch, attack: bool) -> None:
        """One decided message. Mail of the tenant to others, and known bad, is not what was promised about."""
        if not scores.received(batch)[0] or scores.known_bad(batch)[0]:
            return
        day = batch.time // scores.SECONDS_A_DAY
        key = int(campaign_keys(batch.sender_key, batch.subject_shape_key, day)[0])
        campaigns = self._campaigns[int(day[0])]
        campaigns[key] = campaigns.get(key, False) or attack
        self._messages[int(day[0])] += 1

    def days(self) -> dict[int, Counts]:
        """The counts by day."""
        return {
            day: Counts(messages=self._messages[day], decided=len(flags), flagged=sum(flags.values()))
            for day, flags in self._campaigns.items()
        }


def score_live(scorer: Scorer, mail: Iterable[Listed]) -> Iterator[tuple[Listed, dict[str, Any]]]:
    """Listed mail in order of time with the decision on each, learning as it goes; copies of one mail once.

    Nothing is recorded: this is for mail whose nature is known, as in a demonstration.
    """
    overlay = Overlay(scorer.snapshot.tables)
    belief = Belief(now=int(clock.now().timestamp()))
    seen: set[int] = set()
    for listed in mail:
        row = parse_listed(listed, listed.path.split("/", 1)[0], scorer.organisation, belief)
        if isinstance(row, Skip) or row["message_key"] in seen:
            continue
        seen.add(row["message_key"])
        batch, decision = scorer.decide(row, overlay, explain=False)
        learn(overlay, batch, decision)
        yield listed, shown(row["path"], row["message_id"], decision)


def learn(overlay: Overlay, batch: MessageBatch, decision: Decision) -> None:
    """A message that was decided on becomes part of what is known, unless it is an attack or junk."""
    overlay.learn(batch, ~scores.known_bad(batch) & (decision.verdict is not Verdict.ATTACK))


def _rows_in_order(scorer: Scorer, source: Source) -> tuple[list[Row], list[dict[str, Any]]]:
    belief = Belief(now=int(clock.now().timestamp()))
    rows: dict[int, Row] = {}
    skipped = []
    for mailbox in source.mailboxes():
        for page in source.pages(mailbox.name, None):
            for listed in page.messages:
                outcome = parse_listed(listed, mailbox.name, scorer.organisation, belief)
                if isinstance(outcome, Skip):
                    skipped.append(shown_skip(listed.path, outcome))
                else:
                    rows.setdefault(outcome["message_key"], outcome)
    return sorted(rows.values(), key=lambda row: (row["time"], row["message_key"])), skipped
