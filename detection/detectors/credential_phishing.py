"""A stranger wants somebody to follow a link, or open a page, and give away a password."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import AUTHENTICATION_FAILED, FIRST_CONTACT, NEW_LINK, PRESSURE
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import PHISHING, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    lure=(
        rises("lure_credential", 4.0, half=1.0),
        rises("lure_account_threat", 3.0, half=1.0),
        rises("lure_document_share", 1.5, half=1.0),
        rises("lure_urgency", 0.8, half=1.0),
        rises("lure_invoice", 0.4, half=1.0),
        rises("lure_payment", 0.3, half=1.0),
        rises("greeting_generic", 0.8),
        rises("image_only", 1.5),
        rises("form_count", 1.2, half=0.5),
        rises("hidden_text_share", 0.6, half=0.2),
        rises("non_ascii_lookalike_count", 1.0, half=1.0),
        rises("name_holds_other_domain", 0.8),
        rises("name_is_role", 0.7),
        rises("brand_claims", 0.6, half=1.0),
    ),
    link=(
        rises("link_new_sites", 2.0, half=0.5),
        falls("link_site_parties_least", 1.5, half=1.0, unknown=0.0),
        falls("link_site_youngest_days", 1.0, half=3.0, unknown=0.0),
        rises("link_shown_host_differs", 1.0),
        rises("link_shows_sender_site", 0.7),
        rises("link_to_ip", 1.5),
        rises("link_shortened", 0.7),
        rises("link_punycode", 1.0),
        rises("link_credential_word", 1.2),
        rises("link_userinfo", 0.8),
        rises("link_odd_port", 0.5),
        rises("link_redirector", 0.5),
        rises("link_free_hosting", 1.0),
        rises("link_data_or_script", 1.0),
        rises("link_names_recipient", 1.0),
        rises("link_foreign_share", 0.8, half=0.5),
        rises("link_brand_in_host", 0.8),
        rises("link_names_own", 1.0),
        rises("link_action_words", 0.5),
        rises("link_long", 0.3),
        rises("attachment_html", 2.5),
    ),
    sender=(
        rises("spf_lost", 0.7, half=0.5),
        rises("dkim_lost", 0.7, half=0.5),
        rises("lookalike_imbalance", 0.7, half=1.0),
        rises("name_borrowed", 0.7, half=0.3),
    ),
)


@detector(
    kind=AttackKind.CREDENTIAL_PHISHING,
    severity=Severity.HIGH,
    benign_lookalikes=(
        "Confirmation and password mail of a service somebody just signed up for; the first newsletter of a new "
        "sender; document sharing by a new business contact."
    ),
    reasons=(
        Reason(
            text="The text asks to log in or confirm an account ({lure_credential:such phrase}).",
            when=((SIGNALS["lure_credential"], 1, np.inf),),
            weight=8,
        ),
        Reason(
            text=("It threatens with the loss of an account or of access ({lure_account_threat:such phrase})."),
            when=((SIGNALS["lure_account_threat"], 1, np.inf),),
            weight=7,
        ),
        Reason(
            text=("It announces a shared document, message or signature ({lure_document_share:such phrase})."),
            when=((SIGNALS["lure_document_share"], 1, np.inf),),
            weight=5,
        ),
        NEW_LINK,
        Reason(
            text="A link shows one host and leads to another.",
            when=((SIGNALS["link_shown_host_differs"], 1, 1),),
            weight=7,
        ),
        Reason(text="A link leads to a bare IP address.", when=((SIGNALS["link_to_ip"], 1, 1),), weight=6),
        Reason(text="A link hides behind a URL shortener.", when=((SIGNALS["link_shortened"], 1, 1),), weight=4),
        Reason(
            text="A link leads to a host where anyone can publish.",
            when=((SIGNALS["link_free_hosting"], 1, 1),),
            weight=4,
        ),
        Reason(
            text="A link speaks of logging in or verifying.", when=((SIGNALS["link_credential_word"], 1, 1),), weight=4
        ),
        Reason(
            text="A link carries the recipient's address.", when=((SIGNALS["link_names_recipient"], 1, 1),), weight=4
        ),
        Reason(
            text="A foreign link holds the name of your organisation.",
            when=((SIGNALS["link_names_own"], 1, 1),),
            weight=5,
        ),
        Reason(
            text="The sender calls itself a function ({sender_name}), not a person.",
            when=((SIGNALS["name_is_role"], 1, 1), (SIGNALS["sender_is_own"], 0, 0)),
            weight=3,
        ),
        Reason(text="An HTML page is attached.", when=((SIGNALS["attachment_html"], 1, 1),), weight=6),
        FIRST_CONTACT,
        AUTHENTICATION_FAILED,
        PRESSURE,
    ),
)
def credential_phishing(s: SignalValues) -> Floats:
    """A sender without history asks for a log-in or threatens an account, and offers a link or page of no standing."""
    lure, link, sender = _EVIDENCE(s)
    stranger, unease = standing(s, PHISHING)
    # Lure and link strengthen each other; either alone is ordinary mail.
    together = lure * link / (lure + link + 1.0)
    return np.asarray(stranger * (1.0 + unease + 0.4 * lure + 0.3 * link + 2.5 * together + 0.3 * sender))
