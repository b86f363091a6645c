"""Mail of which only the headers were given: what the body would say is unknown, not harmless.

A source that grants metadata only marks its mail (`Defect.BODY_UNKNOWN`; never the mail's own bytes). Whatever is read off
the body (its text, links, attachments, and whether it asks for money) has the value NaN there.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.mail.batch import MessageBatch
from detection.mail.message import Defect

OF_HEADERS = frozenset(
    (
        *("bulk", "mailing_list", "brand_in_name", "brand_in_subject", "brand_in_domain", "name_is_role"),
        *("subject_claims_reply", "subject_claims_forward", "subject_missing", "subject_length", "subject_upper_share"),
        *("mailer_missing", "reference_count", "date_skew_days", "date_in_future_days"),
        *("defect_several_from", "defect_broken_from", "defect_broken_date", "defect_raw_8bit_header"),
        *("defect_parsers_disagree", "capped"),
    )
)
"""Signals of the message itself that its headers answer; the others of that level read the body."""

OF_BODY = frozenset(
    (
        *("sender_language_share", "sender_link_share", "sender_attachment_share", "stranger_asks_money"),
        *("account_new_to_party", "account_new", "account_replaces_known", "account_party_messages"),
    )
)
"""Signals of other levels that read the body."""

BODY_LEVELS = frozenset({"links", "attachments"})


def unread_of(batch: MessageBatch) -> npt.NDArray[np.bool_] | None:
    """Which messages have a body that nobody read, bool[n]; None when there is none of them, as is usual."""
    unread: npt.NDArray[np.bool_] = (np.asarray(batch.defects) & Defect.BODY_UNKNOWN) != 0
    return unread if unread.any() else None


def without_body(
    values: npt.NDArray[Any], names: Sequence[str], levels: Sequence[str], unread: npt.NDArray[np.bool_]
) -> npt.NDArray[Any]:
    """The rows of some signals, float64[members, n], with NaN where the body was wanted and is not known."""
    rows = np.flatnonzero([reads_body(name, level) for name, level in zip(names, levels, strict=True)])
    if not len(rows):
        return values
    masked = np.array(values, dtype=np.float64)
    masked[np.ix_(rows, np.flatnonzero(unread))] = np.nan
    return masked


@cache
def reads_body(name: str, level: str) -> bool:
    """Whether a signal says something of the body."""
    return level in BODY_LEVELS or name in OF_BODY or (level == "message" and name not in OF_HEADERS)
