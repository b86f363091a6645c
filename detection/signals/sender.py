"""Who sends: how long and how well known, and whether this mail is made as this sender's mail usually is."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    party_days,
    party_first,
    party_last,
    party_messages,
    party_network_messages,
    party_recipients,
    party_senders,
    sender_days,
    sender_first,
    sender_hour_messages,
    sender_last,
    sender_mailer_messages,
    sender_messages,
    sender_network_messages,
    sender_networks,
    sender_recipients,
    sender_reply_to_messages,
    site_messages,
    wrote_to_reply_to,
)
from detection.mail.batch import Floats, MessageBatch
from detection.signals.arrays import NAN, days_since, stack
from detection.signals.context import Context, rows_of
from detection.signals.registry import Member, SignalLevel, family


@family(
    SignalLevel.SENDER,
    Member("sender_missing", "flag", "No sender address can be read.", 0, 1),
    Member("sender_is_own", "flag", "The sender's address is of an own domain.", 0, 1),
    Member("sender_is_free_mail", "flag", "Writes from a free-mail provider.", 0, 1),
    Member("sender_domain_punycode", "flag", "The sender's domain holds non-ASCII letters.", 0, 1),
    Member("sender_local_digits", "digits", "Digits in the address before the @."),
    Member("sender_domain_length", "characters", "Length of the sender's domain."),
)
def address(m: MessageBatch, c: Context) -> Floats:
    """What the address itself shows."""
    missing = m.sender_key == 0
    values = stack(
        [
            m.sender_is_own,
            m.sender_is_free_mail,
            m.sender_domain_punycode,
            m.sender_local_digits,
            m.sender_domain_length,
        ]
    )
    return np.concatenate([missing[None], np.where(missing, NAN, values)])


_COUNTED = {
    sender_messages: ("sender_messages", "messages", "Earlier messages of this address."),
    sender_days: ("sender_days", "days", "Days on which this address wrote before."),
    sender_recipients: ("sender_recipients", "people", "People this address wrote to before."),
    sender_networks: ("sender_networks", "networks", "Networks this address wrote from before."),
    site_messages: ("site_messages", "messages", "Earlier messages of the sender's registrable domain."),
    party_messages: (
        "party_messages",
        "messages",
        "Earlier messages of the sender's party (domain, or free-mail address).",
    ),
    party_days: ("party_days", "days", "Days on which the party wrote before."),
    party_senders: ("party_senders", "addresses", "Addresses of the party that wrote before."),
    party_recipients: ("party_recipients", "people", "People the party wrote to before."),
}
_COUNTS = rows_of(tuple(_COUNTED))
_MOMENTS = rows_of((sender_first, party_first, sender_last, party_last))


@family(
    SignalLevel.SENDER,
    *(Member(name, unit, doc) for name, unit, doc in _COUNTED.values()),
    Member("sender_age_days", "days", "Days since this address first wrote; 0 for one never seen."),
    Member("party_age_days", "days", "Days since the party first wrote; 0 for one never seen."),
    Member("sender_silence_days", "days", "Days since this address last wrote; unknown for one never seen."),
    Member("party_silence_days", "days", "Days since the party last wrote; unknown for one never seen."),
    Member("sender_first_contact", "flag", "First message ever from this address.", 0, 1),
    Member("party_first_contact", "flag", "First message ever from this party.", 0, 1),
    Member(
        "sender_daily_rate",
        "messages a day",
        "Usual messages of this address on a day it writes; unknown for new ones.",
    ),
    Member(
        "sender_awakening", "share", "How far the silence before this message exceeds the address's usual gap.", 0, 1
    ),
)
def acquaintance(m: MessageBatch, c: Context) -> Floats:
    """How long and how well the sender is known; unknown without a sender."""
    counts = c.numbers[_COUNTS]
    days = days_since(m, c.numbers[_MOMENTS], never=NAN)
    sent = counts[0]
    seen = counts[[0, 5]]
    ages = np.where(seen == 0, 0.0, days[:2])
    first = np.where(seen > 0, 0.0, seen + 1.0)
    active = np.where(sent > 0, np.maximum(counts[1], 1.0), NAN)
    rate = sent / active
    # The usual gap between days of mail; ten of them and ten days on top make a silence of one half.
    silence = days[2]
    awakening = silence / (silence + 10.0 * ages[0] / active + 10.0)
    return np.concatenate([counts, ages, days[2:], first, rate[None], awakening[None]])


_HABITS = {
    sender_network_messages: ("sender_network_share", "Share of this sender's mail that came from this network."),
    sender_mailer_messages: ("sender_mailer_share", "Share of this sender's mail made with this program."),
    sender_hour_messages: ("sender_hour_share", "Share of this sender's mail sent at this time of day."),
    sender_reply_to_messages: ("sender_reply_to_share", "Share of this sender's mail with this Reply-To."),
}


_HABIT_COUNTS = rows_of((*_HABITS, party_network_messages))
_SENT = rows_of((sender_messages,))
_WHOLES = rows_of((sender_messages,) * 4 + (party_messages,))


@family(
    SignalLevel.SENDER,
    *(Member(name, "share", f"{doc[:-1]}; unknown for a new sender.", 0, 1) for name, doc in _HABITS.values()),
    Member(
        "party_network_share", "share", "Share of the party's mail that came from this network; unknown likewise.", 0, 1
    ),
    Member(
        "sender_strangeness", "habits", "Habits of this sender broken: network, program, time of day, Reply-To.", 0, 4
    ),
)
def habits(m: MessageBatch, c: Context) -> Floats:
    """This message against how this sender's mail usually is made; unknown where there is no habit yet."""
    # 0 of 0 is unknown already.
    shares = np.minimum(c.numbers[_HABIT_COUNTS] / c.numbers[_WHOLES], 1.0)
    broken = np.add.reduce(shares[:4] == 0.0, axis=0, dtype=np.float64)
    strangeness = np.where(c.numbers[_SENT] > 0, broken, NAN)
    return np.concatenate([shares, strangeness])


_WRITTEN = rows_of((wrote_to_reply_to,))


@family(
    SignalLevel.SENDER,
    Member("reply_to_differs", "flag", "Replies go to another address than the sender's.", 0, 1),
    Member("reply_to_site_differs", "flag", "Replies go to another site than the sender's.", 0, 1),
    Member("reply_to_is_free_mail", "flag", "Replies go to a free-mail address that is not the sender.", 0, 1),
    Member("reply_to_leaves_own", "flag", "An own sender's replies go outside.", 0, 1),
    Member("reply_to_diverts", "flag", "A sender who is no free-mailer has replies go to a free-mail address.", 0, 1),
    Member("reply_to_written_to", "messages", "Messages the tenant had sent to the Reply-To address."),
)
def reply_to(m: MessageBatch, c: Context) -> Floats:
    """Where replies go. Without a Reply-To they go to the sender, which is known: the flags are 0."""
    there = (m.reply_to_key != 0) & (m.sender_key != 0)
    differs = there & (m.reply_to_key != m.sender_key)
    site_differs = there & (m.reply_to_site_key != m.sender_site_key)
    free = differs & m.reply_to_is_free_mail
    leaves = site_differs & m.sender_is_own & ~m.reply_to_is_own
    return stack([differs, site_differs, free, leaves, free & ~m.sender_is_free_mail, *c.numbers[_WRITTEN]])
