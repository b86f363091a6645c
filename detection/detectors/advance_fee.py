"""A fortune, a loan or a prize is promised; first comes a small fee."""

from __future__ import annotations

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.reasons import FIRST_CONTACT, PRESSURE, REPLY_DIVERTED
from detection.detectors.registry import AttackKind, Reason, Severity, detector
from detection.detectors.standing import FRAUD, standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

_EVIDENCE = Weighing(
    promise=(rises("lure_advance_fee", 8.0, half=3.0),),
    style=(
        rises("money_count", 0.5, half=1.0),
        rises("lure_secrecy", 0.7, half=1.0),
        rises("reply_to_differs", 1.0),
        rises("reply_to_is_free_mail", 1.5),
        rises("sender_is_free_mail", 0.7),
        rises("recipients_undisclosed", 0.6),
        rises("greeting_generic", 0.8),
        rises("capitals_density", 0.7, half=20.0),
        rises("subject_upper_share", 0.6, half=0.6),
        rises("lure_urgency", 0.4, half=1.0),
        falls("link_count", 0.8, half=0.7),
        falls("bulk", 0.8, half=0.1),
        rises("authentication_failures", 0.4, half=1.0, unknown=0.2),
    ),
)


@detector(
    kind=AttackKind.ADVANCE_FEE,
    severity=Severity.MEDIUM,
    benign_lookalikes=(
        "Appeals of charities, offers of investors and recruiters who write for the first "
        "time; legal notices of estates."
    ),
    reasons=(
        Reason(
            text=(
                "It speaks of funds, inheritances, prizes or loans as advance-fee fraud does "
                "({lure_advance_fee:such phrase})."
            ),
            when=((SIGNALS["lure_advance_fee"], 1, np.inf),),
            weight=9,
        ),
        Reason(
            text="It names {money_count:amount of money|amounts of money}.",
            when=((SIGNALS["money_count"], 1, np.inf),),
            weight=4,
        ),
        FIRST_CONTACT,
        REPLY_DIVERTED,
        PRESSURE,
    ),
)
def advance_fee(s: SignalValues) -> Floats:
    """A sender whom the tenant never wrote to promises money in the words of advance-fee fraud."""
    promise, style = _EVIDENCE(s)
    stranger, unease = standing(s, FRAUD)
    return np.asarray(stranger * (1.0 + unease + promise * (0.2 + 0.25 * style)))
