"""Whom the sender appears to be: the display name, and domains that look like others."""

from __future__ import annotations

import numpy as np

from detection.baselines.facts import (
    name_addresses,
    name_messages,
    name_sender_messages,
    site_messages,
    variant_first,
    variant_first_site,
    variant_messages,
)
from detection.mail.batch import Floats, Level, MessageBatch
from detection.signals.arrays import NAN, SECONDS_A_DAY, first_of, reduce_over, stack
from detection.signals.context import Context, rows_of
from detection.signals.registry import Member, SignalLevel, family


@family(
    SignalLevel.IDENTITY,
    Member("name_holds_domain", "flag", "The display name itself contains a domain or address.", 0, 1),
    Member("name_holds_other_domain", "flag", "The display name contains a domain that is not the sender's.", 0, 1),
    Member(
        "name_holds_own_domain",
        "flag",
        "The display name contains the recipient's domain; the sender is foreign.",
        0,
        1,
    ),
)
def domain_in_name(m: MessageBatch, c: Context) -> Floats:
    """A domain in the display name against the address beside it."""
    inside = m.sender_name_domain_key
    holds = inside != 0
    if not holds.any():
        return np.zeros((3, len(m)))
    other = holds & (inside != m.sender_domain_key) & (inside != m.sender_site_key)
    own = other & ~m.sender_is_own
    if own.any():
        own &= inside == first_of(m, Level.RECIPIENT, m.recipient_site_key, m.recipient_is_own)
    return stack([holds, other, own])


@family(
    SignalLevel.IDENTITY,
    Member("name_present", "flag", "The sender has a display name that reads as a name.", 0, 1),
    Member(
        "name_spells_address",
        "flag",
        "Local part and display name spell the same person; unknown without either.",
        0,
        1,
    ),
)
def display_name(m: MessageBatch, c: Context) -> Floats:
    """The display name against the local part of the address."""
    nameless = (m.sender_name_key == 0) | (m.sender_local_name_key == 0)
    spells = np.where(nameless, NAN, m.sender_name_key == m.sender_local_name_key)
    return stack([m.sender_name_key != 0, spells])


_NAMES = rows_of((name_messages, name_sender_messages, name_addresses))


@family(
    SignalLevel.IDENTITY,
    Member("name_used_by_others", "messages", "Earlier messages of other addresses under this display name."),
    Member(
        "name_borrowed", "share", "How firmly the name belongs to another address, when this one never used it.", 0, 1
    ),
)
def name_history(m: MessageBatch, c: Context) -> Floats:
    """Who else bears this display name; unknown without one."""
    counts = c.numbers[_NAMES]
    others = np.maximum(counts[0] - counts[1], 0.0)
    # A name of one or two addresses is a person's; a name of hundreds ("Support") belongs to nobody.
    firmness = others / (others + 5.0) * (2.0 / (1.0 + np.maximum(counts[2], 1.0)))
    firmness[counts[1] > 0] = 0.0
    return stack([others, firmness])


@family(
    SignalLevel.IDENTITY,
    Member(
        "lookalike_messages", "messages", "Earlier messages of the better-known domain that the sender's looks like."
    ),
    Member("lookalike_age_days", "days", "Days since that domain was first seen; 0 when there is none."),
    Member("lookalike_imbalance", "share", "How far that domain outweighs the sender's in earlier mail.", 0, 1),
    Member("lookalike_of_own", "flag", "The domain that the sender's looks like is the recipient's own.", 0, 1),
)
def lookalike(m: MessageBatch, c: Context) -> Floats:
    """Domains of history that share a look-alike form with the sender's and were there before it.

    0 when there is none; unknown without a sender's domain.
    """
    unknown = m.sender_site_key == 0
    if not len(m.variant_key):
        return np.where(unknown, NAN, np.zeros((4, len(m))))
    owner = m.owner(Level.VARIANT)
    first_site, own_site = c.keys(variant_first_site), m.sender_site_key
    sent = np.where(unknown, 0.0, c[site_messages])
    # The sender's own domain is part of each of its forms; what remains is of others.
    others = c[variant_messages] - sent[owner]
    earlier = (others > 0) & (first_site != own_site[owner])
    if not earlier.any():
        return np.where(unknown, NAN, np.zeros((4, len(m))))
    recipient_site = first_of(m, Level.RECIPIENT, m.recipient_site_key, m.recipient_is_own)
    imitable = (recipient_site != 0) & (recipient_site != own_site)
    age = np.maximum(m.time[owner] - c[variant_first], 0) / SECONDS_A_DAY
    values = stack([others, age, (first_site == recipient_site[owner]) & imitable[owner]])
    most = reduce_over(np.maximum, m, Level.VARIANT, values * earlier, 0.0)
    imbalance = most[0] / (most[0] + 10.0 * sent + 1.0)
    return np.where(unknown, NAN, np.stack([most[0], most[1], imbalance, most[2]]))
