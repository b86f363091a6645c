"""A short harmless question that finds out who answers."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, OWN_NAME, REPLY_DIVERTED, TASK
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    probe=(
        rises("lure_task", 2.0, half=0.5),
        rises("own_name_misused", 2.0),
        rises("name_borrowed", 0.7, half=0.3),
    ),
    bare=(
        rises("text_brevity", 1.0, half=0.5),
        falls("link_count", 1.0, half=0.3),
        falls("attachment_count", 0.7, half=0.3),
        falls("html_length", 0.3, half=3000.0),
        falls("bulk", 0.5, half=0.1),
        rises("sole_own_recipient", 0.7),
        rises("reply_to_differs", 0.7),
        falls("reference_count", 0.5, half=0.5),
        falls("subject_length", 0.4, half=10.0),
        rises("sender_is_free_mail", 0.7),
    ),
)


@detector(
    kind=AttackKind.RECONNAISSANCE,
    severity=Severity.LOW,
    benign_lookalikes="Any short first mail of a new contact; a colleague writing from a private address.",
    reasons=(
        Reason(
            text="It is short ({text_length:character}), without link or attachment.",
            when=(
                (SIGNALS["text_length"], 0, 400),
                (SIGNALS["link_count"], 0, 0),
                (SIGNALS["attachment_count"], 0, 0),
            ),
            weight=4,
        ),
        OWN_NAME,
        FIRST_CONTACT,
        TASK,
        REPLY_DIVERTED,
    ),
)
def reconnaissance(s: SignalValues) -> Floats:
    """A stranger sends a short mail without content to one person, perhaps in somebody's name, and waits for an answer."""
    probe, bare = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    return np.asarray(stranger * (1.0 + unease + 0.12 * probe * bare))
