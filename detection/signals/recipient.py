"""Whom the message is addressed to: how many, how, and how exposed they are."""

from __future__ import annotations

import numpy as np

from detection.baselines import facts as f
from detection.mail.batch import Floats, MessageBatch
from detection.signals.arrays import stack
from detection.signals.context import OF_RECIPIENTS, Context
from detection.signals.registry import Member, SignalLevel, family

_MESSAGES = OF_RECIPIENTS.index(f.recipient_messages)
_EXPOSURE = slice(_MESSAGES + 1, OF_RECIPIENTS.index(f.recipient_last_day) + 1)


@family(
    SignalLevel.RECIPIENT,
    Member("recipients_undisclosed", "flag", "Names nobody in To or Cc: it just lay in the mailbox.", 0, 1),
    Member("sole_own_recipient", "flag", "Addressed to exactly one person of the tenant and nobody else.", 0, 1),
    Member("recipient_messages_most", "messages", "Earlier messages to the own recipient who gets most."),
)
def addressees(m: MessageBatch, c: Context) -> Floats:
    """How the message is addressed."""
    alone = (m.recipient_count == 1) & (m.own_recipient_count == 1)
    return stack([c.recipients.totals[2] == 0, alone, c.recipients.most[_MESSAGES]])


@family(
    SignalLevel.RECIPIENT,
    Member("recipient_count", "people", "Everyone the message is addressed to."),
    Member("own_recipient_count", "people", "People of the tenant among the recipients."),
    Member("outside_recipient_count", "people", "Recipients outside the tenant."),
    Member("cc_share", "share", "Share of the recipients in Cc; unknown without recipients.", 0, 1),
    Member("recipient_named", "flag", "Some recipient is written with a name.", 0, 1),
    Member("recipient_senders_most", "addresses", "Addresses that ever wrote to the most written-to own recipient."),
    Member("recipient_exposure", "parties", "Outside parties that wrote to the most exposed own recipient."),
    Member("recipient_correspondents_most", "people", "People to whom the own recipient writes who writes to most."),
    Member("recipient_importance", "people", "People who answered the own recipient that most people answer."),
    Member("recipient_last_hour_most", "messages", "Mail to the busiest own recipient in the last hour: a flood."),
    Member("recipient_last_day_most", "messages", "Mail to the busiest own recipient in the last 24 hours."),
)
def exposure(m: MessageBatch, c: Context) -> Floats:
    """How many, and how well known the own recipients are (unknown when there is none)."""
    totals = c.recipients.totals
    everyone, own = m.recipient_count, m.own_recipient_count
    outside = everyone - np.minimum(everyone, own)
    cc = np.minimum(totals[3] / everyone, 1.0)
    return np.concatenate([stack([everyone, own, outside, cc, totals[4] > 0]), c.recipients.most[_EXPOSURE]])
