"""No data is used twice: history in three disjoint parts, for fitting tails, choosing weights and certifying.

A campaign lies in one part with all its messages. The order is that of a salted hash of the campaign's key, so a part
is a random sample of history that is the same on every run and in whatever order the messages came.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detection.calibration.order_statistics import minimum_n
from detection.keys import combine

if TYPE_CHECKING:
    from detection.keys import Keys
    from detection.mail.batch import Ints

SALT = np.uint64(0x6761746568757365)
CERTIFYING_SHARE = 0.5
MOST_CERTIFYING_SHARE = 0.75
BUDGETS = (1e-6, 1e-5, 1e-4, 1e-3, 1e-2)
"""Budgets for which more than half certifies, where that makes the difference."""

WEIGHING_SHARE = 0.25
"""Of what certifying leaves over, if that is enough for tails as well."""
FEWEST_TO_SHARE = 400


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """Positions of campaigns, int64, each part ascending."""

    fitting: Ints
    weighing: Ints
    certifying: Ints


def split(keys: Keys, *, delta: float, weighing: bool) -> Parts:
    """Divides campaigns with distinct `keys` uint64[c].

    Half certifies; where half is too few for one of `BUDGETS` and up to three quarters would be enough, just enough does.
    The sizes depend on the count alone: not on a score, so the certificate's guarantee is untouched, and not on the budget
    that is asked for, so a larger one is counted on the same campaigns and never catches less. Without rehearsals
    there are no weights to choose (`weighing=False`) and that part is empty.
    """
    n = len(keys)
    needed = next((m for m in (minimum_n(alpha, delta) for alpha in BUDGETS) if m <= MOST_CERTIFYING_SHARE * n), 0)
    certifying = max(math.ceil(n * CERTIFYING_SHARE), needed)
    rest = n - certifying
    choosing = int(rest * WEIGHING_SHARE) if weighing and rest >= FEWEST_TO_SHARE else 0
    order = np.lexsort((keys, combine(keys, np.full(n, SALT, dtype=np.uint64))))
    return Parts(
        fitting=np.sort(order[: rest - choosing]),
        weighing=np.sort(order[rest - choosing : rest]),
        certifying=np.sort(order[rest:]),
    )
