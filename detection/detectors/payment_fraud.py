"""A party that the tenant has no history with wants money, or sends bank details."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import (
    ACCOUNT_NUMBER,
    FIRST_CONTACT,
    GIFT_CARDS,
    PRESSURE,
    REPLY_DIVERTED,
    REQUEST_FOR_MONEY,
    UNFOUNDED_REPLY,
)
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    money=(
        rises("lure_payment", 3.5, half=1.5),
        rises("lure_bank_change", 3.5, half=0.5),
        rises("lure_invoice", 1.5, half=1.0),
        rises("lure_payroll", 1.0, half=1.0),
        rises("lure_advance_fee", 3.0, half=3.0),
        rises("account_number_count", 1.2, half=0.7),
        rises("account_new_to_party", 1.5, half=0.5),
        rises("money_count", 0.3, half=1.0),
    ),
    style=(
        rises("lure_urgency", 1.0, half=1.0),
        rises("lure_secrecy", 1.5, half=0.5),
        rises("lure_task", 0.8, half=0.5),
        rises("reply_to_diverts", 1.5),
        rises("reply_to_is_free_mail", 1.5),
        rises("reply_to_site_differs", 1.0),
        rises("sender_is_free_mail", 0.8),
        rises("recipients_undisclosed", 0.6),
        rises("greeting_generic", 0.8),
        rises("reply_unfounded", 0.6),
        rises("reply_to_unknown", 0.7),
        rises("name_borrowed", 1.0, half=0.3),
        rises("authentication_failures", 0.6, half=1.0, unknown=0.2),
        rises("capitals_density", 0.5, half=20.0),
        falls("link_count", 0.8, half=1.0),
        falls("bulk", 1.0, half=0.1),
    ),
)


@detector(
    kind=AttackKind.PAYMENT_FRAUD,
    severity=Severity.CRITICAL,
    benign_lookalikes=(
        "The first invoice of a new vendor; a customer asking about payment for the first time; offers and fund "
        "raising by new senders."
    ),
    reasons=(
        REQUEST_FOR_MONEY,
        Reason(
            text="It speaks of new or changed bank details ({lure_bank_change:such phrase}).",
            when=((SIGNALS["lure_bank_change"], 1, np.inf),),
            weight=9,
        ),
        Reason(
            text="It speaks of funds, inheritances, prizes or loans as advance-fee fraud does "
            "({lure_advance_fee:such phrase}).",
            when=((SIGNALS["lure_advance_fee"], 1, np.inf),),
            weight=8,
        ),
        ACCOUNT_NUMBER,
        GIFT_CARDS,
        FIRST_CONTACT,
        UNFOUNDED_REPLY,
        PRESSURE,
        REPLY_DIVERTED,
    ),
)
def payment_fraud(s: SignalValues) -> Floats:
    """A sender whom the tenant never wrote to asks for a payment, changes bank details or promises money."""
    money, style = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    return np.asarray(stranger * (1.0 + unease + money * (0.35 + 0.2 * style)))
