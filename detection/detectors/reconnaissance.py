"""A short harmless question that finds out who answers."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, OWN_NAME, REPLY_DIVERTED, TASK
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    shares=("stranger",),
    probe=(
        rises("lure_task", 3.0, half=0.5),
        rises("text_brevity", 2.0, half=0.5),
        rises("own_name_misused", 2.0),
        rises("name_borrowed", 1.0, half=0.3),
        rises("sender_is_free_mail", 1.0),
        falls("subject_length", 0.7, half=10.0),
    ),
    stranger=(
        falls("sender_messages", 3.0, half=1.0),
        falls("party_messages", 1.0, half=2.0),
        falls("pair_messages", 1.0, half=1.0),
        falls("wrote_to_sender", 3.0, half=0.3),
        falls("wrote_to_site", 0.7, half=1.0),
        falls("thread_sender_addressed", 0.7, half=0.5),
    ),
    bare=(
        falls("link_count", 1.5, half=0.3),
        falls("attachment_count", 1.0, half=0.3),
        falls("html_length", 0.5, half=3000.0),
        falls("bulk", 1.0, half=0.1),
        rises("sole_own_recipient", 0.7),
        rises("reply_to_differs", 0.8),
        falls("reference_count", 0.5, half=0.5),
        rises("authentication_failures", 0.4, half=1.0, unknown=0.2),
        falls("recipient_messages_most", 0.05, half=500.0),
    ),
)


@detector(
    kind=AttackKind.RECONNAISSANCE,
    severity=Severity.LOW,
    benign_lookalikes="Any short first mail of a new contact; a colleague writing from a private address.",
    reasons=(
        Reason(
            text="It is short ({text_length:.0f} characters), without link or attachment.",
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
    probe, stranger, bare = _EVIDENCE(s)
    return np.asarray(probe * stranger * stranger * bare / 5.0 + 0.1 * bare + 0.3 * stranger)
