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
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    shares=("own",),
    forged=(
        rises("own_sender_disowned", 5.0),
        rises("own_sender_unproven", 2.0),
        rises("spf_lost", 1.0, half=0.5),
        rises("dkim_lost", 1.0, half=0.5),
        rises("dmarc_lost", 1.0, half=0.5),
        rises("authentication_failures", 1.0, half=1.0),
        rises("reply_to_leaves_own", 3.0),
        rises("envelope_differs", 1.0),
    ),
    own=(rises("sender_is_own", 1.0),),
    strange=(
        falls("sender_network_share", 1.5, half=0.1, unknown=0.3),
        falls("party_network_share", 1.5, half=0.05, unknown=0.3),
        falls("sender_mailer_share", 0.7, half=0.1, unknown=0.3),
        falls("mailing_list", 1.0, half=0.1),
        falls("thread_messages", 0.5, half=1.0),
        rises("lure_task", 0.7, half=0.5),
        rises("lure_credential", 1.0, half=0.5),
        rises("lure_payment", 0.7, half=0.5),
        rises("lure_document_share", 0.7, half=0.5),
        rises("lure_payroll", 0.7, half=0.5),
        rises("lure_urgency", 0.4, half=1.0),
        rises("link_new_sites", 1.0, half=0.5),
        rises("attachment_html", 1.0),
        falls("recipient_messages_most", 0.05, half=500.0),
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
            text=("None of the {party_messages:.0f} earlier messages of your domain came from this network."),
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
    forged, own, strange = _EVIDENCE(s)
    return np.asarray(forged * own * (1.0 + 0.2 * strange) + 0.1 * strange * own + 0.02 * strange)
