"""Whom the message is addressed to: how many, how, and how exposed they are."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import recipient_messages, recipient_senders
from detection.baselines.values import FactValues
from detection.mail.batch import Floats, Level, MessageBatch
from detection.mail.message import Role
from detection.signals.arrays import NAN, known, reduce_over, stack
from detection.signals.registry import Member, SignalLevel, family


@family(
    SignalLevel.RECIPIENT,
    Member("recipient_count", "people", "Everyone the message is addressed to."),
    Member("own_recipient_count", "people", "People of the tenant among the recipients."),
    Member("outside_recipient_count", "people", "Recipients outside the tenant."),
    Member("recipients_undisclosed", "flag", "Names nobody in To or Cc: it just lay in the mailbox.", 0, 1),
    Member("sole_own_recipient", "flag", "Addressed to exactly one person of the tenant and nobody else.", 0, 1),
    Member("cc_share", "share", "Share of the recipients in Cc; unknown without recipients.", 0, 1),
    Member("recipient_named", "flag", "Some recipient is written with a name.", 0, 1),
)
def addressees(m: MessageBatch, f: FactValues) -> Floats:
    """How the message is addressed."""
    role = m.recipient_role
    listed = stack([(role == Role.TO) | (role == Role.CC), role == Role.CC, m.recipient_name_key != 0])
    totals = reduce_over(np.add, m, Level.RECIPIENT, listed, 0.0)
    everyone, own = m.recipient_count, m.own_recipient_count
    out = stack(
        [everyone, own, everyone, totals[0] == 0, (everyone == 1) & (own == 1), totals[1] / everyone, totals[2] > 0]
    )
    out[2] = np.maximum(out[2] - out[1], 0.0)
    out[5] = np.minimum(out[5], 1.0)
    return out


@family(
    SignalLevel.RECIPIENT,
    Member("recipient_messages_most", "messages", "Earlier messages to the own recipient who gets most."),
    Member("recipient_senders_most", "addresses", "Addresses that ever wrote to the most written-to own recipient."),
    Member("recipient_messages_least", "messages", "Earlier messages to the own recipient who gets least."),
)
def exposure(m: MessageBatch, f: FactValues) -> Floats:
    """How known the recipients are; unknown when none is of the tenant."""
    if not len(m.recipient_key):
        return np.full((3, len(m)), NAN)
    seen = stack([f[recipient_messages], f[recipient_senders]])
    outside = ~m.recipient_is_own
    seen[:, outside] = -1.0
    most = known(reduce_over(np.maximum, m, Level.RECIPIENT, seen, -1.0))
    low = seen[:1]
    low[low < 0] = np.inf
    least = reduce_over(np.minimum, m, Level.RECIPIENT, low, np.inf)
    least[least == np.inf] = NAN
    return np.concatenate([most, least])
