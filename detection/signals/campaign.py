"""What many messages have in common: subject, list, network, program; who else sends like this, and how much just now."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    list_messages,
    mailer_messages,
    network_messages,
    network_parties,
    subject_last_day,
    subject_messages,
    subject_senders,
)
from detection.mail.batch import Floats, MessageBatch
from detection.signals.context import Context, rows_of
from detection.signals.registry import Member, SignalLevel, family

_COUNTED = {
    subject_messages: ("subject_messages", "messages", "Earlier mail with this shape of subject."),
    subject_senders: ("subject_senders", "addresses", "Addresses that used this shape of subject."),
    subject_last_day: ("subject_last_day", "messages", "Mail with this shape of subject in the last 24 hours."),
    list_messages: ("list_messages", "messages", "Earlier mail of this mailing list; unknown without a list."),
    network_messages: ("network_messages", "messages", "Earlier mail from this network; unknown without one."),
    network_parties: ("network_parties", "parties", "Parties that sent from this network; unknown without one."),
    mailer_messages: ("mailer_messages", "messages", "Earlier mail made with this program; unknown without one."),
}
_ROWS = rows_of(tuple(_COUNTED))


@family(SignalLevel.ORGANISATION, *(Member(*described) for described in _COUNTED.values()))
def company(m: MessageBatch, c: Context) -> Floats:
    """How usual the mail's subject and machinery are for the tenant."""
    return np.asarray(c.numbers[_ROWS])
