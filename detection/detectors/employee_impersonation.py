"""Somebody outside writes under the name of an ordinary employee: a colleague, not a superior."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, OWN_NAME, PRESSURE, REPLY_DIVERTED, REQUEST_FOR_MONEY, TASK
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    identity=(
        rises("own_name_misused", 4.0),
        rises("own_name_in_address", 1.5),
        rises("name_borrowed", 0.7, half=0.3),
    ),
    ask=(
        rises("lure_payroll", 1.2, half=0.5),
        rises("lure_task", 1.0, half=0.5),
        rises("lure_gift_card", 1.0, half=0.5),
        rises("lure_document_share", 1.0, half=0.5),
        rises("lure_credential", 1.0, half=0.5),
        rises("lure_payment", 0.8, half=0.5),
        rises("lure_urgency", 0.5, half=1.0),
        rises("sender_is_free_mail", 0.8),
        rises("sole_own_recipient", 0.6),
        rises("reply_to_differs", 0.8),
        rises("text_brevity", 0.6, half=0.5),
        rises("link_new_sites", 0.6, half=0.5),
        rises("thread_stranger", 0.6),
        falls("name_sender_messages", 0.5, half=0.5),
    ),
)


@detector(
    kind=AttackKind.EMPLOYEE_IMPERSONATION,
    severity=Severity.HIGH,
    benign_lookalikes=(
        "One of your people writing from a private address; a namesake elsewhere; calendars, surveys and document "
        "services that send in a person's name."
    ),
    reasons=(
        OWN_NAME,
        Reason(
            text="The address {sender} spells the name of one of your people and is not an address of yours.",
            when=((SIGNALS["own_name_in_address"], 1, 1),),
            weight=7,
        ),
        FIRST_CONTACT,
        TASK,
        REQUEST_FOR_MONEY,
        PRESSURE,
        REPLY_DIVERTED,
    ),
)
def employee_impersonation(s: SignalValues) -> Floats:
    """A foreign address bears the name of one of the tenant's people, whoever they are, and wants something."""
    identity, ask = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    return np.asarray(stranger * (1.0 + unease + identity * (0.35 + 0.25 * ask)))
