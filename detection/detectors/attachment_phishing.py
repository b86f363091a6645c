"""The log-in page comes along as a file, where no link filter looks."""

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
    page=(
        rises("attachment_html", 5.0),
        rises("attachment_password_form", 2.0),
        rises("attachment_unpacks", 1.5),
        rises("attachment_document", 0.7),
        rises("attachment_message", 0.7),
        rises("attachment_encrypted", 1.0),
        rises("attachment_name_lure", 0.6),
        rises("attachment_type_mismatch", 0.5),
    ),
    lure=(
        rises("lure_credential", 2.0, half=0.7),
        rises("lure_document_share", 2.0, half=0.7),
        rises("lure_account_threat", 1.2, half=0.7),
        rises("lure_qr_code", 1.5, half=0.5),
        rises("lure_invoice", 0.8, half=1.0),
        rises("lure_payment", 0.5, half=1.0),
        rises("lure_payroll", 0.6, half=1.0),
        rises("lure_urgency", 0.5, half=1.0),
        rises("text_brevity", 0.6, half=0.5),
        rises("brand_claims", 0.8, half=1.0),
        rises("greeting_generic", 0.4),
    ),
    unusual=(
        rises("attachment_types_new", 1.0, half=0.2),
        falls("attachment_type_rarest", 0.7, half=5.0, unknown=0.0),
        falls("attachment_copies_seen", 0.3, half=1.0, unknown=0.0),
    ),
)


@detector(
    kind=AttackKind.ATTACHMENT_PHISHING,
    severity=Severity.HIGH,
    benign_lookalikes=(
        "Encrypted-mail services that deliver an HTML page to open; reports and tickets as HTML; secure statements of "
        "banks."
    ),
    reasons=(
        Reason(
            text="An attached page asks for a password.", when=((SIGNALS["attachment_password_form"], 1, 1),), weight=10
        ),
        Reason(
            text="An attached page builds what it shows out of encoded data.",
            when=((SIGNALS["attachment_unpacks"], 1, 1),),
            weight=9,
        ),
        Reason(text="An HTML page is attached.", when=((SIGNALS["attachment_html"], 1, 1),), weight=9),
        Reason(
            text="The text asks to log in or confirm an account ({lure_credential:such phrase}).",
            when=((SIGNALS["lure_credential"], 1, np.inf), (SIGNALS["attachment_count"], 1, np.inf)),
            weight=7,
        ),
        Reason(
            text="It announces a shared document, message or signature ({lure_document_share:such phrase}), and brings "
            "{attachment_count:file}.",
            when=((SIGNALS["lure_document_share"], 1, np.inf), (SIGNALS["attachment_count"], 1, np.inf)),
            weight=7,
        ),
        Reason(
            text="{attachment_types_new:attached file is|attached files are} of a kind that {sender} never sent before.",
            when=((SIGNALS["attachment_types_new"], 1, np.inf),),
            weight=5,
        ),
        FIRST_CONTACT,
        AUTHENTICATION_FAILED,
        PRESSURE,
    ),
)
def attachment_phishing(s: SignalValues) -> Floats:
    """A stranger announces a document or threatens an account, and the page to log in on is attached."""
    page, lure, unusual = _EVIDENCE(s)
    stranger, unease = standing(s, PHISHING)
    together = page * lure / (page + lure + 1.0)
    return np.asarray(stranger * (1.0 + unease + together * (1.0 + 0.3 * unusual)))
