"""The link is a picture: a code to scan with a telephone, out of reach of every filter."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import AUTHENTICATION_FAILED, FIRST_CONTACT, PRESSURE
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    shares=("stranger",),
    picture=(
        rises("image_only", 2.0),
        rises("image_count", 1.0, half=1.0),
        rises("attachment_inline", 1.0),
        rises("attachment_image", 1.5),
        rises("lure_credential", 2.5, half=0.7),
        rises("lure_document_share", 1.5, half=0.7),
        rises("lure_account_threat", 1.5, half=0.7),
        rises("lure_payroll", 0.7, half=1.0),
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
        falls("link_count", 1.5, half=0.5),
        rises("text_brevity", 0.8, half=0.5),
        rises("lure_urgency", 0.6, half=1.0),
        rises("name_holds_own_domain", 0.8),
        rises("greeting_generic", 0.4),
        rises("sole_own_recipient", 0.3),
        falls("bulk", 0.6, half=0.1),
        rises("authentication_failures", 0.5, half=1.0, unknown=0.2),
        falls("recipient_messages_most", 0.05, half=500.0),
    ),
)


@detector(
    kind=AttackKind.QR_PHISHING,
    severity=Severity.HIGH,
    benign_lookalikes=(
        "Newsletters made of pictures; invitations and tickets with a code, from organisers "
        "who write for the first time."
    ),
    reasons=(
        Reason(text="It is a picture with next to no text.", when=((SIGNALS["image_only"], 1, 1),), weight=7),
        Reason(
            text="An image comes with it ({image_count:.0f} in the body), and {link_count:.0f} links.",
            when=(
                (SIGNALS["attachment_image"], 1, 1),
                (SIGNALS["image_count"], 0, np.inf),
                (SIGNALS["link_count"], 0, 2),
            ),
            weight=5,
        ),
        Reason(
            text="The text asks to log in or confirm an account ({lure_credential:.0f} such phrases).",
            when=((SIGNALS["lure_credential"], 1, np.inf),),
            weight=8,
        ),
        Reason(
            text=("It announces a shared document, message or signature ({lure_document_share:.0f} such phrases)."),
            when=((SIGNALS["lure_document_share"], 1, np.inf),),
            weight=7,
        ),
        FIRST_CONTACT,
        AUTHENTICATION_FAILED,
        PRESSURE,
    ),
)
def qr_phishing(s: SignalValues) -> Floats:
    """A stranger asks to log in or to open a document, with a picture where the link should be."""
    picture, stranger, style = _EVIDENCE(s)
    return np.asarray(picture * stranger * stranger * (0.4 + 0.2 * style) + 0.1 * style + 0.3 * stranger)
