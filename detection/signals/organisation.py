"""The tenant itself: its people's names in foreign hands, and how much of its mail has been seen."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    own_local_name_correspondents,
    own_local_name_messages,
    own_local_spelled,
    own_name_address,
    own_name_correspondents,
    own_name_messages,
    own_name_spelled,
    tenant_first,
    tenant_last_day,
    tenant_messages,
    tenant_senders,
)
from detection.mail.batch import Floats, MessageBatch
from detection.signals.arrays import NAN, days_since, stack
from detection.signals.context import Context, rows_of
from detection.signals.registry import Member, SignalLevel, family

_OWN_NAMES = rows_of(
    (
        *(own_name_messages, own_local_name_messages, own_name_correspondents, own_local_name_correspondents),
        *(own_name_spelled, own_local_spelled),
    )
)


@family(
    SignalLevel.ORGANISATION,
    Member("own_name_messages", "messages", "Messages that own people sent under this display name."),
    Member("own_local_name_messages", "messages", "Messages of own addresses that spell this display name."),
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
    spelled = np.where(np.isnan(counts[4]), NAN, (np.maximum(counts[4], counts[5]) > 0) & ~m.sender_is_own)
    prominence = np.maximum(counts[2], counts[3])
    misused = (np.maximum(counts[0], counts[1]) > 0) & ~m.sender_is_own
    other = m.sender_is_own & (counts[0] > 0) & (c.keys(own_name_address) != m.sender_key)
    values = stack([*counts[:2], prominence, misused, misused * prominence, other, spelled])
    values[3:6] = np.where(np.isnan(prominence), NAN, values[3:6])
    return values


_TENANT = rows_of((tenant_messages, tenant_first, tenant_senders, tenant_last_day))


@family(
    SignalLevel.ORGANISATION,
    Member("tenant_messages", "messages", "Messages of the tenant seen before this one."),
    Member("tenant_age_days", "days", "Days of the tenant's history before this message."),
    Member("tenant_senders", "addresses", "Addresses the tenant has had mail from."),
    Member("tenant_last_day", "messages", "Messages of the tenant in the last 24 hours."),
)
def maturity(m: MessageBatch, c: Context) -> Floats:
    """How much history stands behind every other signal."""
    seen = c.numbers[_TENANT]
    return np.concatenate([seen[:1], days_since(m, seen[1:2], never=0.0), seen[2:]])
