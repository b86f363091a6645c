"""The sender's domain is nearly, but not quite, one that the tenant corresponds with, or the tenant's own."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, PRESSURE, REQUEST_FOR_MONEY, UNFOUNDED_REPLY
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import PHISHING, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    resemblance=(
        rises("lookalike_messages", 3.0, half=10.0),
        rises("lookalike_imbalance", 2.0, half=1.0),
        rises("lookalike_of_own", 3.0),
        rises("lookalike_age_days", 1.0, half=60.0),
    ),
    ask=(
        rises("lure_payment", 1.0, half=0.5),
        rises("lure_invoice", 1.0, half=0.5),
        rises("lure_bank_change", 1.5, half=0.5),
        rises("lure_credential", 1.0, half=1.0),
        rises("lure_document_share", 0.7, half=0.5),
        rises("lure_task", 0.6, half=0.5),
        rises("lure_urgency", 0.5, half=1.0),
        rises("account_number_count", 0.7, half=1.0),
        rises("reply_unfounded", 0.8),
        rises("thread_stranger", 0.8),
        rises("name_borrowed", 1.5, half=0.3),
        rises("own_name_misused", 1.5),
        rises("sender_domain_punycode", 1.0),
        # Short names resemble one another by chance.
        rises("sender_domain_length", 0.8, half=12.0),
        rises("authentication_failures", 0.4, half=1.0, unknown=0.2),
        falls("bulk", 0.6, half=0.1),
    ),
)


@detector(
    kind=AttackKind.LOOKALIKE_DOMAIN,
    severity=Severity.CRITICAL,
    benign_lookalikes=(
        "A correspondent's second domain (acme.com and acme.co); short domains that differ by one letter by chance; "
        "regional sites of one company."
    ),
    reasons=(
        Reason(
            text="The domain {sender_domain} is not your own {lookalike_domain}: it {lookalike_difference}.",
            otherwise="The domain {sender_domain} looks like the recipient's own domain, and is not.",
            when=((SIGNALS["lookalike_of_own"], 1, 1),),
            weight=11,
        ),
        Reason(
            text="First mail ever from {sender_domain}, which is not {lookalike_domain}: it {lookalike_difference}; "
            "{lookalike_domain} {lookalike_history}.",
            otherwise="First mail ever from {sender_domain}, which looks like another domain that was there before it "
            "({lookalike_messages:earlier message} from domains of that form).",
            when=(
                (SIGNALS["lookalike_messages"], 1, np.inf),
                (SIGNALS["lookalike_of_own"], 0, 0),
                (SIGNALS["site_messages"], 0, 0),
            ),
            weight=10,
        ),
        Reason(
            text="The domain {sender_domain} is not {lookalike_domain}: it {lookalike_difference}; {lookalike_domain} "
            "{lookalike_history}.",
            otherwise="The domain {sender_domain} looks like another domain that was there before it; "
            "{lookalike_messages:earlier message} came from domains of that form.",
            when=(
                (SIGNALS["lookalike_messages"], 1, np.inf),
                (SIGNALS["lookalike_of_own"], 0, 0),
                (SIGNALS["site_messages"], 1, np.inf),
            ),
            weight=10,
        ),
        Reason(
            text="{sender_domain} itself had sent you {site_messages:message} before.",
            when=((SIGNALS["lookalike_messages"], 1, np.inf), (SIGNALS["site_messages"], 1, np.inf)),
            weight=5,
        ),
        FIRST_CONTACT,
        UNFOUNDED_REPLY,
        REQUEST_FOR_MONEY,
        PRESSURE,
    ),
)
def lookalike_domain(s: SignalValues) -> Floats:
    """A domain that the tenant hardly knows resembles one that it knows well, or its own."""
    resemblance, ask = _EVIDENCE(s)
    stranger, unease = standing(s, PHISHING)
    return np.asarray(stranger * (1.0 + unease + resemblance * (0.4 + 0.3 * ask)))
