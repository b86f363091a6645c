"""Bank accounts and wallets that the mail names, against those that its sender, and anybody, named before."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    account_messages,
    party_account_messages,
    party_account_number_messages,
)
from detection.mail.batch import Floats, Level, MessageBatch
from detection.signals.arrays import NAN, reduce_over, stack
from detection.signals.context import Context, rows_of
from detection.signals.registry import Member, SignalLevel, family

_BEFORE = rows_of((party_account_number_messages,))


@family(
    SignalLevel.RELATIONSHIP,
    Member("account_new_to_party", "accounts", "Accounts named here that this party never named; 0 without any."),
    Member("account_new", "accounts", "Accounts named here that nobody ever named; 0 without any."),
    Member(
        "account_replaces_known",
        "flag",
        "A party that named accounts before names another one, and none it knew.",
        0,
        1,
    ),
    Member(
        "account_party_messages",
        "messages",
        "Earlier mail of this party with the account it named most; unknown without.",
    ),
)
def accounts(m: MessageBatch, c: Context) -> Floats:
    """The accounts named in the text; a changed one is what payment fraud comes down to."""
    before = c.numbers[_BEFORE][0]
    out = np.zeros((4, len(m)))
    out[3:] = NAN
    if len(m.account_key):
        by_party = c[party_account_messages]
        new = stack([by_party == 0, c[account_messages] == 0])
        totals = reduce_over(np.add, m, Level.ACCOUNT, new, 0.0)
        most = reduce_over(np.maximum, m, Level.ACCOUNT, stack([by_party]), -1.0)
        out[:2] = totals
        out[2] = (totals[0] > 0) & (most[0] == 0) & (before > 0)
        out[3:] = np.where(most < 0, NAN, most)
    # Without a party nothing is known of what it named before.
    out[::2][:2, np.isnan(before)] = NAN
    return out
