"""A well-known brand on the outside, somebody else within."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, rises
from detection.detectors.reasons import AUTHENTICATION_FAILED, FIRST_CONTACT, NEW_LINK, PRESSURE
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import PHISHING, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    claim=(
        rises("brand_in_name", 2.5),
        rises("brand_in_domain", 2.0),
        rises("brand_in_subject", 0.8),
        rises("brand_in_text", 1.2),
        rises("link_brand_in_host", 1.5),
        rises("name_holds_other_domain", 1.0),
        rises("name_is_role", 0.4),
    ),
    ask=(
        rises("lure_credential", 1.5, half=0.7),
        rises("lure_account_threat", 1.5, half=0.7),
        rises("lure_document_share", 0.8, half=0.7),
        rises("lure_callback", 1.0, half=1.0),
        rises("lure_invoice", 0.4, half=1.0),
        rises("lure_urgency", 0.4, half=1.0),
        rises("link_action_words", 0.6),
        rises("link_new_sites", 1.5, half=0.5),
        rises("link_free_hosting", 0.7),
        rises("link_shown_host_differs", 0.5),
        rises("attachment_html", 1.0),
        rises("greeting_generic", 0.5),
        rises("recipients_undisclosed", 0.4),
        rises("authentication_failures", 0.6, half=1.0, unknown=0.2),
    ),
)


@detector(
    kind=AttackKind.BRAND_IMPERSONATION,
    severity=Severity.HIGH,
    benign_lookalikes=(
        "Resellers, consultants and fan pages that carry a brand in their name; services that send a brand's mail "
        "from a domain of their own; discussions about a brand."
    ),
    reasons=(
        Reason(
            text="The display name {sender_name} is that of a well-known brand, which does not write from {sender_domain}.",
            when=((SIGNALS["brand_in_name"], 1, 1),),
            weight=10,
        ),
        Reason(
            text="The address {sender} holds the name of a well-known brand that does not own it.",
            when=((SIGNALS["brand_in_domain"], 1, 1),),
            weight=8,
        ),
        Reason(
            text="Subject or text speak for a well-known brand, which does not write from {sender_domain}.",
            when=(
                (SIGNALS["brand_claims"], 1, 4),
                (SIGNALS["brand_in_name"], 0, 0),
                (SIGNALS["brand_in_domain"], 0, 0),
            ),
            weight=5,
        ),
        Reason(
            text="A link leads to a host that holds a brand's name and is not the brand's.",
            when=((SIGNALS["link_brand_in_host"], 1, 1),),
            weight=6,
        ),
        NEW_LINK,
        FIRST_CONTACT,
        AUTHENTICATION_FAILED,
        PRESSURE,
    ),
)
def brand_impersonation(s: SignalValues) -> Floats:
    """An unknown sender presents itself as a brand that it is not, and asks for what phishing asks for."""
    claim, ask = _EVIDENCE(s)
    stranger, unease = standing(s, PHISHING)
    return np.asarray(stranger * (1.0 + unease + claim * (0.1 + 0.25 * ask)))
