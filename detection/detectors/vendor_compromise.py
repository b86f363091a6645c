"""A known vendor's real mailbox, in wrong hands, wants payments sent elsewhere."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import (
    ACCOUNT_NUMBER,
    PRESSURE,
    REPLY_DIVERTED,
    REQUEST_FOR_MONEY,
    UNFOUNDED_REPLY,
)
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    shares=("known",),
    change=(
        rises("lure_bank_change", 5.0, half=0.7),
        rises("account_number_count", 0.5, half=1.0),
        rises("account_replaces_known", 4.0),
        rises("account_new", 0.7, half=0.5),
        rises("lure_payment", 0.4, half=1.0),
        rises("lure_secrecy", 0.5, half=1.0),
    ),
    known=(
        rises("party_messages", 1.5, half=1.0),
        rises("sender_messages", 0.7, half=1.0),
        rises("wrote_to_party", 1.0, half=0.5),
    ),
    strange=(
        falls("sender_network_share", 1.5, half=0.1, unknown=0.1),
        falls("party_network_share", 1.0, half=0.1, unknown=0.1),
        falls("sender_mailer_share", 1.0, half=0.1, unknown=0.1),
        falls("sender_hour_share", 0.4, half=0.1, unknown=0.1),
        falls("sender_headers_share", 0.6, half=0.1, unknown=0.1),
        rises("sender_first_payment", 0.6),
        rises("reply_to_unknown", 1.5),
        rises("thread_new_address", 0.7),
        rises("lure_invoice", 0.7, half=1.0),
        rises("lure_urgency", 0.5, half=1.0),
        rises("reply_to_differs", 1.0),
        rises("reply_to_diverts", 2.0),
        rises("spf_lost", 0.7, half=0.5),
        rises("dkim_lost", 0.7, half=0.5),
        rises("dmarc_lost", 0.7, half=0.5),
        rises("known_party_new_address", 0.7),
        rises("reply_unfounded", 0.5),
        rises("thread_stranger", 0.7),
        rises("sender_awakening", 0.5, half=0.5),
        rises("new_recipient_share", 0.4, half=0.5),
    ),
    own=(rises("sender_is_own", 1.0),),
    listed=(rises("mailing_list", 1.0),),
)


@detector(
    kind=AttackKind.VENDOR_COMPROMISE,
    severity=Severity.CRITICAL,
    benign_lookalikes=("A vendor who really changes banks; a known contact writing from a new network or program."),
    reasons=(
        Reason(
            text="It names {account_new_to_party:bank account} that {sender_domain} never named in "
            "{party_account_number_messages:earlier message} with an account.",
            when=(
                (SIGNALS["account_replaces_known"], 1, 1),
                (SIGNALS["account_new_to_party"], 1, np.inf),
                (SIGNALS["party_account_number_messages"], 1, np.inf),
                (SIGNALS["sender_is_free_mail"], 0, 0),
            ),
            weight=11,
        ),
        Reason(
            text="Replies would go to {reply_to}, of whose domain nobody here ever heard.",
            when=((SIGNALS["reply_to_unknown"], 1, 1),),
            weight=7,
        ),
        Reason(
            text="It speaks of new or changed bank details ({lure_bank_change:such phrase}).",
            when=((SIGNALS["lure_bank_change"], 1, np.inf),),
            weight=10,
        ),
        ACCOUNT_NUMBER,
        Reason(
            text=("{sender} had sent {sender_messages:message} before, none of them from this network."),
            when=(
                (SIGNALS["sender_messages"], 2, np.inf),
                (SIGNALS["sender_network_share"], 0, 0),
            ),
            weight=7,
        ),
        Reason(
            text=("{sender} had sent {sender_messages:message} before, none of them with this mail program."),
            when=(
                (SIGNALS["sender_messages"], 2, np.inf),
                (SIGNALS["sender_mailer_share"], 0, 0),
            ),
            weight=5,
        ),
        Reason(
            text=("The address {sender} is new, although its organisation had sent you {party_messages:message}."),
            when=(
                (SIGNALS["known_party_new_address"], 1, 1),
                (SIGNALS["party_messages"], 1, np.inf),
            ),
            weight=6,
        ),
        REPLY_DIVERTED,
        UNFOUNDED_REPLY,
        REQUEST_FOR_MONEY,
        PRESSURE,
    ),
)
def vendor_compromise(s: SignalValues) -> Floats:
    """A party that the tenant knows announces new bank details, the more so when the mail is not made as usual."""
    change, known, strange, own, listed = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    # Our own people announce bank details as well, and lists are full of long numbers; neither is a vendor's mail.
    specific = change * known * (0.4 + 0.3 * strange) * (1.0 - 0.9 * own) * (1.0 - 0.8 * listed)
    return np.asarray(stranger * (1.0 + unease) + 2.0 * specific)
