"""How much the sender sends just now, what its mail usually brings, and what of this mail is new for it."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    party_envelope_messages,
    party_last_day,
    party_last_week,
    party_mailer_messages,
    party_messages,
    party_payment_messages,
    reply_to_as_sender,
    reply_to_senders,
    sender_answered_by,
    sender_attachment_messages,
    sender_bulk_messages,
    sender_days,
    sender_envelope_messages,
    sender_fan_out_messages,
    sender_header_order_messages,
    sender_hour_of_week_messages,
    sender_language_messages,
    sender_last_day,
    sender_last_hour,
    sender_last_week,
    sender_link_messages,
    sender_messages,
    sender_names,
    sender_payment_messages,
    wrote_to_reply_to_site,
)
from detection.mail.batch import Floats, MessageBatch
from detection.signals.arrays import NAN, stack
from detection.signals.context import Context, rows_of
from detection.signals.registry import Member, SignalLevel, family

_RECENT = {
    sender_last_hour: ("sender_last_hour", "messages", "Mail of this address in the last hour."),
    sender_last_day: ("sender_last_day", "messages", "Mail of this address in the last 24 hours."),
    sender_last_week: ("sender_last_week", "messages", "Mail of this address in the last 7 days."),
    party_last_day: ("party_last_day", "messages", "Mail of this party in the last 24 hours."),
    party_last_week: ("party_last_week", "messages", "Mail of this party in the last 7 days."),
    sender_names: ("sender_names", "names", "Display names that this address has used."),
    sender_answered_by: ("sender_answered_by", "people", "People who have answered this address."),
    party_payment_messages: ("party_payment_messages", "messages", "Mail of this party that spoke of payments."),
}
_RECENT_ROWS = rows_of(tuple(_RECENT))
_USUAL = rows_of((sender_messages, sender_days))


@family(
    SignalLevel.SENDER,
    *(Member(*described) for described in _RECENT.values()),
    Member(
        "sender_burst", "times", "Mail of the last 24 hours against this address's usual day; unknown for new ones."
    ),
)
def traffic(m: MessageBatch, c: Context) -> Floats:
    """What came from this sender lately; unknown without one."""
    recent = c.numbers[_RECENT_ROWS]
    sent, days = c.numbers[_USUAL]
    burst = np.where(sent > 0, recent[1] * np.maximum(days, 1.0) / sent, NAN)
    return np.concatenate([recent, burst[None]])


_SHARES = {
    sender_hour_of_week_messages: ("sender_hour_of_week_share", "in this hour of the week", sender_messages),
    sender_language_messages: ("sender_language_share", "in this language", sender_messages),
    sender_fan_out_messages: ("sender_fan_out_share", "to about as many recipients", sender_messages),
    sender_header_order_messages: ("sender_headers_share", "with this set of headers", sender_messages),
    sender_envelope_messages: ("sender_envelope_share", "with this Return-Path domain", sender_messages),
    sender_bulk_messages: ("sender_bulk_share", "that called itself bulk", sender_messages),
    sender_link_messages: ("sender_link_share", "with links", sender_messages),
    sender_attachment_messages: ("sender_attachment_share", "with attachments", sender_messages),
    sender_payment_messages: ("sender_payment_share", "that spoke of payments", sender_messages),
    party_mailer_messages: ("party_mailer_share", "made with this program", party_messages),
    party_envelope_messages: ("party_envelope_share", "with this Return-Path domain", party_messages),
}
_COUNTS = rows_of(tuple(_SHARES))
_WHOLES = rows_of(tuple(whole for _, _, whole in _SHARES.values()))
_HABITS = slice(1, 5)
_BRINGS = slice(6, 9)


@family(
    SignalLevel.SENDER,
    *(
        Member(name, "share", f"Share of the {'party' if whole is party_messages else 'sender'}'s mail {what}; "
               "unknown for a new one.", 0, 1)
        for name, what, whole in _SHARES.values()
    ),
    Member("sender_first_link", "flag", "The first link from an address that wrote without links; unknown for new ones.", 0, 1),
    Member("sender_first_attachment", "flag", "The first file from an address that sent none; unknown for new ones.", 0, 1),
    Member("sender_first_payment", "flag", "Speaks of payment for the first time; unknown for a new sender.", 0, 1),
    Member(
        "sender_novelty",
        "habits",
        "Habits of this sender broken: language, number of recipients, headers, Return-Path.",
        0,
        4,
    ),
)  # fmt: skip
def customs(m: MessageBatch, c: Context) -> Floats:
    """This mail against what this sender's mail usually is like; unknown where there is no habit yet."""
    shares = np.minimum(c.numbers[_COUNTS] / c.numbers[_WHOLES], 1.0)
    brings = (m.link_count > 0, m.attachment_count > 0, (m.lure_payment > 0) | (m.lure_invoice > 0))
    unused = shares[_BRINGS]
    first = np.where(np.isnan(unused), NAN, stack(brings) * (unused == 0.0))
    broken = np.add.reduce(shares[_HABITS] == 0.0, axis=0, dtype=np.float64)
    novelty = np.where(np.isnan(unused[0]), NAN, broken)
    return np.concatenate([shares, first, novelty[None]])


_REPLY_TO = rows_of((reply_to_senders, reply_to_as_sender, wrote_to_reply_to_site))


@family(
    SignalLevel.SENDER,
    Member("reply_to_senders", "addresses", "Addresses that used this Reply-To before; unknown without one."),
    Member("reply_to_as_sender", "messages", "Mail that the Reply-To address itself has sent; unknown without one."),
    Member(
        "wrote_to_reply_to_site", "messages", "Mail the tenant had sent to the Reply-To's domain; unknown without one."
    ),
    Member(
        "reply_to_unknown", "flag", "Replies go to another site, which nobody here ever wrote to or heard from.", 0, 1
    ),
)
def reply_to_history(m: MessageBatch, c: Context) -> Floats:
    """What is known of the address that replies go to."""
    seen = c.numbers[_REPLY_TO]
    elsewhere = (m.reply_to_key != 0) & (m.reply_to_site_key != m.sender_site_key) & ~m.reply_to_is_own
    unknown = elsewhere & (seen[1] == 0) & (seen[2] == 0) & (seen[0] == 0)
    return np.concatenate([seen, unknown[None]])
