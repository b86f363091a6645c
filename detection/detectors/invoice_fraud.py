"""A bill, made to look like one that is owed, with an account that nobody here ever paid to."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, PRESSURE, REPLY_DIVERTED, UNFOUNDED_REPLY
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    bill=(
        rises("lure_invoice", 2.5, half=1.0),
        rises("lure_payment", 1.0, half=1.0),
        rises("attachment_name_lure", 1.0),
        rises("account_new_to_party", 1.5, half=0.5),
        rises("account_new", 1.0, half=0.5),
        rises("money_count", 0.5, half=1.0),
    ),
    style=(
        rises("attachment_document", 0.8),
        rises("lure_bank_change", 1.0, half=0.5),
        rises("lure_urgency", 0.7, half=1.0),
        rises("reply_to_unknown", 1.0),
        rises("reply_to_diverts", 1.0),
        rises("sender_is_free_mail", 0.8),
        rises("name_borrowed", 1.2, half=0.3),
        rises("lookalike_imbalance", 1.0, half=1.0),
        rises("reply_unfounded", 0.7),
        rises("thread_stranger", 0.7),
        rises("quotes_without_thread", 0.4),
        falls("party_payment_messages", 0.7, half=0.5),
        falls("wrote_to_site_people", 0.5, half=0.5),
        rises("authentication_failures", 0.5, half=1.0, unknown=0.2),
        falls("bulk", 1.0, half=0.1),
    ),
)


@detector(
    kind=AttackKind.INVOICE_FRAUD,
    severity=Severity.CRITICAL,
    benign_lookalikes="The first invoice of a new vendor; reminders of a collection agency; statements of a new service.",
    reasons=(
        Reason(
            text="It speaks of an invoice or statement ({lure_invoice:such phrase}), and its sender had never sent you one.",
            when=(
                (SIGNALS["lure_invoice"], 1, np.inf),
                (SIGNALS["party_payment_messages"], 0, 0),
            ),
            weight=8,
        ),
        Reason(
            text="It names {account_new:bank account} that no mail of yours ever named.",
            when=((SIGNALS["account_new"], 1, np.inf),),
            weight=7,
        ),
        Reason(
            text="A file is called like an invoice, a payment or the like.",
            when=((SIGNALS["attachment_name_lure"], 1, 1),),
            weight=4,
        ),
        FIRST_CONTACT,
        UNFOUNDED_REPLY,
        REPLY_DIVERTED,
        PRESSURE,
    ),
)
def invoice_fraud(s: SignalValues) -> Floats:
    """A sender who never billed the tenant sends an invoice or demands that one be paid."""
    bill, style = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    return np.asarray(stranger * (1.0 + unease + bill * (0.2 + 0.2 * style)))
