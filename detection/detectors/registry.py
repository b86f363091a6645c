"""Detectors are declared by decorating a scoring function; the registry is their catalogue.

A detector's score is a continuous function of signals that rises with suspicion and has no meaning of its own: what a
score means for a tenant is its tail probability there (`detection.calibration.tails`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from detection.mail.batch import Floats
from detection.signals.registry import Signal
from detection.signals.values import SignalValues


class AttackKind(StrEnum):
    """The kinds of attack that a decision can name."""

    UNFAMILIAR_SENDER = "unfamiliar-sender"
    EXECUTIVE_IMPERSONATION = "executive-impersonation"
    EMPLOYEE_IMPERSONATION = "employee-impersonation"
    LOOKALIKE_DOMAIN = "lookalike-domain"
    CREDENTIAL_PHISHING = "credential-phishing"
    PAYMENT_FRAUD = "payment-fraud"
    INVOICE_FRAUD = "invoice-fraud"
    VENDOR_IMPERSONATION = "vendor-impersonation"
    BRAND_IMPERSONATION = "brand-impersonation"
    VENDOR_COMPROMISE = "vendor-compromise"
    INTERNAL_COMPROMISE = "internal-compromise"
    LATERAL_PHISHING = "lateral-phishing"
    SPOOFED_INTERNAL = "spoofed-internal"
    PAYROLL_DIVERSION = "payroll-diversion"
    GIFT_CARD = "gift-card"
    ADVANCE_FEE = "advance-fee"
    EXTORTION = "extortion"
    CALLBACK = "callback"
    MALICIOUS_ATTACHMENT = "malicious-attachment"
    ATTACHMENT_PHISHING = "attachment-phishing"
    QR_PHISHING = "qr-phishing"
    RECONNAISSANCE = "reconnaissance"
    PHISHING = "phishing"
    FRAUD = "fraud"


class Severity(StrEnum):
    """How much harm the kind does when it gets through."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One sentence of an attribution: shown when every signal in `when` lies in its closed interval.

    `text` is a format string over the names of the signals in `when` and of `shows` (further signals whose numbers
    the sentence quotes), and over the texts of `detection.attribution.TEXTS` (sender, sender_domain ...). It can
    thus say nothing that is not in the message or its signals. `{signal:such phrase}` reads "1 such phrase", "2 such
    phrases"; an irregular plural stands behind a bar. Where a text that it quotes is not known, `otherwise`
    is shown in its place, and nothing when that is empty. `weight` orders the sentences of one decision.
    """

    text: str
    when: tuple[tuple[Signal, float, float], ...]
    shows: tuple[Signal, ...] = ()
    weight: float = 1.0
    otherwise: str = ""


Score = Callable[[SignalValues], Floats]

Explain = Callable[[Mapping[str, float]], list[tuple[str, float]]]
"""Sentences with their weights for one message, from its signals by name: for detectors whose reasons are learned."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detector:
    """A named scorer for one kind of attack."""

    name: str
    kind: AttackKind
    severity: Severity
    meaning: str
    benign_lookalikes: str
    reasons: tuple[Reason, ...]
    compute: Score
    explain: Explain | None = None

    def __call__(self, signals: SignalValues) -> Floats:
        """Scores, float64[n], never NaN; higher is more suspicious."""
        scores = np.atleast_1d(np.asarray(self.compute(signals), dtype=np.float64))
        if np.isnan(scores).any():
            raise ValueError(f"detector {self.name} gave NaN: decide what an unknown signal means to it")
        return scores


DETECTORS: dict[str, Detector] = {}
"""Every detector by name, in the order of declaration."""


def catalogue() -> str:
    """Every detector with what it means and its known benign look-alikes, as text for people."""
    return "\n".join(
        f"{d.name} [{d.kind}, {d.severity}]\n    {' '.join(d.meaning.split())}\n    Benign look-alikes: {d.benign_lookalikes}"
        for d in DETECTORS.values()
    )


def detector(
    *,
    kind: AttackKind,
    severity: Severity,
    benign_lookalikes: str,
    reasons: tuple[Reason, ...],
    explain: Explain | None = None,
) -> Callable[[Score], Detector]:
    """Declares a scoring function to be a detector named after it; its docstring says what a hit means.

    Raises ValueError at import when the name is taken or the docstring is missing.
    """

    def declare(compute: Score) -> Detector:
        name = compute.__name__
        if name in DETECTORS:
            raise ValueError(f"detector {name} is declared twice: {DETECTORS[name].compute.__module__} has it already")
        if not compute.__doc__:
            raise ValueError(f"detector {name} has no docstring: say in one line what a hit means")
        DETECTORS[name] = Detector(
            name=name,
            kind=kind,
            severity=severity,
            meaning=compute.__doc__.strip(),
            benign_lookalikes=benign_lookalikes,
            reasons=reasons,
            compute=compute,
            explain=explain,
        )
        return DETECTORS[name]

    return declare
