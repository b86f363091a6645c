"""Step 5: is the tenant ready? Each gate is a registered value: what it measures, its bar, its remedy, what it blocks."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from detection.calibration.burn_in import unseen_mass
from detection.calibration.certificate import Certificate
from detection.calibration.order_statistics import minimum_n
from detection.engine import Engine
from onboarding import scores
from onboarding.calibrate import CalibrationMade
from onboarding.database import gates, mailboxes
from onboarding.database.gates import Measured
from onboarding.database.mailboxes import Totals
from onboarding.database.rehearsals import mean_recall
from onboarding.database.runs import RunToken
from onboarding.history import History, open_history
from onboarding.holds import HoldReason, hold
from onboarding.lifecycle import Mode, Step
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
    rehearsed_recall: float = 0.0
    """Share of rehearsed attacks that are caught, each kind counting alike; 0 when none could be rehearsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One readiness check: it passes when `value` is at least `bar` (or, with `at_most`, at most)."""

    name: str
    measure: str
    value: Callable[[Evidence], float]
    bar: Callable[[Evidence], float]
    remedy: Callable[[Evidence], str]
    blocks: frozenset[Mode]
    """Modes that the tenant may not have while it fails."""
    at_most: bool = False

    def measured(self, evidence: Evidence) -> Measured:
        """The gate's verdict on this evidence."""
        value, bar = self.value(evidence), self.bar(evidence)
        passed = value <= bar if self.at_most else value >= bar
        return Measured(
            name=self.name,
            measure=self.measure,
            value=value,
            bar=f"{'at most' if self.at_most else 'at least'} {bar:g}",
            passed=passed,
            remedy="" if passed else self.remedy(evidence),
        )


EVERY_MODE = frozenset({Mode.SHADOW, Mode.ALERT, Mode.ENFORCE})
ACTING = frozenset({Mode.ALERT, Mode.ENFORCE})

RECALL_FLOOR = 0.3
"""Below it, most of what is sent gets through anyway. A third of the attacks are as hard as attacks get, and a strict budget
buys few of those."""

GATES = (
    Gate(
        name="mailbox-coverage",
        measure="share of the discovered mailboxes that were read to their end",
        value=lambda e: e.totals.ingested / max(e.totals.discovered, 1),
        bar=lambda _: 0.9,
        remedy=lambda e: f"make the {e.totals.failed} failed mailboxes readable",
        blocks=EVERY_MODE,
    ),
    Gate(
        name="history-span",
        measure="days between the first and the last message",
        value=lambda e: ((e.history.last_time or 0) - (e.history.first_time or 0)) / SECONDS_A_DAY,
        bar=lambda _: 28,
        remedy=lambda _: "widen the lookback or wait until more days of mail are there",
        blocks=ACTING,
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


def judge(evidence: Evidence) -> Readiness:
    """Every gate's verdict."""
    measured = tuple(gate.measured(evidence) for gate in GATES)
    blocked = {mode for gate, one in zip(GATES, measured, strict=True) if not one.passed for mode in gate.blocks}
    return Readiness(measured, frozenset({Mode.OFF, *EVERY_MODE} - blocked))


def check_readiness(workspace: Workspace, token: RunToken, made: CalibrationMade) -> Readiness:
    """Measures and records every gate. Raises Held when one fails that even shadow mode needs."""
    tenant = token.tenant
    with stage(workspace, token, Step.READINESS, unit="gates") as current:
        layout = workspace.layout(tenant)
        history = open_history(layout)
        with workspace.database.session(tenant) as session:
            totals = mailboxes.totals(session, tenant)
        replayed = scores.read(scores.path_of(layout, history.digest, Engine().version))
        unseen = unseen_mass(replayed.senders[replayed.received]).mass
        readiness = judge(Evidence(totals, history, unseen, made.result.certificate, mean_recall(made.recalled)))
        with workspace.database.transaction(tenant) as session:
            gates.record(session, token, readiness.measured)
        failed = [one for one in readiness.measured if not one.passed]
        current.summary |= {
            "passed": len(readiness.measured) - len(failed),
            "failed": [one.name for one in failed],
            "allowed": sorted(readiness.allowed),
        }
        for one in failed:
            log.info(
                "%s: gate %s not passed: %.3g, %s is asked for; %s", tenant, one.name, one.value, one.bar, one.remedy
            )
        if Mode.SHADOW not in readiness.allowed:
            first = next(
                m for g, m in zip(GATES, readiness.measured, strict=True) if not m.passed and Mode.SHADOW in g.blocks
            )
            raise Held(
                hold(
                    HoldReason.GATE_FAILED,
                    tenant=tenant,
                    gate=first.name,
                    value=f"{first.value:.3g}",
                    bar=first.bar,
                    remedy=first.remedy,
                )
            )
    return readiness
