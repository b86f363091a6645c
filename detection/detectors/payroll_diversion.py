"""Somebody in an employee's name wants the salary paid to another account."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, OWN_NAME, PRESSURE, REPLY_DIVERTED
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    shares=("stranger",),
    want=(
        rises("lure_payroll", 5.0, half=0.7),
        rises("lure_bank_change", 2.0, half=0.7),
        rises("account_number_count", 0.7, half=1.0),
        rises("own_name_misused", 2.5),
        rises("name_borrowed", 0.7, half=0.3),
    ),
    stranger=(
        falls("sender_messages", 3.0, half=1.0),
        falls("party_messages", 1.0, half=2.0),
        falls("pair_messages", 1.0, half=1.0),
        falls("wrote_to_sender", 3.0, half=0.3),
        falls("wrote_to_site", 0.7, half=1.0),
        falls("thread_sender_addressed", 0.7, half=0.5),
    ),
    style=(
        rises("text_brevity", 0.8, half=0.5),
        rises("sender_is_free_mail", 1.0),
        rises("reply_to_differs", 0.6),
        rises("sole_own_recipient", 0.5),
        rises("lure_urgency", 0.4, half=1.0),
        falls("bulk", 1.0, half=0.1),
        falls("link_count", 0.8, half=1.0),
        rises("authentication_failures", 0.4, half=1.0, unknown=0.2),
        falls("recipient_messages_most", 0.05, half=500.0),
    ),
)


@detector(
    kind=AttackKind.PAYROLL_DIVERSION,
    severity=Severity.HIGH,
    benign_lookalikes=(
        "A real employee writing from a private address; payroll services and pension funds "
        "that write for the first time."
    ),
    reasons=(
        Reason(
            text="It speaks of pay or direct deposit ({lure_payroll:.0f} such phrases).",
            when=((SIGNALS["lure_payroll"], 1, np.inf),),
            weight=9,
        ),
        Reason(
            text="It speaks of new or changed bank details ({lure_bank_change:.0f} such phrases).",
            when=((SIGNALS["lure_bank_change"], 1, np.inf),),
            weight=8,
        ),
        OWN_NAME,
        FIRST_CONTACT,
        PRESSURE,
        REPLY_DIVERTED,
    ),
)
def payroll_diversion(s: SignalValues) -> Floats:
    """An address that the tenant does not know asks to have an employee's pay sent elsewhere."""
    want, stranger, style = _EVIDENCE(s)
    return np.asarray(want * stranger * stranger * (1.0 + 0.15 * style) + 0.1 * style + 0.3 * stranger)
