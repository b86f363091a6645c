"""Somebody, often in a superior's name, wants gift cards bought and their codes sent."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, OWN_NAME, PRESSURE, REPLY_DIVERTED, TASK
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    shares=("stranger",),
    want=(
        rises("lure_gift_card", 5.0, half=0.5),
        rises("lure_task", 1.0, half=0.5),
        rises("lure_secrecy", 1.0, half=0.5),
        rises("lure_urgency", 0.6, half=1.0),
        rises("own_name_misused", 1.5),
        rises("name_borrowed", 1.0, half=0.3),
    ),
    stranger=(
        falls("sender_messages", 3.0, half=1.0),
        falls("party_messages", 1.0, half=2.0),
        falls("pair_messages", 1.0, half=1.0),
        falls("wrote_to_sender", 3.0, half=0.3),
        falls("wrote_to_site", 0.7, half=1.0),
        falls("thread_sender_addressed", 0.7, half=0.5),
    ),
    style=(
        rises("text_brevity", 0.8, half=0.5),
        rises("sender_is_free_mail", 1.0),
        rises("reply_to_differs", 0.6),
        rises("sole_own_recipient", 0.5),
        falls("bulk", 1.5, half=0.1),
        falls("link_count", 0.8, half=1.0),
        falls("html_length", 0.5, half=4000.0),
        rises("authentication_failures", 0.4, half=1.0, unknown=0.2),
        falls("recipient_messages_most", 0.05, half=500.0),
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
        Reason(
            text="It asks for gift cards ({lure_gift_card:.0f} such phrases).",
            when=((SIGNALS["lure_gift_card"], 1, np.inf),),
            weight=9,
        ),
        OWN_NAME,
        FIRST_CONTACT,
        TASK,
        PRESSURE,
        REPLY_DIVERTED,
    ),
)
def gift_card(s: SignalValues) -> Floats:
    """An address that the tenant does not know asks somebody to buy gift cards."""
    want, stranger, style = _EVIDENCE(s)
    return np.asarray(want * stranger * stranger * (1.0 + 0.15 * style) + 0.1 * style + 0.3 * stranger)
