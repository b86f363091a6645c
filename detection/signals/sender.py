"""Who sends: how long and how well known, and whether this mail is made as this sender's mail usually is."""

from __future__ import annotations

import numpy as np

from detection.baselines import facts as f
from detection.mail.batch import Floats, MessageBatch
from detection.signals.arrays import NAN, stack
from detection.signals.context import MOMENTS, Context, rows_of
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
    values[:, missing] = NAN
    return np.concatenate([missing[None], values])


_SEEN = rows_of((f.sender_messages, f.party_messages, f.sender_days))
_SINCE = [MOMENTS.index(f.sender_first), MOMENTS.index(f.sender_last)]


@family(
    SignalLevel.SENDER,
    Member("sender_first_contact", "flag", "First message ever from this address.", 0, 1),
    Member("party_first_contact", "flag", "First message ever from this party.", 0, 1),
    Member(
        "sender_awakening", "share", "How far the silence before this message exceeds the address's usual gap.", 0, 1
    ),
    Member(
        "sender_daily_rate",
        "messages a day",
        "Usual messages of this address on a day it writes; unknown for new ones.",
    ),
)
def acquaintance(m: MessageBatch, c: Context) -> Floats:
    """How well the sender is known; unknown without a sender."""
    seen = c.numbers[_SEEN]
    age, silence = (c.days[row] for row in _SINCE)
    out = np.empty((4, len(m)))
    np.less_equal(seen[:2], 0.0, out=out[:2])
    out[:2][np.isnan(seen[:2])] = NAN
    active = np.maximum(seen[2], 1.0)
    # The usual gap between days of mail; ten of them and ten days on top make a silence of one half.
    np.divide(silence, silence + 10.0 * age / active + 10.0, out=out[2])
    np.divide(seen[0], active, out=out[3])
    out[3][seen[0] == 0] = NAN
    return out


@family(
    SignalLevel.SENDER,
    Member("reply_to_differs", "flag", "Replies go to another address than the sender's.", 0, 1),
    Member("reply_to_site_differs", "flag", "Replies go to another site than the sender's.", 0, 1),
    Member("reply_to_is_free_mail", "flag", "Replies go to a free-mail address that is not the sender.", 0, 1),
    Member("reply_to_leaves_own", "flag", "An own sender's replies go outside.", 0, 1),
    Member("reply_to_diverts", "flag", "A sender who is no free-mailer has replies go to a free-mail address.", 0, 1),
)
def reply_to(m: MessageBatch, c: Context) -> Floats:
    """Where replies go. Without a Reply-To they go to the sender, which is known: the flags are 0."""
    there = (m.reply_to_key != 0) & (m.sender_key != 0)
    if not there.any():
        return np.zeros((5, len(m)))
    differs = there & (m.reply_to_key != m.sender_key)
    site_differs = there & (m.reply_to_site_key != m.sender_site_key)
    free = differs & m.reply_to_is_free_mail
    leaves = site_differs & m.sender_is_own & ~m.reply_to_is_own
    return stack([differs, site_differs, free, leaves, free & ~m.sender_is_free_mail])
