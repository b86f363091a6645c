"""Somebody, often in a superior's name, wants gift cards bought and their codes sent."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import (
    FIRST_CONTACT,
    GIFT_CARDS,
    OWN_NAME,
    PRESSURE,
    REPLY_DIVERTED,
    TASK,
)
from detection.detectors.registry import AttackKind, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    want=(rises("lure_gift_card", 6.0, half=1.5),),
    style=(
        rises("own_name_misused", 2.0),
        rises("name_borrowed", 1.0, half=0.3),
        rises("lure_task", 1.0, half=0.5),
        rises("lure_secrecy", 1.0, half=0.5),
        rises("lure_urgency", 0.6, half=1.0),
        rises("text_brevity", 0.8, half=0.5),
        rises("sender_is_free_mail", 0.7),
        rises("reply_to_differs", 0.6),
        rises("sole_own_recipient", 0.5),
        falls("bulk", 1.0, half=0.1),
        falls("link_count", 1.0, half=0.5),
    ),
)


@detector(
    kind=AttackKind.GIFT_CARD,
    severity=Severity.MEDIUM,
    benign_lookalikes=(
        "An assistant really organising presents from a new address; loyalty programmes and "
        "shops that write for the first time."
    ),
    reasons=(
        GIFT_CARDS,
        OWN_NAME,
        FIRST_CONTACT,
        TASK,
        PRESSURE,
        REPLY_DIVERTED,
    ),
)
def gift_card(s: SignalValues) -> Floats:
    """An address that the tenant does not know asks somebody to buy gift cards."""
    want, style = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    return np.asarray(stranger * (1.0 + unease + want * (0.05 + 0.2 * style)))
