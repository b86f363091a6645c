"""A file that would run something, or that hides what it is."""

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
    shares=("unusual",),
    file=(
        rises("attachment_executable", 5.0),
        rises("attachment_script", 4.0),
        rises("attachment_disk_image", 4.0),
        rises("attachment_double_extension", 4.0),
        rises("attachment_macro", 3.0),
        rises("attachment_html", 3.0),
        rises("attachment_encrypted", 3.0),
        rises("attachment_type_mismatch", 1.5),
        rises("attachment_archive", 1.0),
        rises("attachment_password_told", 3.0),
        rises("link_download", 1.5),
    ),
    unusual=(
        rises("attachment_types_new", 1.0, half=0.2),
        falls("attachment_copies_seen", 0.5, half=1.0, unknown=0.0),
    ),
    style=(
        rises("lure_invoice", 0.7, half=1.0),
        rises("lure_document_share", 0.6, half=1.0),
        rises("lure_urgency", 0.4, half=1.0),
        rises("lure_payment", 0.4, half=1.0),
        rises("text_brevity", 0.5, half=0.5),
        rises("greeting_generic", 0.4),
        rises("reply_unfounded", 0.4),
        rises("authentication_failures", 0.5, half=1.0, unknown=0.2),
    ),
)


@detector(
    kind=AttackKind.MALICIOUS_ATTACHMENT,
    severity=Severity.CRITICAL,
    benign_lookalikes=(
        "Developers who exchange archives and scripts; a new partner's password-protected "
        "contract; HTML reports of tools."
    ),
    reasons=(
        Reason(text="A program is attached.", when=((SIGNALS["attachment_executable"], 1, 1),), weight=10),
        Reason(text="A script or shortcut is attached.", when=((SIGNALS["attachment_script"], 1, 1),), weight=10),
        Reason(text="A disk image is attached.", when=((SIGNALS["attachment_disk_image"], 1, 1),), weight=9),
        Reason(
            text="The name of an attachment hides its real extension.",
            when=((SIGNALS["attachment_double_extension"], 1, 1),),
            weight=9,
        ),
        Reason(
            text="A document with room for macros is attached.", when=((SIGNALS["attachment_macro"], 1, 1),), weight=8
        ),
        Reason(text="An HTML page is attached.", when=((SIGNALS["attachment_html"], 1, 1),), weight=8),
        Reason(
            text="An archive or locked file is attached, and the text gives its password.",
            when=((SIGNALS["attachment_password_told"], 1, 1),),
            weight=9,
        ),
        Reason(
            text="A link leads straight to an archive, a program or a disk image.",
            when=((SIGNALS["link_download"], 1, 1),),
            weight=6,
        ),
        Reason(
            text="An attachment can be opened only with a password.",
            when=((SIGNALS["attachment_encrypted"], 1, 1),),
            weight=7,
        ),
        Reason(
            text="The content of an attachment is not what its name or type says.",
            when=((SIGNALS["attachment_type_mismatch"], 1, 1),),
            weight=7,
        ),
        Reason(
            text=("{sender} never sent this kind of file before ({sender_messages:earlier message})."),
            when=(
                (SIGNALS["attachment_types_new"], 1, np.inf),
                (SIGNALS["sender_messages"], 1, np.inf),
            ),
            weight=6,
        ),
        FIRST_CONTACT,
        AUTHENTICATION_FAILED,
        PRESSURE,
    ),
)
def malicious_attachment(s: SignalValues) -> Floats:
    """A dangerous kind of file from a sender who is new, or who never sent such a file."""
    file, unusual, style = _EVIDENCE(s)
    stranger, unease = standing(s, PHISHING)
    # A familiar sender who never sent such a file is half a stranger.
    new = np.maximum(stranger, 0.3 * unusual)
    return np.asarray(stranger * (1.0 + unease) + new * file * (0.5 + 0.2 * style))
