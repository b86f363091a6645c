"""From one taken mailbox to the next: a colleague sends many colleagues a link or file."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import NEW_LINK, PRESSURE
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import PHISHING, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    spread=(
        falls("sender_fan_out_share", 1.5, half=0.1, unknown=0.0),
        rises("new_recipient_share", 1.0, half=0.5),
        rises("sender_burst", 0.7, half=4.0),
        rises("sender_last_hour", 0.5, half=5.0),
        rises("sender_first_link", 1.0),
        rises("sender_first_attachment", 0.5),
        falls("link_sender_messages_least", 0.7, half=1.0, unknown=0.0),
        falls("sender_network_share", 1.2, half=0.1, unknown=0.0),
        falls("sender_headers_share", 0.8, half=0.1, unknown=0.0),
        falls("sender_language_share", 0.4, half=0.1, unknown=0.0),
        falls("sender_hour_of_week_share", 0.3, half=0.03, unknown=0.0),
    ),
    own=(rises("sender_is_own", 1.0),),
    payload=(
        rises("lure_credential", 2.0, half=0.5),
        rises("lure_document_share", 2.0, half=0.5),
        rises("lure_account_threat", 1.0, half=0.5),
        rises("lure_qr_code", 1.5, half=0.5),
        rises("lure_urgency", 0.4, half=1.0),
        rises("link_new_sites", 2.5, half=0.5),
        falls("link_own_messages_least", 1.0, half=1.0, unknown=0.0),
        rises("link_credential_word", 0.8),
        rises("link_free_hosting", 1.0),
        rises("link_shown_host_differs", 0.8),
        rises("link_action_words", 0.5),
        rises("link_names_own", 0.5),
        rises("attachment_html", 1.5),
        rises("recipients_undisclosed", 0.7),
    ),
)


@detector(
    kind=AttackKind.LATERAL_PHISHING,
    severity=Severity.CRITICAL,
    benign_lookalikes=(
        "Somebody who announces a new tool or survey to everybody; the first mail about a shared folder; announcements "
        "of human resources and IT."
    ),
    reasons=(
        Reason(
            text="{sender} had never written to about as many people at once in {sender_messages:earlier message}.",
            when=(
                (SIGNALS["sender_is_own"], 1, 1),
                (SIGNALS["sender_messages"], 10, np.inf),
                (SIGNALS["sender_fan_out_share"], 0, 0),
            ),
            weight=7,
        ),
        Reason(
            text="{sender} sent {sender_last_day:message} within a day, {sender_burst:.0f} times what it usually does.",
            when=(
                (SIGNALS["sender_is_own"], 1, 1),
                (SIGNALS["sender_last_day"], 5, np.inf),
                (SIGNALS["sender_burst"], 3, np.inf),
            ),
            weight=6,
        ),
        Reason(
            text="It is the first link in {sender_messages:message} of {sender}.",
            when=(
                (SIGNALS["sender_is_own"], 1, 1),
                (SIGNALS["sender_messages"], 5, np.inf),
                (SIGNALS["sender_first_link"], 1, 1),
            ),
            weight=6,
        ),
        Reason(
            text="{sender} had sent {sender_messages:message} before, none of them from this network.",
            when=(
                (SIGNALS["sender_is_own"], 1, 1),
                (SIGNALS["sender_messages"], 5, np.inf),
                (SIGNALS["sender_network_share"], 0, 0),
            ),
            weight=7,
        ),
        NEW_LINK,
        Reason(
            text="It announces a shared document, message or signature ({lure_document_share:such phrase}).",
            when=((SIGNALS["lure_document_share"], 1, np.inf), (SIGNALS["sender_is_own"], 1, 1)),
            weight=6,
        ),
        PRESSURE,
    ),
)
def lateral_phishing(s: SignalValues) -> Floats:
    """An own address spreads a link or page to people, or in a way, that it never wrote to."""
    spread, own, payload = _EVIDENCE(s)
    stranger, unease = standing(s, PHISHING)
    together = spread * payload / (spread + payload + 2.0)
    return np.asarray(stranger * (1.0 + unease) + 1.8 * own * together * together)
