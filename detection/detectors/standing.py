"""What all detectors share: how much of a stranger the sender is, what makes any stranger's mail uneasy, what was learned.

A detector's score is `stranger * (1 + unease + what is specific to its kind)`, and on top of it the log-odds that the model
over signals gives the message, of the head that is nearest to the detector's kind. So whatever a detector finds is
weighed against all else that is known of the message, and mail that is ordinary on the whole needs much more
of one kind's evidence to stand out. The common part matters for calibration:
on the tenant's ordinary mail, where no detector finds anything of its kind, all detectors then rank messages alike, so
that many detectors together raise hardly more false alarms than one. Were each to rank the rest by noise of its own,
the noise would use up the budget.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from detection.detectors.evidence import Weighing, falls, rises
from detection.detectors.odds import learned_odds
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues


@dataclass(frozen=True, slots=True, kw_only=True)
class Familiarity:
    """A factor that is 1 when the signal is 0 or unknown and falls towards `floor`, half way at `half`.

    Unknown counts as a stranger: not knowing that somebody is familiar is no sign that they are.
    """

    signal: str
    half: float
    floor: float


FAMILIARITY = (
    Familiarity(signal="wrote_to_sender", half=0.5, floor=0.05),
    Familiarity(signal="wrote_to_party", half=2.0, floor=0.3),
    Familiarity(signal="sender_messages", half=2.0, floor=0.1),
    Familiarity(signal="sender_days", half=3.0, floor=0.5),
    Familiarity(signal="party_messages", half=5.0, floor=0.35),
    Familiarity(signal="party_recipients", half=10.0, floor=0.6),
    Familiarity(signal="pair_messages", half=1.0, floor=0.6),
    # Who answers a message that was really sent has seen it.
    Familiarity(signal="parent_seen", half=0.1, floor=0.2),
    Familiarity(signal="thread_sender_addressed", half=0.5, floor=0.4),
    # An own address, as long as nothing says that it is forged (then `spoofed_internal` speaks).
    Familiarity(signal="sender_is_own", half=0.05, floor=0.1),
)

_NAMES = tuple(f.signal for f in FAMILIARITY)
_HALF = np.array([[f.half] for f in FAMILIARITY])
_FLOOR = np.array([[f.floor] for f in FAMILIARITY])
assert set(_NAMES) <= set(SIGNALS)

_UNEASE = Weighing(
    unease=(
        rises("authentication_failures", 0.5, half=1.0, unknown=0.2),
        rises("sender_is_free_mail", 0.2),
        rises("reply_to_site_differs", 0.3),
        rises("envelope_differs", 0.1, unknown=0.5),
        rises("recipients_undisclosed", 0.3),
        rises("greeting_generic", 0.2),
        rises("reply_unfounded", 0.2),
        rises("lure_intents", 0.6, half=3.0),
        rises("link_flags_seen", 0.3, half=3.0),
        rises("link_new_sites", 0.8, half=1.0),
        falls("link_site_parties_least", 0.3, half=1.0, unknown=0.0),
        rises("link_names_recipient", 0.2),
        rises("sender_local_digits", 0.1, half=4.0),
        falls("mailing_list", 0.3, half=0.1),
        falls("recipient_messages_most", 0.05, half=500.0),
        rises("text_brevity", 0.05, half=0.5),
    ),
)


PHISHING, FRAUD = range(2)
"""Heads of the model over signals, by their place in `detection.detectors.odds.HEADS`."""


def standing(signals: SignalValues, head: int) -> tuple[Any, Any]:
    """How much of a stranger the sender is, in (0, 1], and the unease of the mail whatever its kind: float64[n] each.

    What the model says by one of its heads is part of the unease, as a multiple that no familiarity lessens: the model
    knows the sender's history itself. Of one message they are floats, as in `evidence`.
    """
    if _STRANGER not in signals.sums:
        values = signals.some(_NAMES)
        factors = _HALF / (values + _HALF)
        factors = _FLOOR + (1.0 - _FLOOR) * np.where(np.isnan(factors), 1.0, factors)
        # As in `evidence`: accumulate multiplies row after row, whatever the number of messages.
        stranger = np.multiply.accumulate(factors, axis=0)[-1]
        signals.sums[_STRANGER] = stranger.item() if len(stranger) == 1 else stranger
    name = _UNEASY[head]
    if name not in signals.sums:
        odds, unease = learned_odds(signals), _UNEASE(signals)[0]
        signals.sums[name] = unease if odds is None else unease + odds[head] / signals.sums[_STRANGER]
    return signals.sums[_STRANGER], signals.sums[name]


_STRANGER = "stranger"
_UNEASY = ("uneasy phishing", "uneasy fraud")
