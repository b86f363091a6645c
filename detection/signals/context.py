"""What several families read of a batch, made once: facts as numbers, and facts about own recipients by message."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from detection.baselines import facts as f
from detection.baselines.algebra import Fact, FirstValue
from detection.baselines.values import FactValues
from detection.mail.batch import Floats, Level, MessageBatch
from detection.mail.message import Role
from detection.signals.arrays import FAR, NAN, days_since, known, reduce_over, stack

NUMBERS: tuple[Fact, ...] = tuple(
    fact for fact in f.FACTS.values() if fact.level is Level.MESSAGE and not isinstance(fact, FirstValue)
)
"""The facts that are one number a message."""

OF_RECIPIENTS: tuple[Fact, ...] = (
    *(f.pair_messages, f.party_pair_messages, f.wrote_to),
    *(f.recipient_messages, f.recipient_senders, f.recipient_outside_parties, f.recipient_correspondents),
    *(f.recipient_answered_by, f.recipient_last_hour, f.recipient_last_day),
    *(f.wrote_to_last, f.pair_last, f.pair_first),
)

_SHARED: dict[Fact, tuple[Fact, ...]] = {
    f.sender_messages: (
        *(f.sender_network_messages, f.sender_mailer_messages, f.sender_hour_messages, f.sender_reply_to_messages),
        *(f.sender_language_messages, f.sender_fan_out_messages),
        *(f.sender_header_order_messages, f.sender_envelope_messages),
        *(f.sender_link_messages, f.sender_attachment_messages, f.sender_payment_messages),
        *(f.sender_bulk_messages, f.sender_hour_of_week_messages, f.sender_authentication_seen),
    ),
    f.site_messages: (f.site_authentication_seen,),
    f.party_messages: (f.party_network_messages, f.party_mailer_messages, f.party_envelope_messages),
    f.sender_authentication_seen: (f.sender_spf_passes, f.sender_dkim_passes, f.sender_dmarc_passes),
    f.site_authentication_seen: (f.site_spf_passes, f.site_dkim_passes, f.site_dmarc_passes),
}
SHARES: tuple[tuple[Fact, Fact], ...] = tuple((part, whole) for whole, parts in _SHARED.items() for part in parts)
"""Facts that are read as a share of another."""

PARTS, WHOLES = zip(*SHARES, strict=True)

_MOMENTS: dict[Fact, float] = {
    **dict.fromkeys((f.sender_first, f.party_first), 0.0),
    **dict.fromkeys((f.sender_last, f.party_last, f.thread_last), NAN),
}
MOMENTS: tuple[Fact, ...] = tuple(_MOMENTS)
"""Facts that are read as days ago: from the first 0 when there is none, from the last unknown."""

Rows = slice | npt.NDArray[np.intp]


def rows_of(facts: Sequence[Fact]) -> Rows:
    """Where facts lie in `Context.numbers`."""
    return _rows([NUMBERS.index(fact) for fact in facts])


def shares_of(facts: Sequence[Fact]) -> Rows:
    """Where facts lie in `Context.shares`."""
    return _rows([PARTS.index(fact) for fact in facts])


def _rows(rows: list[int]) -> Rows:
    """A slice when they are neighbours (which costs no copy)."""
    neighbours = rows == list(range(rows[0], rows[-1] + 1))
    return slice(rows[0], rows[-1] + 1) if neighbours else np.array(rows, dtype=np.intp)


_PART_ROWS, _WHOLE_ROWS, _MOMENT_ROWS = rows_of(PARTS), rows_of(WHOLES), rows_of(MOMENTS)
_NEVER = np.array(list(_MOMENTS.values()))[:, None]


class Context:
    """The facts of a batch as signals read them."""

    def __init__(self, batch: MessageBatch, facts: FactValues) -> None:
        self._batch = batch
        self._facts = facts
        self.numbers: Floats = known(facts.floats(NUMBERS))
        """float64[NUMBERS, n]: every fact that is one number a message; NaN where unknown."""

    def __getitem__(self, fact: Fact) -> npt.NDArray[np.int64]:
        """The fact as it was looked up, int64, aligned with its own level."""
        return self._facts.arrays[fact]

    def floats(self, facts: tuple[Fact, ...]) -> Floats:
        """Facts of one level as they were looked up, float64[facts, values of the level], a copy."""
        return self._facts.floats(facts)

    def keys(self, fact: FirstValue) -> npt.NDArray[np.uint64]:
        """A fact whose value is a key."""
        return self._facts.arrays[fact].view(np.uint64)

    @cached_property
    def shares(self) -> Floats:
        """float64[SHARES, n]: one fact as a share of another, at most 1; NaN where the other is 0 or unknown."""
        whole = self.numbers[_WHOLE_ROWS]
        return np.minimum(self.numbers[_PART_ROWS] / whole, 1.0, out=whole)

    @cached_property
    def days(self) -> Floats:
        """float64[MOMENTS, n]: days from each moment to the message."""
        return days_since(self._batch, self.numbers[_MOMENT_ROWS], _NEVER)

    @cached_property
    def recipients(self) -> Recipients:
        """What the facts say of the tenant's own people among the recipients."""
        return Recipients(self._batch, self._facts)


class Recipients:
    """Facts over the own recipients of each message; those outside are left out, as nothing is known of them."""

    def __init__(self, batch: MessageBatch, facts: FactValues) -> None:
        n = len(batch)
        if not len(batch.recipient_key):
            self.most = np.full((len(OF_RECIPIENTS), n), NAN)
            self.totals = np.zeros((5, n))
            return
        values = facts.floats(OF_RECIPIENTS)
        # The earliest moment is wanted and the reduction is by maximum: first moments are counted from the far end.
        # Never (0) becomes the latest moment of all.
        values[-1] = FAR - values[-1] * (values[-1] > 0)
        own = batch.recipient_is_own
        role = batch.recipient_role
        counted = own & (values[0] >= 0)
        totals = [counted & (values[0] == 0), counted, role <= Role.CC, role == Role.CC, batch.recipient_name_key != 0]
        values[:, ~own] = -1.0
        self.most = known(reduce_over(np.maximum, batch, Level.RECIPIENT, values, -1.0))
        """float64[OF_RECIPIENTS, n]: the greatest over own recipients, NaN when unknown; the last row is
        `FAR` minus the earliest first moment."""
        self.totals = reduce_over(np.add, batch, Level.RECIPIENT, stack(totals), 0.0)
        """float64[5, n]: own recipients new to the sender, own recipients with a known pair; then over all
        recipients: in To or Cc, in Cc, with a name."""
