"""The link is a picture: a code to scan with a telephone, out of reach of every filter."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import AUTHENTICATION_FAILED, FIRST_CONTACT, PRESSURE
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import PHISHING, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    picture=(
        # A picture that could not be read hides a code rather more often than others.
        rises("link_from_qr_code", 4.0, unknown=0.1),
        rises("image_only", 2.0),
        rises("image_count", 1.5, half=0.3),
        rises("attachment_inline", 0.7),
        rises("attachment_image", 1.5),
    ),
    lure=(
        rises("lure_qr_code", 4.0, half=0.5),
        rises("lure_credential", 2.5, half=0.7),
        rises("lure_document_share", 1.5, half=0.7),
        rises("lure_account_threat", 1.5, half=0.7),
        rises("lure_payroll", 0.7, half=1.0),
        rises("lure_urgency", 0.6, half=1.0),
    ),
    style=(
        falls("link_count", 1.0, half=0.5),
        rises("text_brevity", 0.5, half=0.5),
        rises("name_holds_own_domain", 0.5),
        rises("sole_own_recipient", 0.2),
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
        Reason(
            text="A picture in it is a QR code that leads to a web page.",
            when=((SIGNALS["link_from_qr_code"], 1, 1),),
            weight=10,
        ),
        Reason(
            text="It asks to scan a QR code ({lure_qr_code:such phrase}).",
            when=((SIGNALS["lure_qr_code"], 1, np.inf),),
            weight=9,
        ),
        Reason(text="It is a picture with next to no text.", when=((SIGNALS["image_only"], 1, 1),), weight=7),
        Reason(
            text="An image comes with it ({image_count:image} in the body), and {link_count:link}.",
            when=(
                (SIGNALS["attachment_image"], 1, 1),
                (SIGNALS["image_count"], 0, np.inf),
                (SIGNALS["link_count"], 0, 2),
            ),
            weight=5,
        ),
        Reason(
            text="The text asks to log in or confirm an account ({lure_credential:such phrase}).",
            when=((SIGNALS["lure_credential"], 1, np.inf),),
            weight=8,
        ),
        Reason(
            text=("It announces a shared document, message or signature ({lure_document_share:such phrase})."),
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
    picture, lure, style = _EVIDENCE(s)
    stranger, unease = standing(s, PHISHING)
    together = picture * lure / (picture + lure + 1.0)
    return np.asarray(stranger * (1.0 + unease + together * (0.7 + 1.2 * style)))
