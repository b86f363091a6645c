"""What there was between sender and recipients before: mail either way, threads, first contact and what it asks."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    parent_seen,
    party_messages,
    sender_messages,
    site_pair_messages,
    thread_last,
    thread_messages,
    thread_own_messages,
    thread_party_messages,
    thread_sender_addressed,
    thread_sender_messages,
    wrote_to_last,
    wrote_to_sender,
    wrote_to_sender_people,
    wrote_to_site,
    wrote_to_site_people,
)
from detection.mail.batch import Floats, MessageBatch
from detection.signals.arrays import FAR, NAN, days_since, stack
from detection.signals.context import OF_RECIPIENTS, Context, rows_of
from detection.signals.registry import Member, SignalLevel, family


@family(
    SignalLevel.RELATIONSHIP,
    Member("pair_messages", "messages", "Earlier messages of this sender to the own recipient who knows it best."),
    Member("party_pair_messages", "messages", "The same for the sender's party."),
    Member("wrote_to_by_recipient", "messages", "Messages that an own recipient had sent to this sender."),
    Member(
        "pair_silence_days", "days", "Days since this sender last wrote to any of the recipients; unknown if never."
    ),
    Member("pair_age_days", "days", "Days since this sender first wrote to any of the recipients; 0 never."),
    Member("pair_first_contact", "flag", "First message of this sender to any of these own recipients.", 0, 1),
    Member("new_recipient_share", "share", "Share of the own recipients that this sender never wrote to.", 0, 1),
    Member("site_pair_messages", "messages", "Earlier messages between the sender's site and the recipients'."),
    Member("unanswered_days", "days", "Days since an own recipient last wrote to this sender; unknown if never."),
)
def pair(m: MessageBatch, c: Context) -> Floats:
    """Sender and own recipients; unknown when no recipient is of the tenant or there is no sender."""
    most, totals = c.recipients.most, c.recipients.totals
    moments = most[_MOMENTS].copy()
    moments[2] = FAR - moments[2]
    days = days_since(m, moments, never=NAN)
    days[2] = np.where(moments[2] == 0, 0.0, days[2])
    first = np.where(most[:1] > 0, 0.0, most[:1] + 1.0)
    return np.concatenate([most[:3], days[1:], first, totals[:1] / totals[1:2], most[_SITE_PAIR], days[:1]])


_MOMENTS = slice(OF_RECIPIENTS.index(wrote_to_last), len(OF_RECIPIENTS))
_SITE_PAIR = slice(OF_RECIPIENTS.index(site_pair_messages), OF_RECIPIENTS.index(site_pair_messages) + 1)
_WRITTEN = rows_of((wrote_to_sender, wrote_to_site, wrote_to_sender_people, wrote_to_site_people))


@family(
    SignalLevel.RELATIONSHIP,
    Member("wrote_to_sender", "messages", "Messages that anyone of the tenant had sent to this address."),
    Member("wrote_to_site", "messages", "Messages that anyone of the tenant had sent to the sender's site."),
    Member("solicited", "flag", "The tenant had written to this address before.", 0, 1),
    Member("site_solicited", "flag", "The tenant had written to the sender's site before.", 0, 1),
    Member("wrote_to_party", "messages", "Messages the tenant had sent to the sender's site, or free-mail address."),
    Member("wrote_to_sender_people", "people", "People of the tenant who had written to this address."),
    Member("wrote_to_site_people", "people", "People of the tenant who had written to the sender's site."),
)
def solicitation(m: MessageBatch, c: Context) -> Floats:
    """Whether the tenant writes to them: the strongest benign sign."""
    written = c.numbers[_WRITTEN]
    party = np.where(m.sender_is_free_mail, written[:1], written[1:2])
    return np.concatenate([written[:2], np.minimum(written[:2], 1.0), party, written[2:]])


_THREAD = rows_of(
    (
        *(thread_messages, thread_own_messages, thread_sender_messages, thread_sender_addressed, parent_seen),
        *(thread_party_messages, thread_last),
    )
)


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
    Member("thread_party_messages", "messages", "Earlier messages of this thread that this party sent."),
    Member("thread_silence_days", "days", "Days since the thread's last message; unknown for a new thread."),
    Member("thread_new_address", "flag", "Joins a thread that its party is in, from an address that is not.", 0, 1),
)
def thread(m: MessageBatch, c: Context) -> Floats:
    """The thread that the message claims to belong to."""
    seen = c.numbers[_THREAD]
    parent = np.minimum(seen[4], 1.0)
    answers = m.parent_key != 0
    threaded = seen[0] > 0
    claims = m.subject_is_reply | answers
    return stack(
        [
            *seen[:4],
            parent,
            claims & ~(threaded | (parent > 0)),
            threaded & (seen[2] == 0) & (seen[3] == 0),
            m.subject_is_reply & ~answers,
            seen[5],
            days_since(m, seen[6:], never=NAN)[0],
            (seen[5] > 0) & (seen[2] == 0) & (seen[3] == 0),
        ]
    )


_MONEY = ("lure_payment", "lure_invoice", "lure_bank_change", "lure_payroll", "lure_gift_card")
_CREDENTIALS = ("lure_credential", "lure_document_share")
_PRESSURE = ("lure_urgency", "lure_secrecy", "lure_account_threat")
_FIRST = rows_of((party_messages, sender_messages, wrote_to_site))


@family(
    SignalLevel.RELATIONSHIP,
    Member("stranger_asks_money", "phrases", "Phrases about money in the first mail of a party never written to."),
    Member("stranger_asks_credentials", "phrases", "Phrases about logging in, in the first mail of such a party."),
    Member("stranger_presses", "phrases", "Urgency, secrecy or threats in the first mail of such a party."),
    Member("known_party_new_address", "flag", "A new address of a party that is known.", 0, 1),
)
def first_contact(m: MessageBatch, c: Context) -> Floats:
    """First contact, and what it asks for; unknown without a sender."""
    party, sender, written = c.numbers[_FIRST]
    # A free-mail party is one address: that the tenant writes to the provider's site says nothing of it.
    stranger = (party == 0) & ((written == 0) | m.sender_is_free_mail)
    lures = stack([getattr(m, name) for name in (*_MONEY, *_CREDENTIALS, *_PRESSURE)])
    asks = np.add.reduceat(lures, (0, len(_MONEY), len(_MONEY) + len(_CREDENTIALS)), axis=0)
    new_address = np.where(np.isnan(sender), NAN, (party > 0) & (sender == 0))
    return np.concatenate([asks * np.where(np.isnan(sender), NAN, stranger), new_address[None]])
