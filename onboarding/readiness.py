"""Step 5: is the tenant ready? Each gate is a registered value: what it measures, its bar, its remedy, what it blocks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil

from detection.calibration.burn_in import unseen_mass
from detection.calibration.calibrate import CalibrationResult
from detection.calibration.certificate import Certificate
from detection.calibration.order_statistics import minimum_n
from detection.calibration.walk_forward import Audit
from detection.engine import Engine
from onboarding import clock, scores
from onboarding.baseline import READ
from onboarding.calibrate import CalibrationMade
from onboarding.database import gates, mailboxes
from onboarding.database.gates import Measured
from onboarding.database.mailboxes import Totals
from onboarding.database.rehearsals import mean_recall
from onboarding.database.runs import RunToken
from onboarding.history import History, open_history, read_history
from onboarding.holds import HoldReason, hold
from onboarding.lifecycle import Mode, Step
from onboarding.parity import LiveSample, live_sample
from onboarding.scores import SECONDS_A_DAY
from onboarding.stage import Held, stage
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What gates measure."""

    totals: Totals
    history: History
    unseen_sender_mass: float
    certificate: Certificate
    audit: Audit
    campaigns: int
    """Benign campaigns of mail that calibration could use."""
    live: LiveSample
    rehearsed_recall: float = 0.0
    """Share of rehearsed attacks that are caught, each kind counting alike; 0 when none could be rehearsed."""

    @property
    def days(self) -> float:
        """Days between the first and the last message."""
        return ((self.history.last_time or 0) - (self.history.first_time or 0)) / SECONDS_A_DAY

    def days_until(self, campaigns: int) -> float | None:
        """Days until so many more campaigns will have come, at the rate of history; None when there is no rate."""
        return campaigns * self.days / self.campaigns if self.campaigns and self.days else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One readiness check: it passes when `value` is at least `bar` (or, with `at_most`, at most)."""

    name: str
    measure: str
    value: Callable[[Evidence], float | None]
    """None when there is nothing to measure it on, which does not pass."""
    bar: Callable[[Evidence], float]
    remedy: Callable[[Evidence], str]
    blocks: frozenset[Mode]
    """Modes that the tenant may not have while it fails."""
    at_most: bool = False
    wait: Callable[[Evidence], float | None] = lambda _: None
    """Days after which time alone may have cured it; None when it cannot."""

    def retry_at(self, evidence: Evidence) -> datetime | None:
        """When it is worth looking again, should it fail; at the soonest tomorrow, at the latest in a year."""
        days = self.wait(evidence)
        return None if days is None else clock.now() + timedelta(days=min(max(ceil(days), 1), 365))

    def measured(self, evidence: Evidence) -> Measured:
        """The gate's verdict on this evidence."""
        value, bar = self.value(evidence), self.bar(evidence)
        passed = value is not None and (value <= bar if self.at_most else value >= bar)
        remedy = "" if passed else self.remedy(evidence)
        if not passed and (again := self.retry_at(evidence)) is not None:
            remedy += f"; time may cure it: looked at again from {again:%Y-%m-%d}"
        return Measured(
            name=self.name,
            measure=self.measure,
            value=value,
            bar=f"{'at most' if self.at_most else 'at least'} {bar:g}",
            passed=passed,
            remedy=remedy,
        )


LEAST_DAYS = 28
LEAST_CAMPAIGNS = 200
MOST_MILLISECONDS = 50.0

EVERY_MODE = frozenset({Mode.SHADOW, Mode.ALERT, Mode.ENFORCE})
ACTING = frozenset({Mode.ALERT, Mode.ENFORCE})

RECALL_FLOOR = 0.15
"""A third of the rehearsed attacks are as hard as attacks get, and a strict budget buys few of those; below this, detection
on this tenant is as good as blind and nobody should rely on it."""

GATES = (
    Gate(
        name="mailbox-coverage",
        measure="share of the discovered mailboxes that were read to their end",
        value=lambda e: e.totals.ingested / max(e.totals.discovered, 1),
        bar=lambda _: 0.9,
        remedy=lambda e: f"make the {e.totals.failed} failed mailboxes readable",
        blocks=EVERY_MODE,
        wait=lambda _: 1,
    ),
    Gate(
        name="history-span",
        measure="days between the first and the last message",
        value=lambda e: e.days,
        bar=lambda _: LEAST_DAYS,
        remedy=lambda _: "widen the lookback or wait until more days of mail are there",
        blocks=ACTING,
        wait=lambda e: LEAST_DAYS - e.days,
    ),
    Gate(
        name="history-volume",
        measure="benign campaigns after the burn-in (one sender, one subject shape, one day)",
        value=lambda e: e.campaigns,
        bar=lambda _: LEAST_CAMPAIGNS,
        remedy=lambda _: "add mailboxes, widen the lookback or wait until more mail is there",
        blocks=ACTING,
        wait=lambda e: e.days_until(LEAST_CAMPAIGNS - e.campaigns),
    ),
    Gate(
        name="sender-maturity",
        measure="probability that the next message's sender was never seen (Good-Turing)",
        value=lambda e: e.unseen_sender_mass,
        bar=lambda _: 0.2,
        at_most=True,
        remedy=lambda _: "widen the lookback or add mailboxes, so that more of the tenant's correspondents are known",
        blocks=ACTING,
    ),
    Gate(
        name="certificate",
        measure="false-positive rate that the evidence certifies (campaigns flagged as attack)",
        value=lambda e: e.certificate.counted_alpha,
        bar=lambda e: e.certificate.alpha,
        at_most=True,
        remedy=lambda e: (
            f"{e.certificate.effective_n:,} campaigns certify 1 in {1 / e.certificate.counted_alpha:,.0f}; the budget "
            f"needs {minimum_n(e.certificate.alpha, e.certificate.delta):,}: wait for more mail, widen the lookback, "
            f"or set a budget of {e.certificate.smallest_certifiable_alpha:.2g}"
            if e.certificate.effective_n
            else "there is no mail to certify on: widen the lookback"
        ),
        blocks=ACTING,
        wait=lambda e: (
            # At least half of what comes certifies.
            e.days_until(2 * (minimum_n(e.certificate.alpha, e.certificate.delta) - e.certificate.effective_n))
            if e.certificate.effective_n < minimum_n(e.certificate.alpha, e.certificate.delta)
            else None
        ),
    ),
    Gate(
        name="walk-forward",
        measure="rate that history refutes (week by week under thresholds of the weeks before), over what was promised",
        value=lambda e: e.audit.interval[0] / e.audit.promised if e.audit.weeks else None,
        bar=lambda _: 1.0,
        at_most=True,
        remedy=lambda e: (
            f"{e.audit.flagged:,} of {e.audit.campaigns:,} campaigns were flagged where 1 in {1 / e.audit.promised:,.0f} "
            "was promised: the tenant's mail changes faster than its past tells. Look at the findings, label what is "
            "an attack with `gatehouse feedback`, and calibrate again"
            if e.audit.weeks
            else "there is no second week of mail to try the first one's thresholds on: wait, or widen the lookback"
        ),
        blocks=ACTING,
        wait=lambda _: 7,
    ),
    Gate(
        name="live-parity",
        measure="share of the last messages of history whose live signals and scores equal the replay's",
        value=lambda e: e.live.alike / e.live.messages if e.live.messages else None,
        bar=lambda _: 1.0,
        remedy=lambda e: (
            f"{', '.join(e.live.differing)} differ between live and replay: a defect of the engine, report it; "
            "the tenant stays where it is"
        ),
        blocks=EVERY_MODE,
    ),
    Gate(
        name="decision-time",
        measure="milliseconds of processor time that a decision takes, 99th percentile of a sample",
        value=lambda e: e.live.slow_ms,
        bar=lambda _: MOST_MILLISECONDS,
        at_most=True,
        remedy=lambda _: "give live scoring a faster machine, or more memory for its snapshots",
        blocks=ACTING,
        wait=lambda _: 1,
    ),
    Gate(
        name="rehearsed-recall",
        measure="share of rehearsed attacks that are caught, easy to hard, each kind counting alike",
        value=lambda e: e.rehearsed_recall,
        bar=lambda _: RECALL_FLOOR,
        remedy=lambda e: (
            f"at 1 in {1 / e.certificate.alpha:,.0f} too few attacks are caught to act on: set a larger budget, or let "
            "more history make the tenant's own mail less surprising (`gatehouse rehearse` shows what is missed)"
            if e.rehearsed_recall
            else "no rehearsed attack was caught, or none could be made: see `gatehouse rehearse`"
        ),
        blocks=ACTING,
    ),
)
"""In the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Readiness:
    """What the gates said, and which modes they leave open."""

    measured: tuple[Measured, ...]
    allowed: frozenset[Mode]
    retry_at: datetime | None = None
    """When a failed gate is worth looking at again; the earliest, None when time cures none of them."""


def judge(evidence: Evidence) -> Readiness:
    """Every gate's verdict."""
    measured = tuple(gate.measured(evidence) for gate in GATES)
    blocked = {mode for gate, one in zip(GATES, measured, strict=True) if not one.passed for mode in gate.blocks}
    dates = [gate.retry_at(evidence) for gate, one in zip(GATES, measured, strict=True) if not one.passed]
    retry_at = min((date for date in dates if date is not None), default=None)
    return Readiness(measured, frozenset({Mode.OFF, *EVERY_MODE} - blocked), retry_at)


def evidence_of(workspace: Workspace, tenant: str, result: CalibrationResult, recall: float) -> Evidence:
    """What the gates measure of a tenant with this calibration."""
    layout = workspace.layout(tenant)
    history = open_history(layout)
    with workspace.database.session(tenant) as session:
        totals = mailboxes.totals(session, tenant)
    replayed = scores.read(scores.path_of(layout, history.digest, Engine().version))
    return Evidence(
        totals=totals,
        history=history,
        unseen_sender_mass=unseen_mass(replayed.senders[replayed.received]).mass,
        certificate=result.certificate,
        audit=result.audit,
        campaigns=result.campaigns,
        live=live_sample(layout, history, read_history(layout, READ), result.calibration),
        rehearsed_recall=recall,
    )


def check_readiness(
    workspace: Workspace, token: RunToken, made: CalibrationMade, *, may_hold: bool = True
) -> Readiness:
    """Measures and records every gate. Raises Held when one fails that even shadow mode needs (with `may_hold`)."""
    tenant = token.tenant
    with stage(workspace, token, Step.READINESS, unit="gates") as current:
        readiness = judge(evidence_of(workspace, tenant, made.result, mean_recall(made.recalled)))
        with workspace.database.transaction(tenant) as session:
            gates.record(session, token, readiness.measured, made.version)
        failed = [one for one in readiness.measured if not one.passed]
        current.summary |= {
            "passed": len(readiness.measured) - len(failed),
            "failed": [one.name for one in failed],
            "allowed": sorted(readiness.allowed),
            "retry_at": readiness.retry_at.isoformat() if readiness.retry_at else None,
        }
        for one in failed:
            log.info(
                "%s: gate %s not passed: %s, %s is asked for; %s", tenant, one.name, _said(one), one.bar, one.remedy
            )
        if may_hold and Mode.SHADOW not in readiness.allowed:
            first = next(
                m for g, m in zip(GATES, readiness.measured, strict=True) if not m.passed and Mode.SHADOW in g.blocks
            )
            raise Held(
                hold(
                    HoldReason.GATE_FAILED,
                    tenant=tenant,
                    gate=first.name,
                    value=_said(first),
                    bar=first.bar,
                    remedy=first.remedy,
                )
            )
    return readiness


def _said(one: Measured) -> str:
    return "not measured" if one.value is None else f"{one.value:.3g}"
