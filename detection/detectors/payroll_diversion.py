"""Somebody in an employee's name wants the salary paid to another account."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, OWN_NAME, PRESSURE, REPLY_DIVERTED
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    want=(
        rises("lure_payroll", 4.5, half=1.0),
        rises("lure_bank_change", 2.0, half=0.7),
    ),
    style=(
        rises("own_name_misused", 3.0),
        rises("account_number_count", 0.5, half=1.0),
        rises("text_brevity", 0.8, half=0.5),
        rises("sender_is_free_mail", 1.0),
        rises("reply_to_differs", 0.6),
        rises("sole_own_recipient", 0.5),
        rises("lure_urgency", 0.4, half=1.0),
        falls("bulk", 0.8, half=0.1),
        falls("link_count", 0.8, half=0.5),
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
            text="It speaks of pay or direct deposit ({lure_payroll:such phrase}).",
            when=((SIGNALS["lure_payroll"], 1, np.inf),),
            weight=9,
        ),
        Reason(
            text="It speaks of new or changed bank details ({lure_bank_change:such phrase}).",
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
    want, style = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    return np.asarray(stranger * (1.0 + unease + want * (0.1 + 0.2 * style)))
