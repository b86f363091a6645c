"""What there was between sender and recipients before: mail either way, threads, first contact and what it asks."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    pair_first,
    pair_last,
    pair_messages,
    parent_seen,
    party_messages,
    party_pair_messages,
    sender_messages,
    thread_messages,
    thread_own_messages,
    thread_sender_addressed,
    thread_sender_messages,
    wrote_to,
    wrote_to_sender,
    wrote_to_site,
)
from detection.baselines.values import FactValues
from detection.mail.batch import Floats, Level, MessageBatch
from detection.signals.arrays import NAN, days_since, facts_of, known, reduce_over, stack
from detection.signals.registry import Member, SignalLevel, family

_PAIR = (pair_messages, party_pair_messages, wrote_to, pair_first, pair_last)


@family(
    SignalLevel.RELATIONSHIP,
    Member("pair_messages", "messages", "Earlier messages of this sender to the own recipient who knows it best."),
    Member("party_pair_messages", "messages", "The same for the sender's party."),
    Member("wrote_to_by_recipient", "messages", "Messages that an own recipient had sent to this sender."),
    Member("pair_age_days", "days", "Days since this sender first wrote to any of the recipients; 0 never."),
    Member(
        "pair_silence_days", "days", "Days since this sender last wrote to any of the recipients; unknown if never."
    ),
    Member("pair_first_contact", "flag", "First message of this sender to any of these own recipients.", 0, 1),
    Member("new_recipient_share", "share", "Share of the own recipients that this sender never wrote to.", 0, 1),
)
def pair(m: MessageBatch, f: FactValues) -> Floats:
    """Sender and own recipients; unknown when no recipient is of the tenant or there is no sender."""
    if not len(m.recipient_key):
        return np.full((7, len(m)), NAN)
    values = stack([f[fact] for fact in _PAIR])
    values[:, ~m.recipient_is_own] = -1.0
    first = values[3]
    never = first <= 0
    # As the earliest moment is wanted and reduction is by maximum, first moments are counted from their far end.
    values[3] = np.where(never, first, _FAR - first)
    most = known(reduce_over(np.maximum, m, Level.RECIPIENT, values, -1.0))
    earliest = np.where(most[3] > 0, _FAR - most[3], most[3])
    new = reduce_over(np.add, m, Level.RECIPIENT, stack([values[0] == 0, values[0] >= 0]), 0.0)
    age = days_since(m, earliest[None], never=0.0)
    silence = days_since(m, most[4:], never=NAN)
    first_contact = np.where(np.isnan(most[0]), NAN, most[0] == 0)
    return np.concatenate([most[:3], age, silence, first_contact[None], (new[0] / new[1])[None]])


_FAR = 2.0**40
"""A moment, in seconds, after every mail (the year 36,812); exact in float64 with any of them."""


@family(
    SignalLevel.RELATIONSHIP,
    Member("wrote_to_sender", "messages", "Messages that anyone of the tenant had sent to this address."),
    Member("wrote_to_site", "messages", "Messages that anyone of the tenant had sent to the sender's site."),
    Member("solicited", "flag", "The tenant had written to this address before.", 0, 1),
    Member("site_solicited", "flag", "The tenant had written to the sender's site before.", 0, 1),
)
def solicitation(m: MessageBatch, f: FactValues) -> Floats:
    """Whether the tenant writes to them: the strongest benign sign."""
    written = facts_of(f, (wrote_to_sender, wrote_to_site))
    return np.concatenate([written, np.where(np.isnan(written), NAN, written > 0)])


@family(
    SignalLevel.RELATIONSHIP,
    Member("thread_messages", "messages", "Earlier messages of this thread."),
    Member("thread_own_messages", "messages", "Earlier messages of this thread that the tenant sent."),
    Member("thread_sender_messages", "messages", "Earlier messages of this thread that this sender sent."),
    Member(
        "thread_sender_addressed", "messages", "Earlier messages of this thread that were addressed to this sender."
    ),
    Member("parent_seen", "flag", "The message it answers was seen; unknown when it answers none.", 0, 1),
    Member("reply_unfounded", "flag", "Claims to answer something, and neither parent nor thread was ever seen.", 0, 1),
    Member(
        "thread_stranger", "flag", "Joins a known thread in which this sender neither wrote nor was addressed.", 0, 1
    ),
    Member("reply_without_reference", "flag", "The subject claims a reply and no header names what it answers.", 0, 1),
)
def thread(m: MessageBatch, f: FactValues) -> Floats:
    """The thread that the message claims to belong to."""
    seen = facts_of(
        f, (thread_messages, thread_own_messages, thread_sender_messages, thread_sender_addressed, parent_seen)
    )
    answers = m.parent_key != 0
    claims = m.subject_is_reply | answers
    parent = np.minimum(seen[4], 1.0)
    threaded = seen[0] > 0
    flags = stack(
        [
            claims & ~threaded & ~(parent > 0),
            threaded & (seen[2] == 0) & (seen[3] == 0),
            m.subject_is_reply & ~answers,
        ]
    )
    return np.concatenate([seen[:4], parent[None], flags])


_ASKED = (
    *("lure_payment", "lure_invoice", "lure_bank_change", "lure_payroll", "lure_gift_card"),
    *("lure_credential", "lure_document_share"),
    *("lure_urgency", "lure_secrecy", "lure_account_threat"),
)


@family(
    SignalLevel.RELATIONSHIP,
    Member("stranger_asks_money", "phrases", "Phrases about money in the first mail of a party never written to."),
    Member("stranger_asks_credentials", "phrases", "Phrases about logging in, in the first mail of such a party."),
    Member("stranger_presses", "phrases", "Urgency, secrecy or threats in the first mail of such a party."),
    Member("known_party_new_address", "flag", "A new address of a party that is known.", 0, 1),
)
def first_contact(m: MessageBatch, f: FactValues) -> Floats:
    """First contact, and what it asks for; unknown without a sender."""
    facts = facts_of(f, (party_messages, sender_messages, wrote_to_site))
    stranger = (facts[0] == 0) & ~((facts[2] > 0) & ~m.sender_is_free_mail)
    lures = stack([getattr(m, name) for name in _ASKED])
    asks = np.stack(
        [
            np.add.reduce(lures[:5], axis=0),
            np.add.reduce(lures[5:7], axis=0),
            np.add.reduce(lures[7:], axis=0),
            (facts[0] > 0) & (facts[1] == 0),
        ]
    )
    asks[:3] *= stranger
    asks[:, m.sender_key == 0] = NAN
    return asks
