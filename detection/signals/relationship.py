"""What there was between sender and recipients before: mail either way, threads, first contact and what it asks."""

from __future__ import annotations

import numpy as np

from detection.baselines import facts as f
from detection.mail.batch import Floats, MessageBatch
from detection.signals.arrays import FAR, NAN, days_since, stack
from detection.signals.context import OF_RECIPIENTS, Context, rows_of
from detection.signals.registry import Member, SignalLevel, family

_MOMENTS = slice(OF_RECIPIENTS.index(f.wrote_to_last), len(OF_RECIPIENTS))


@family(
    SignalLevel.RELATIONSHIP,
    Member("pair_messages", "messages", "Earlier messages of this sender to the own recipient who knows it best."),
    Member("party_pair_messages", "messages", "The same for the sender's party."),
    Member("wrote_to_by_recipient", "messages", "Messages that an own recipient had sent to this sender."),
    Member("new_recipient_share", "share", "Share of the own recipients that this sender never wrote to.", 0, 1),
)
def pair(m: MessageBatch, c: Context) -> Floats:
    """Sender and own recipients; unknown when no recipient is of the tenant or there is no sender."""
    most, totals = c.recipients.most, c.recipients.totals
    return stack([most[0], most[1], most[2], totals[0] / totals[1]])


@family(
    SignalLevel.RELATIONSHIP,
    Member("pair_first_contact", "flag", "First message of this sender to any of these own recipients.", 0, 1),
    Member("unanswered_days", "days", "Days since an own recipient last wrote to this sender; unknown if never."),
    Member(
        "pair_silence_days", "days", "Days since this sender last wrote to any of the recipients; unknown if never."
    ),
    Member("pair_age_days", "days", "Days since this sender first wrote to any of the recipients; 0 never."),
)
def pair_times(m: MessageBatch, c: Context) -> Floats:
    """When sender and own recipients first and last had to do with each other; unknown as above."""
    most = c.recipients.most
    moments = most[_MOMENTS].copy()
    moments[2] = FAR - moments[2]
    days = days_since(m, moments, never=NAN)
    days[2] = np.where(moments[2] == 0, 0.0, days[2])
    first = np.where(most[:1] > 0, 0.0, most[:1] + 1.0)
    return np.concatenate([first, days])


_WRITTEN = rows_of((f.wrote_to_sender, f.wrote_to_site))


@family(
    SignalLevel.RELATIONSHIP,
    Member("wrote_to_party", "messages", "Messages the tenant had sent to the sender's site, or free-mail address."),
)
def written_to_party(m: MessageBatch, c: Context) -> Floats:
    """Whether the tenant writes to them: the strongest benign sign."""
    written = c.numbers[_WRITTEN]
    return np.where(m.sender_is_free_mail, written[:1], written[1:])


@family(
    SignalLevel.RELATIONSHIP,
    Member("solicited", "flag", "The tenant had written to this address before.", 0, 1),
    Member("site_solicited", "flag", "The tenant had written to the sender's site before.", 0, 1),
)
def solicitation(m: MessageBatch, c: Context) -> Floats:
    """The same as flags."""
    return np.minimum(c.numbers[_WRITTEN], 1.0)


_THREAD = rows_of(
    (
        *(f.thread_messages, f.parent_seen, f.thread_party_messages),
        *(f.thread_sender_messages, f.thread_sender_addressed),
    )
)


@family(
    SignalLevel.RELATIONSHIP,
    Member("parent_seen", "flag", "The message it answers was seen; unknown when it answers none.", 0, 1),
    Member("reply_unfounded", "flag", "Claims to answer something, and neither parent nor thread was ever seen.", 0, 1),
    Member(
        "thread_stranger", "flag", "Joins a known thread in which this sender neither wrote nor was addressed.", 0, 1
    ),
    Member("reply_without_reference", "flag", "The subject claims a reply and no header names what it answers.", 0, 1),
    Member("thread_new_address", "flag", "Joins a thread that its party is in, from an address that is not.", 0, 1),
)
def thread(m: MessageBatch, c: Context) -> Floats:
    """The thread that the message claims to belong to."""
    seen = c.numbers[_THREAD]
    some = seen[:3] > 0
    answers = m.parent_key != 0
    # Sender and addressee both at 0: the greater of them is.
    outside = np.maximum(seen[3], seen[4]) == 0
    out = np.empty((5, len(m)))
    np.minimum(seen[1], 1.0, out=out[0])
    out[1] = (m.subject_is_reply | answers) & ~(some[0] | some[1])
    out[2] = some[0] & outside
    out[3] = m.subject_is_reply & ~answers
    out[4] = some[2] & outside
    return out


_FIRST = rows_of((f.party_messages, f.sender_messages, f.wrote_to_site))


@family(
    SignalLevel.RELATIONSHIP, Member("known_party_new_address", "flag", "A new address of a party that is known.", 0, 1)
)
def new_address(m: MessageBatch, c: Context) -> Floats:
    """A party that is known, by an address that is not; unknown without a sender."""
    party, sender, _ = c.numbers[_FIRST]
    return np.where(np.isnan(sender), NAN, (party > 0) & (sender == 0))[None]


_MONEY = ("lure_payment", "lure_invoice", "lure_bank_change", "lure_payroll", "lure_gift_card")
_CREDENTIALS = ("lure_credential", "lure_document_share")
_PRESSURE = ("lure_urgency", "lure_secrecy", "lure_account_threat")


@family(
    SignalLevel.RELATIONSHIP,
    Member("stranger_asks_money", "phrases", "Phrases about money in the first mail of a party never written to."),
    Member("stranger_asks_credentials", "phrases", "Phrases about logging in, in the first mail of such a party."),
    Member("stranger_presses", "phrases", "Urgency, secrecy or threats in the first mail of such a party."),
)
def first_contact(m: MessageBatch, c: Context) -> Floats:
    """First contact, and what it asks for; unknown without a sender."""
    party, sender, written = c.numbers[_FIRST]
    # A free-mail party is one address: that the tenant writes to the provider's site says nothing of it.
    stranger = (party == 0) & ((written == 0) | m.sender_is_free_mail)
    lures = stack([getattr(m, name) for name in (*_MONEY, *_CREDENTIALS, *_PRESSURE)])
    asks = np.add.reduceat(lures, (0, len(_MONEY), len(_MONEY) + len(_CREDENTIALS)), axis=0)
    return np.asarray(asks * np.where(np.isnan(sender), NAN, stranger))
