"""Money, or something embarrassing or destructive happens."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import (
    ACCOUNT_NUMBER,
    DISOWNED,
    FIRST_CONTACT,
    PRESSURE,
)
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    threat=(rises("lure_extortion", 8.0, half=2.0),),
    style=(
        rises("account_number_count", 1.5, half=0.5),
        rises("money_count", 0.7, half=1.0),
        rises("lure_payment", 0.8, half=1.0),
        rises("lure_secrecy", 0.4, half=1.0),
        rises("own_sender_disowned", 1.5),
        falls("link_count", 0.6, half=0.7),
        falls("bulk", 0.6, half=0.1),
        rises("sole_own_recipient", 0.4),
    ),
    forged=(rises("own_sender_disowned", 1.0),),
)


@detector(
    kind=AttackKind.EXTORTION,
    severity=Severity.MEDIUM,
    benign_lookalikes=(
        "Newsletters and warnings about extortion; angry customers; collection agencies that write for the first time."
    ),
    reasons=(
        Reason(
            text="It threatens in the words of blackmail ({lure_extortion:such phrase}).",
            when=((SIGNALS["lure_extortion"], 1, np.inf),),
            weight=9,
        ),
        ACCOUNT_NUMBER,
        DISOWNED,
        FIRST_CONTACT,
        PRESSURE,
    ),
)
def extortion(s: SignalValues) -> Floats:
    """A stranger, or somebody forging an own address, threatens and wants to be paid."""
    threat, style, forged = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    # A mail forged in the recipient's own name is a stranger's, however familiar the name.
    return np.asarray(stranger * (1.0 + unease) + np.maximum(stranger, 0.8 * forged) * threat * (0.3 + 0.25 * style))
