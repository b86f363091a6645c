"""How this mail departs from what the sender's mail usually is: in amount, in what it brings, in how it is made."""

from __future__ import annotations

import numpy as np

from detection.baselines import facts as f
from detection.mail.batch import Floats, MessageBatch
from detection.signals.arrays import NAN, stack
from detection.signals.context import Context, rows_of, shares_of
from detection.signals.registry import Member, SignalLevel, family

_BRINGS = shares_of((f.sender_link_messages, f.sender_attachment_messages, f.sender_payment_messages))
_USUAL = rows_of((f.sender_messages, f.sender_days, f.sender_last_day))


@family(
    SignalLevel.SENDER,
    Member("sender_first_link", "flag", "The first link from an address that wrote without links; unknown for new ones.", 0, 1),
    Member("sender_first_attachment", "flag", "The first file from an address that sent none; unknown for new ones.", 0, 1),
    Member("sender_first_payment", "flag", "Speaks of payment for the first time; unknown for a new sender.", 0, 1),
    Member(
        "sender_burst", "times", "Mail of the last 24 hours against this address's usual day; unknown for new ones."
    ),
)  # fmt: skip
def firsts(m: MessageBatch, c: Context) -> Floats:
    """What this sender never brought before, and how much it sends just now; unknown where there is no habit yet."""
    unused = c.shares[_BRINGS]
    brings = stack([m.link_count, m.attachment_count, (m.lure_payment > 0) | (m.lure_invoice > 0)]) > 0
    sent, days, recent = c.numbers[_USUAL]
    out = np.empty((4, len(m)))
    np.multiply(brings, unused == 0.0, out=out[:3])
    out[:3][np.isnan(unused)] = NAN
    np.divide(recent * np.maximum(days, 1.0), sent, out=out[3])
    out[3, sent == 0] = NAN
    return out


_HABITS = shares_of(
    (f.sender_network_messages, f.sender_mailer_messages, f.sender_hour_messages, f.sender_reply_to_messages)
)
_CUSTOMS = shares_of(
    (
        *(f.sender_language_messages, f.sender_fan_out_messages),
        *(f.sender_header_order_messages, f.sender_envelope_messages),
    )
)


@family(
    SignalLevel.SENDER,
    Member(
        "sender_strangeness", "habits", "Habits of this sender broken: network, program, time of day, Reply-To.", 0, 4
    ),
    Member(
        "sender_novelty",
        "habits",
        "Habits of this sender broken: language, number of recipients, headers, Return-Path.",
        0,
        4,
    ),
)
def broken_habits(m: MessageBatch, c: Context) -> Floats:
    """How many habits this mail breaks; unknown where there is none yet."""
    unknown = ~(c.numbers[_USUAL][0] > 0)
    broken = [np.add.reduce(c.shares[rows] == 0.0, axis=0, dtype=np.float64) for rows in (_HABITS, _CUSTOMS)]
    return np.where(unknown, NAN, broken)


_REPLY_TO = rows_of((f.reply_to_senders, f.reply_to_as_sender, f.wrote_to_reply_to_site))


@family(
    SignalLevel.SENDER,
    Member(
        "reply_to_unknown", "flag", "Replies go to another site, which nobody here ever wrote to or heard from.", 0, 1
    ),
)
def reply_to_history(m: MessageBatch, c: Context) -> Floats:
    """Whether anything is known of the address that replies go to."""
    elsewhere = (m.reply_to_key != 0) & (m.reply_to_site_key != m.sender_site_key) & ~m.reply_to_is_own
    # Counts that are not known (NaN) make the greatest unknown as well.
    unheard = np.maximum.reduce(c.numbers[_REPLY_TO], axis=0) == 0
    return np.asarray((elsewhere & unheard)[None])
