"""The tenant's own address in From, on mail that did not come from the tenant."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import (
    AUTHENTICATION_FAILED,
    DISOWNED,
    PRESSURE,
    REQUEST_FOR_MONEY,
    TASK,
)
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import PHISHING, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    shares=("unusual",),
    forged=(
        rises("own_sender_disowned", 4.0),
        rises("own_sender_unproven", 1.0),
        rises("reply_to_leaves_own", 2.0),
    ),
    own=(rises("sender_is_own", 1.0),),
    unusual=(
        rises("spf_lost", 1.0, half=0.2, unknown=1.0),
        rises("dmarc_lost", 1.0, half=0.2, unknown=1.0),
        rises("site_spf_lost", 1.0, half=0.2, unknown=1.0),
        rises("site_dmarc_lost", 1.0, half=0.2, unknown=1.0),
    ),
    listed=(rises("mailing_list", 1.0),),
    strange=(
        rises("spf_lost", 1.0, half=0.5),
        rises("dkim_lost", 1.0, half=0.5),
        rises("dmarc_lost", 1.0, half=0.5),
        rises("site_authentication_lost", 0.5, half=0.5),
        rises("authentication_failures", 0.7, half=1.0),
        rises("envelope_differs", 0.7),
        falls("sender_network_share", 1.0, half=0.1, unknown=0.1),
        falls("party_network_share", 1.5, half=0.05, unknown=0.1),
        falls("sender_mailer_share", 0.7, half=0.1, unknown=0.1),
        falls("mailing_list", 1.0, half=0.1),
        falls("parent_seen", 0.7, half=0.1),
        rises("lure_task", 0.7, half=0.5),
        rises("lure_credential", 1.0, half=0.5),
        rises("lure_payment", 0.7, half=0.5),
        rises("lure_document_share", 0.7, half=0.5),
        rises("lure_payroll", 0.7, half=0.5),
        rises("lure_urgency", 0.4, half=1.0),
        rises("link_new_sites", 1.0, half=0.5),
        rises("attachment_html", 1.0),
    ),
)


@detector(
    kind=AttackKind.SPOOFED_INTERNAL,
    severity=Severity.HIGH,
    benign_lookalikes=(
        "Services that send in the tenant's name without being allowed to by SPF; mailing "
        "lists that break signatures; printers and monitors."
    ),
    reasons=(
        DISOWNED,
        Reason(
            text="The address {sender} is your own, yet replies would go outside, to {reply_to}.",
            when=((SIGNALS["reply_to_leaves_own"], 1, 1),),
            weight=9,
        ),
        Reason(
            text=("None of the {party_messages:earlier message} of your domain came from this network."),
            when=(
                (SIGNALS["sender_is_own"], 1, 1),
                (SIGNALS["party_messages"], 20, np.inf),
                (SIGNALS["party_network_share"], 0, 0),
            ),
            weight=7,
        ),
        AUTHENTICATION_FAILED,
        TASK,
        REQUEST_FOR_MONEY,
        PRESSURE,
    ),
)
def spoofed_internal(s: SignalValues) -> Floats:
    """An own address in From that authentication does not bear out, by a way that own mail does not take."""
    forged, own, unusual, listed, strange = _EVIDENCE(s)
    stranger, unease = standing(s, PHISHING)
    # Where own mail fails every other day, or comes back from a list that breaks signatures, a failure says little.
    believed = (0.1 + 0.9 * unusual) * (1.0 - 0.7 * listed)
    return np.asarray(stranger * (1.0 + unease) + own * forged * believed * (0.3 + 0.25 * strange))
