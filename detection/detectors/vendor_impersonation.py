"""The name of somebody outside whom the tenant knows, over an address that it does not."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, PRESSURE, REPLY_DIVERTED, REQUEST_FOR_MONEY, UNFOUNDED_REPLY
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    shares=("stranger",),
    identity=(
        rises("name_borrowed", 5.0, half=0.5),
        rises("name_used_by_others", 2.0, half=5.0),
        rises("name_holds_other_domain", 2.0),
        rises("lookalike_imbalance", 1.5, half=1.0),
    ),
    stranger=(
        falls("sender_messages", 3.0, half=1.0),
        falls("party_messages", 1.0, half=2.0),
        falls("pair_messages", 1.0, half=1.0),
        falls("wrote_to_sender", 3.0, half=0.3),
        falls("wrote_to_site", 0.7, half=1.0),
        falls("thread_sender_addressed", 0.7, half=0.5),
    ),
    ask=(
        rises("lure_payment", 1.0, half=0.5),
        rises("lure_invoice", 1.0, half=0.5),
        rises("lure_bank_change", 2.0, half=0.5),
        rises("lure_document_share", 0.7, half=0.5),
        rises("lure_credential", 0.7, half=0.5),
        rises("account_number_count", 0.6, half=1.0),
        rises("lure_urgency", 0.4, half=1.0),
        rises("sender_is_free_mail", 1.0),
        rises("reply_to_differs", 0.5),
        rises("reply_unfounded", 0.6),
        rises("thread_stranger", 0.6),
        falls("own_name_misused", 0.5, half=0.1),
        falls("bulk", 0.5, half=0.1),
        rises("authentication_failures", 0.4, half=1.0, unknown=0.2),
        falls("recipient_messages_most", 0.05, half=500.0),
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
                "Other addresses wrote {name_used_by_others:.0f} earlier messages under the name "
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
    identity, stranger, ask = _EVIDENCE(s)
    return np.asarray(identity * stranger * stranger * (1.0 + 0.15 * ask) + 0.1 * ask + 0.3 * stranger)
