"""A bill for something nobody bought, and a telephone number to call about it."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, PRESSURE
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    bait=(rises("lure_callback", 5.0, half=2.0),),
    style=(
        rises("phone_count", 1.0, half=0.5),
        rises("lure_invoice", 1.5, half=1.0),
        rises("money_count", 0.8, half=1.0),
        rises("lure_account_threat", 0.8, half=1.0),
        rises("sender_is_free_mail", 1.2),
        falls("link_count", 1.0, half=0.5),
        rises("greeting_generic", 0.6),
        rises("recipients_undisclosed", 0.5),
        rises("image_only", 0.5),
        rises("attachment_document", 0.4),
        rises("lure_urgency", 0.3, half=1.0),
        rises("name_borrowed", 0.4, half=0.3),
        rises("brand_claims", 0.8, half=1.0),
        falls("bulk", 0.6, half=0.1),
    ),
)


@detector(
    kind=AttackKind.CALLBACK,
    severity=Severity.HIGH,
    benign_lookalikes=("Real receipts and renewals of a service bought just now; newsletters with a service number."),
    reasons=(
        Reason(
            text=("It asks to call a telephone number ({lure_callback:such phrase}, {phone_count:number})."),
            when=(
                (SIGNALS["lure_callback"], 1, np.inf),
                (SIGNALS["phone_count"], 1, np.inf),
            ),
            weight=9,
        ),
        Reason(
            text="It speaks of an invoice or order ({lure_invoice:such phrase}).",
            when=((SIGNALS["lure_invoice"], 1, np.inf),),
            weight=6,
        ),
        FIRST_CONTACT,
        PRESSURE,
    ),
)
def callback(s: SignalValues) -> Floats:
    """A stranger confirms a purchase or renewal and wants to be called, rather than clicked."""
    bait, style = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    return np.asarray(stranger * (1.0 + unease + bait * (0.05 + 0.2 * style)))
