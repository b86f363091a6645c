"""What several families read of a batch, made once: facts as numbers, and facts about own recipients by message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.baselines.algebra import Fact, FirstValue
from detection.baselines.facts import (
    FACTS,
    pair_first,
    pair_last,
    pair_messages,
    party_pair_messages,
    recipient_answered_by,
    recipient_correspondents,
    recipient_last_day,
    recipient_last_hour,
    recipient_messages,
    recipient_outside_parties,
    recipient_senders,
    site_pair_messages,
    wrote_to,
    wrote_to_last,
)
from detection.baselines.values import FactValues
from detection.mail.batch import Floats, Level, MessageBatch
from detection.mail.message import Role
from detection.signals.arrays import FAR, NAN, known, reduce_over, stack

NUMBERS: tuple[Fact, ...] = tuple(
    fact for fact in FACTS.values() if fact.level is Level.MESSAGE and not isinstance(fact, FirstValue)
)
"""The facts that are one number a message."""

OF_RECIPIENTS = (
    *(pair_messages, party_pair_messages, wrote_to),
    *(recipient_messages, recipient_senders, recipient_outside_parties, recipient_correspondents),
    *(recipient_answered_by, recipient_last_hour, recipient_last_day),
    *(site_pair_messages, wrote_to_last, pair_last, pair_first),
)

Rows = slice | list[int]


class Context:
    """The facts of a batch as signals read them."""

    def __init__(self, batch: MessageBatch, facts: FactValues) -> None:
        self._batch = batch
        self._facts = facts
        self.numbers: Floats = known(stack([facts.arrays[fact] for fact in NUMBERS]))
        """float64[NUMBERS, n]: every fact that is one number a message; NaN where unknown."""

    def __getitem__(self, fact: Fact) -> npt.NDArray[np.int64]:
        """The fact as it was looked up, int64, aligned with its own level."""
        return self._facts.arrays[fact]

    def keys(self, fact: FirstValue) -> npt.NDArray[np.uint64]:
        """A fact whose value is a key."""
        return self._facts.arrays[fact].view(np.uint64)

    @cached_property
    def recipients(self) -> Recipients:
        """What the facts say of the tenant's own people among the recipients."""
        return Recipients(self._batch, self._facts.arrays)


class Recipients:
    """Facts over the own recipients of each message; those outside are left out, as nothing is known of them."""

    def __init__(self, batch: MessageBatch, facts: Mapping[Fact, npt.NDArray[Any]]) -> None:
        n = len(batch)
        if not len(batch.recipient_key):
            self.most = np.full((len(OF_RECIPIENTS), n), NAN)
            self.totals = np.zeros((5, n))
            return
        values = stack([facts[fact] for fact in OF_RECIPIENTS])
        # The earliest moment is wanted and the reduction is by maximum: first moments are counted from the far end.
        # Never (0) becomes the latest moment of all.
        values[-1] = FAR - values[-1] * (values[-1] > 0)
        own = batch.recipient_is_own
        role = batch.recipient_role
        counted = own & (values[0] >= 0)
        listed = role <= Role.CC
        totals = [counted & (values[0] == 0), counted, listed, role == Role.CC, batch.recipient_name_key != 0]
        values[:, ~own] = -1.0
        self.most = known(reduce_over(np.maximum, batch, Level.RECIPIENT, values, -1.0))
        """float64[OF_RECIPIENTS, n]: the greatest over own recipients, NaN when unknown; the last row is
        `FAR` minus the earliest first moment."""
        self.totals = reduce_over(np.add, batch, Level.RECIPIENT, stack(totals), 0.0)
        """float64[5, n]: own recipients new to the sender, own recipients with a known pair; then over all
        recipients: in To or Cc, in Cc, with a name."""


def rows_of(facts: Sequence[Fact]) -> Rows:
    """Where facts lie in `Context.numbers`: a slice when they are neighbours there (which costs no copy)."""
    rows = [NUMBERS.index(fact) for fact in facts]
    return slice(rows[0], rows[-1] + 1) if rows == list(range(rows[0], rows[-1] + 1)) else rows
