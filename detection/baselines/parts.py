"""What facts are about: the parts that keys are made of, and the conditions under which a message counts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from operator import attrgetter

import numpy as np
import numpy.typing as npt

from detection.keys import NO_KEY, Keys, combine
from detection.mail.batch import Bools, Level, MessageBatch
from detection.mail.message import Authentication

SECONDS_A_DAY = 86_400
LAST_SECOND = 2**32 - 1
"""7 February 2106. Facts keep time in 32 bits; a time outside of 1970 to 2106 counts as the nearest second."""


def clock(batch: MessageBatch) -> npt.NDArray[np.uint32]:
    """The second of each message by which facts order history: `time` within 1 to `LAST_SECOND`."""
    # Two calls cost a third of np.clip on a batch of one.
    return np.minimum(np.maximum(batch.time, 1), LAST_SECOND).astype(np.uint32)


@dataclass(frozen=True, slots=True)
class Part:
    """One component of a key: a uint64 array over the messages, or over one ragged level."""

    name: str
    level: Level
    read: Callable[[MessageBatch], Keys]


@dataclass(frozen=True, slots=True)
class Where:
    """A condition on messages: which of them a fact learns from."""

    name: str
    holds: Callable[[MessageBatch], Bools]


_FAN_OUTS = np.array([1, 3, 10, 30, 100])
_ONE = np.uint64(1)
_BLOCKS = np.array([hour % 24 // 4 + 6 * (hour >= 5 * 24) + 1 for hour in range(7 * 24)], dtype=np.uint64)

SENDER = Part("sender", Level.MESSAGE, attrgetter("sender_key"))
SENDER_DOMAIN = Part("sender_domain", Level.MESSAGE, attrgetter("sender_domain_key"))
SENDER_SITE = Part("sender_site", Level.MESSAGE, attrgetter("sender_site_key"))
PARTY = Part("party", Level.MESSAGE, attrgetter("sender_party_key"))
SENDER_NAME = Part("sender_name", Level.MESSAGE, attrgetter("sender_name_key"))
LOCAL_NAME = Part("local_name", Level.MESSAGE, attrgetter("sender_local_name_key"))
REPLY_TO = Part("reply_to", Level.MESSAGE, attrgetter("reply_to_key"))
ENVELOPE_SITE = Part("envelope_site", Level.MESSAGE, attrgetter("envelope_site_key"))
REPLY_TO_SITE = Part("reply_to_site", Level.MESSAGE, attrgetter("reply_to_site_key"))
NAME_DOMAIN = Part("name_domain", Level.MESSAGE, attrgetter("sender_name_domain_key"))
NETWORK = Part("network", Level.MESSAGE, attrgetter("network_key"))
MAILER = Part("mailer", Level.MESSAGE, attrgetter("mailer_key"))
HEADERS = Part("headers", Level.MESSAGE, attrgetter("header_order_key"))
LIST = Part("list", Level.MESSAGE, attrgetter("list_key"))
SUBJECT_SHAPE = Part("subject_shape", Level.MESSAGE, attrgetter("subject_shape_key"))
THREAD = Part("thread", Level.MESSAGE, attrgetter("thread_key"))
PARENT = Part("parent", Level.MESSAGE, attrgetter("parent_key"))
OWN_ID = Part("own_id", Level.MESSAGE, attrgetter("own_id_key"))
RECIPIENT = Part("recipient", Level.RECIPIENT, attrgetter("recipient_key"))
RECIPIENT_SITE = Part("recipient_site", Level.RECIPIENT, attrgetter("recipient_site_key"))
VARIANT = Part("variant", Level.VARIANT, attrgetter("variant_key"))
LINK_SITE = Part("link_site", Level.LINK, attrgetter("link_site_key"))
LINK_SHOWN_SITE = Part("link_shown_site", Level.LINK, attrgetter("link_shown_site_key"))
ATTACHMENT_TYPE = Part("attachment_type", Level.ATTACHMENT, attrgetter("attachment_type_key"))
ATTACHMENT_HASH = Part("attachment_hash", Level.ATTACHMENT, attrgetter("attachment_hash_key"))
ACCOUNT = Part("account", Level.ACCOUNT, attrgetter("account_key"))

HOUR_BLOCK = Part("hour_block", Level.MESSAGE, lambda m: _BLOCKS[_hour_of_week(m)])
"""Four-hour block of the day (UTC), working days and week-ends apart: 12 blocks."""

HOUR_OF_WEEK = Part("hour_of_week", Level.MESSAGE, lambda m: _hour_of_week(m) + _ONE)
"""Hour of the week (UTC), 1 from Monday midnight to 168."""

LANGUAGE = Part("language", Level.MESSAGE, lambda m: (m.language.astype(np.int64) + 1).astype(np.uint64))
"""Language of the text; missing where it is unknown."""

FAN_OUT = Part(
    "fan_out", Level.MESSAGE, lambda m: np.searchsorted(_FAN_OUTS, m.recipient_count).astype(np.uint64) + _ONE
)
"""How many recipients, by size: 1 up to one, 2 up to three, 3 up to ten, 4 up to thirty, 5 up to a hundred, 6 more."""

DAY = Part("day", Level.MESSAGE, lambda m: clock(m).astype(np.uint64) // np.uint64(SECONDS_A_DAY) + np.uint64(1))
"""Day (UTC), counted from 1 for 1 January 1970."""

TENANT = Part("tenant", Level.MESSAGE, lambda m: np.ones(len(m), dtype=np.uint64))
"""The same key for every message: facts about the tenant as a whole."""


EVERYTHING = Where("every message", lambda m: np.ones(len(m), dtype=np.bool_))
FROM_OUTSIDE = Where("sent from outside", lambda m: ~m.sender_is_own)
FROM_US = Where("sent by the tenant", lambda m: m.sender_is_own & ~_disowned(m))
TO_OUTSIDE = Where(
    "sent by the tenant to outside",
    lambda m: m.sender_is_own & ~_disowned(m) & (m.own_recipient_count < m.recipient_count),
)
SPF_PASS = Where("SPF passed", lambda m: m.spf == Authentication.PASS)
DKIM_PASS = Where("DKIM passed and aligned", lambda m: (m.dkim == Authentication.PASS) & (m.dkim_aligned == 1))
DMARC_PASS = Where("DMARC passed", lambda m: m.dmarc == Authentication.PASS)
AUTHENTICATION_SEEN = Where("some authentication result known", lambda m: (m.spf > 0) | (m.dkim > 0) | (m.dmarc > 0))

ANSWERS = Where("answers a message", lambda m: m.parent_key != NO_KEY)
BULK = Where("says it is bulk", attrgetter("bulk"))
WITH_LINKS = Where("has links", lambda m: m.link_count > 0)
WITH_ATTACHMENTS = Where("has attachments", lambda m: m.attachment_count > 0)
ABOUT_PAYMENT = Where("speaks of payment", lambda m: (m.lure_payment > 0) | (m.lure_invoice > 0))
WITH_ACCOUNT_NUMBER = Where("holds an account number", lambda m: m.account_number_count > 0)


def read(parts: tuple[Part, ...], batch: MessageBatch) -> Keys:
    """The key made of these parts at their deepest level: uint64[values of that level]."""
    level = level_of(parts)
    arrays = [part.read(batch) for part in parts]
    if level is not Level.MESSAGE:
        owner = batch.owner(level)
        arrays = [a if part.level is level else a[owner] for a, part in zip(arrays, parts, strict=True)]
    return combine(*arrays) if len(arrays) > 1 else arrays[0]


def level_of(parts: tuple[Part, ...]) -> Level:
    """The one ragged level among the parts, or MESSAGE. Raises ValueError for parts of two ragged levels."""
    ragged = {part.level for part in parts} - {Level.MESSAGE}
    if len(ragged) > 1:
        raise ValueError(f"a key cannot span two ragged levels: {', '.join(part.name for part in parts)}")
    return ragged.pop() if ragged else Level.MESSAGE


def _hour_of_week(m: MessageBatch) -> Keys:
    """Hours since Monday midnight (UTC); 1 January 1970 was a Thursday."""
    hours = m.time // 3600
    hours += 3 * 24
    hours %= 7 * 24
    return hours.view(np.uint64)


def _disowned(m: MessageBatch) -> Bools:
    """An own address in From that authentication says is not ours."""
    failed = (m.dmarc == Authentication.FAIL) | (
        (m.spf == Authentication.FAIL) & (m.dkim != Authentication.PASS) & (m.dmarc != Authentication.PASS)
    )
    return np.asarray(failed, dtype=np.bool_)
