"""A complete stranger's uneasy mail, of no kind that another detector would name."""

from __future__ import annotations

import numpy as np

from detection.detectors.reasons import (
    AUTHENTICATION_FAILED,
    FIRST_CONTACT,
    NEW_LINK,
    REPLY_DIVERTED,
    UNFOUNDED_REPLY,
)
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import PHISHING, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues


@detector(
    kind=AttackKind.UNFAMILIAR_SENDER,
    severity=Severity.LOW,
    benign_lookalikes="Any first mail of a new contact, newsletter or service.",
    reasons=(
        FIRST_CONTACT,
        NEW_LINK,
        REPLY_DIVERTED,
        UNFOUNDED_REPLY,
        AUTHENTICATION_FAILED,
        Reason(text="It names no recipient in To or Cc.", when=((SIGNALS["recipients_undisclosed"], 1, 1),), weight=3),
        Reason(text="It greets nobody in particular.", when=((SIGNALS["greeting_generic"], 1, 1),), weight=2),
    ),
)
def unfamiliar_sender(s: SignalValues) -> Floats:
    """A sender without any history here, and a mail with the traits that attacks of every kind share.

    It is the part that all other detectors' scores have in common, so it costs the budget nothing; it names the kind
    only where none of them found anything of its own.
    """
    stranger, unease = standing(s, PHISHING)
    return np.asarray(stranger * (1.0 + unease))
