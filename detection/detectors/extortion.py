"""Money, or something embarrassing or destructive happens."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import DISOWNED, FIRST_CONTACT, PRESSURE
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    shares=("stranger",),
    threat=(
        rises("lure_extortion", 7.0, half=1.0),
        rises("account_number_count", 1.5, half=0.5),
        rises("money_count", 0.5, half=1.0),
        rises("lure_secrecy", 0.4, half=1.0),
        rises("lure_payment", 0.7, half=1.0),
    ),
    stranger=(
        falls("sender_messages", 3.0, half=1.0),
        falls("party_messages", 1.0, half=2.0),
        falls("pair_messages", 1.0, half=1.0),
        falls("wrote_to_sender", 3.0, half=0.3),
        falls("wrote_to_site", 0.7, half=1.0),
        falls("thread_sender_addressed", 0.7, half=0.5),
        rises("own_sender_disowned", 4.0),
    ),
    style=(
        falls("link_count", 0.6, half=1.0),
        falls("bulk", 0.6, half=0.1),
        rises("sole_own_recipient", 0.4),
        rises("recipients_undisclosed", 0.5),
        rises("lure_urgency", 0.4, half=1.0),
        rises("sender_local_digits", 0.3, half=3.0),
        rises("authentication_failures", 0.5, half=1.0, unknown=0.2),
        falls("recipient_messages_most", 0.05, half=500.0),
    ),
)


@detector(
    kind=AttackKind.EXTORTION,
    severity=Severity.MEDIUM,
    benign_lookalikes=(
        "Newsletters and warnings about extortion; angry customers; collection agencies that write for the first time."
    ),
    reasons=(
        Reason(
            text="It threatens in the words of blackmail ({lure_extortion:.0f} such phrases).",
            when=((SIGNALS["lure_extortion"], 1, np.inf),),
            weight=9,
        ),
        Reason(
            text="It holds {account_number_count:.0f} account numbers or wallet addresses.",
            when=((SIGNALS["account_number_count"], 1, np.inf),),
            weight=6,
        ),
        DISOWNED,
        FIRST_CONTACT,
        PRESSURE,
    ),
)
def extortion(s: SignalValues) -> Floats:
    """A stranger, or somebody forging an own address, threatens and wants to be paid."""
    threat, stranger, style = _EVIDENCE(s)
    return np.asarray(threat * stranger * (1.0 + 0.15 * style) + 0.1 * style + 0.3 * stranger)
