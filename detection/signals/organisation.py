"""The tenant itself: its people's names in foreign hands."""

from __future__ import annotations

import numpy as np

from detection.baselines import facts as f
from detection.mail.batch import Floats, MessageBatch
from detection.signals.arrays import NAN, stack
from detection.signals.context import Context, rows_of
from detection.signals.registry import Member, SignalLevel, family

_OWN_NAMES = rows_of(
    (
        *(f.own_name_messages, f.own_name_correspondents, f.own_name_spelled),
        *(f.own_local_name_messages, f.own_local_name_correspondents, f.own_local_spelled),
    )
)


@family(
    SignalLevel.ORGANISATION,
    Member("own_name_correspondents", "people", "People that the own bearer of this name writes to: its prominence."),
    Member(
        "own_name_misused", "flag", "The display name is of one of the tenant's people; the address is foreign.", 0, 1
    ),
    Member("own_name_misused_prominence", "people", "Prominence of the own person whose name a foreign address bears."),
    Member(
        "own_name_from_other_own", "flag", "An own address writes under the name that another own address bears.", 0, 1
    ),
    Member("own_name_in_address", "flag", "A foreign address spells the name of one of the tenant's people.", 0, 1),
)
def own_names(m: MessageBatch, c: Context) -> Floats:
    """The display name among the tenant's own people; unknown without one."""
    counts = c.numbers[_OWN_NAMES]
    # Messages, correspondents and spellings: of the display name, and of names that own addresses spell.
    messages, prominence, spelled = np.maximum(counts[:3], counts[3:])
    foreign = ~m.sender_is_own
    misused = (messages > 0) & foreign
    other = m.sender_is_own & (counts[0] > 0) & (c.keys(f.own_name_address) != m.sender_key)
    values = stack([prominence, misused, misused * prominence, other, (spelled > 0) & foreign])
    values[1:4, np.isnan(prominence)] = NAN
    values[4, np.isnan(counts[2])] = NAN
    return values
