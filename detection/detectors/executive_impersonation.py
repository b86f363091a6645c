"""Somebody outside writes under the name of one of the tenant's people, the more prominent the worse."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, OWN_NAME, PRESSURE, REPLY_DIVERTED, REQUEST_FOR_MONEY, TASK
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    identity=(
        rises("own_name_misused", 3.0),
        rises("own_name_misused_prominence", 3.0, half=5.0),
        rises("name_holds_own_domain", 3.0),
        rises("name_is_role", 0.5),
    ),
    ask=(
        rises("lure_task", 1.5, half=0.5),
        rises("lure_gift_card", 1.5, half=0.5),
        rises("lure_payment", 1.2, half=0.5),
        rises("lure_bank_change", 1.2, half=0.5),
        rises("lure_payroll", 1.2, half=0.5),
        rises("lure_urgency", 0.7, half=1.0),
        rises("lure_secrecy", 1.0, half=0.5),
        rises("text_brevity", 0.8, half=0.5),
        rises("sole_own_recipient", 0.6),
        rises("sender_is_free_mail", 0.8),
        rises("reply_to_differs", 0.8),
        rises("authentication_failures", 0.5, half=1.0, unknown=0.2),
        falls("link_count", 0.3, half=3.0),
        falls("name_sender_messages", 0.5, half=0.5),
    ),
)


@detector(
    kind=AttackKind.EXECUTIVE_IMPERSONATION,
    severity=Severity.HIGH,
    benign_lookalikes=(
        "One of your people writing from a private address for the first time; a namesake at another company; "
        "services that send in a person's name (surveys, calendars, document signing)."
    ),
    reasons=(
        OWN_NAME,
        Reason(
            text=(
                "Your own bearer of that name has written to {own_name_correspondents:different person|different people}."
            ),
            when=((SIGNALS["own_name_misused"], 1, 1), (SIGNALS["own_name_correspondents"], 2, np.inf)),
            weight=9,
        ),
        Reason(
            text=("The display name {sender_name} contains the recipient's own domain; this mail comes from {sender}."),
            when=((SIGNALS["name_holds_own_domain"], 1, 1),),
            weight=8,
        ),
        Reason(
            text="Other addresses wrote {name_used_by_others:earlier message} under this display name; "
            "{sender} wrote none.",
            when=(
                (SIGNALS["name_borrowed"], 0.2, 1),
                (SIGNALS["name_used_by_others"], 1, np.inf),
                (SIGNALS["name_sender_messages"], 0, 0),
            ),
            weight=4,
        ),
        FIRST_CONTACT,
        TASK,
        REQUEST_FOR_MONEY,
        PRESSURE,
        REPLY_DIVERTED,
    ),
)
def executive_impersonation(s: SignalValues) -> Floats:
    """A foreign address bears the name of one of the tenant's people, and the tenant does not know that address.

    The borrowed identity counts as far as the sender is a stranger; what it asks for adds to it.
    """
    identity, ask = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    return np.asarray(stranger * (1.0 + unease + identity * (0.5 + 0.25 * ask)))
