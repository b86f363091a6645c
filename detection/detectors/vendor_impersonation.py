"""The name of somebody outside whom the tenant knows, over an address that it does not."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, PRESSURE, REPLY_DIVERTED, REQUEST_FOR_MONEY, UNFOUNDED_REPLY
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    identity=(
        rises("name_borrowed", 4.0, half=0.5),
        rises("name_used_by_others", 1.0, half=5.0),
        rises("name_holds_other_domain", 2.0),
        rises("lookalike_imbalance", 1.0, half=1.0),
    ),
    ask=(
        rises("lure_payment", 1.2, half=0.5),
        rises("lure_invoice", 1.2, half=0.5),
        rises("lure_bank_change", 2.0, half=0.5),
        rises("lure_document_share", 0.8, half=0.5),
        rises("lure_credential", 0.8, half=0.5),
        rises("account_number_count", 0.6, half=1.0),
        rises("lure_urgency", 0.4, half=1.0),
        rises("sender_is_free_mail", 0.8),
        rises("reply_to_differs", 0.5),
        rises("reply_unfounded", 0.6),
        rises("thread_stranger", 0.4),
        falls("bulk", 0.5, half=0.1),
    ),
)


@detector(
    kind=AttackKind.VENDOR_IMPERSONATION,
    severity=Severity.HIGH,
    benign_lookalikes=(
        "A correspondent who changes employer or writes from a private address; services that "
        "send in a customer's name; common names."
    ),
    reasons=(
        Reason(
            text=(
                "Other addresses wrote {name_used_by_others:earlier message} under the name "
                "{sender_name}; {sender} wrote none."
            ),
            when=(
                (SIGNALS["name_used_by_others"], 1, np.inf),
                (SIGNALS["name_sender_messages"], 0, 0),
            ),
            weight=9,
        ),
        Reason(
            text=(
                "The display name {sender_name} contains a domain that is not the sender's; the mail "
                "comes from {sender}."
            ),
            when=((SIGNALS["name_holds_other_domain"], 1, 1),),
            weight=7,
        ),
        FIRST_CONTACT,
        REQUEST_FOR_MONEY,
        UNFOUNDED_REPLY,
        PRESSURE,
        REPLY_DIVERTED,
    ),
)
def vendor_impersonation(s: SignalValues) -> Floats:
    """An unknown address bears the display name that a known correspondent uses."""
    identity, ask = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    return np.asarray(stranger * (1.0 + unease + identity * (0.1 + 0.3 * ask)))
