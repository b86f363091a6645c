"""A colleague's real mailbox in wrong hands."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import NEW_LINK, PRESSURE, REQUEST_FOR_MONEY, TASK
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import PHISHING, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    strange=(
        falls("sender_network_share", 2.5, half=0.1, unknown=0.0),
        falls("party_network_share", 1.5, half=0.05, unknown=0.0),
        falls("sender_mailer_share", 1.5, half=0.1, unknown=0.0),
        falls("sender_hour_share", 0.7, half=0.1, unknown=0.0),
        rises("new_recipient_share", 0.5, half=0.5),
        rises("sender_awakening", 0.5, half=0.5),
        falls("sender_headers_share", 0.5, half=0.1, unknown=0.0),
    ),
    own=(rises("sender_is_own", 1.0),),
    payload=(
        rises("lure_credential", 2.0, half=0.5),
        rises("lure_document_share", 2.0, half=0.5),
        rises("lure_account_threat", 1.0, half=0.5),
        rises("lure_payment", 0.7, half=0.5),
        rises("lure_gift_card", 1.5, half=0.5),
        rises("lure_bank_change", 1.5, half=0.5),
        rises("lure_urgency", 0.5, half=1.0),
        rises("link_new_sites", 2.0, half=0.5),
        falls("link_site_parties_least", 1.0, half=1.0, unknown=0.0),
        rises("link_credential_word", 1.0),
        rises("link_free_hosting", 1.0),
        rises("link_shown_host_differs", 1.0),
        rises("attachment_html", 1.5),
        rises("attachment_types_new", 0.3, half=1.0),
    ),
)


@detector(
    kind=AttackKind.INTERNAL_COMPROMISE,
    severity=Severity.CRITICAL,
    benign_lookalikes=(
        "Somebody travelling, with a new telephone, or writing at night; a first mail to a new project's people."
    ),
    reasons=(
        Reason(
            text=("{sender} had sent {sender_messages:message} before, none of them from this network."),
            when=(
                (SIGNALS["sender_is_own"], 1, 1),
                (SIGNALS["sender_messages"], 5, np.inf),
                (SIGNALS["sender_network_share"], 0, 0),
            ),
            weight=8,
        ),
        Reason(
            text=("{sender} had sent {sender_messages:message} before, none of them with this mail program."),
            when=(
                (SIGNALS["sender_is_own"], 1, 1),
                (SIGNALS["sender_messages"], 5, np.inf),
                (SIGNALS["sender_mailer_share"], 0, 0),
            ),
            weight=6,
        ),
        Reason(
            text="{sender} had never written at this time of day in {sender_messages:message}.",
            when=(
                (SIGNALS["sender_is_own"], 1, 1),
                (SIGNALS["sender_messages"], 20, np.inf),
                (SIGNALS["sender_hour_share"], 0, 0),
            ),
            weight=4,
        ),
        NEW_LINK,
        Reason(
            text="The text asks to log in or confirm an account ({lure_credential:such phrase}).",
            when=((SIGNALS["lure_credential"], 1, np.inf),),
            weight=6,
        ),
        Reason(
            text=("It announces a shared document, message or signature ({lure_document_share:such phrase})."),
            when=((SIGNALS["lure_document_share"], 1, np.inf),),
            weight=6,
        ),
        TASK,
        REQUEST_FOR_MONEY,
        PRESSURE,
    ),
)
def internal_compromise(s: SignalValues) -> Floats:
    """An own address writes as its owner never did, and brings a link, a file or a request that attacks bring."""
    strange, own, payload = _EVIDENCE(s)
    stranger, unease = standing(s, PHISHING)
    # Either alone is an ordinary day: a new telephone, a first link to somewhere.
    together = strange * payload / (strange + payload + 2.0)
    return np.asarray(stranger * (1.0 + unease) + 2.0 * own * together * together)
