"""The one retry policy: how long each kind of trouble is borne, and how long is waited between two tries."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from onboarding import clock
from onboarding.sources.network.faults import Answer, Trouble


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits that double: `first` seconds, then more by `factor`, at most `most`; each drawn from its upper half.

    Drawn, so that workers that failed together do not come back together (full and equal jitter are compared in
    "Exponential Backoff And Jitter", AWS Architecture Blog 2015).
    """

    first: float
    factor: float = 2.0
    most: float = 60.0

    def wait(self, attempt: int, chance: float) -> float:
        """Seconds before the next try after `attempt` (1, 2, ...) tries; `chance` in [0, 1).

        >>> [Backoff(1.0, most=5.0).wait(n, 1.0) for n in (1, 2, 3, 4)]
        [1.0, 2.0, 4.0, 5.0]
        """
        longest = min(self.most, self.first * self.factor ** min(attempt - 1, 60))
        return longest * (1 + chance) / 2


@dataclass(frozen=True, slots=True)
class Patience:
    """How often one kind of trouble is borne in a row (None: always), and the waits in between."""

    attempts: int | None
    backoff: Backoff


POLICY: Mapping[Trouble, Patience] = {
    # A throttle ends when we are slow enough: there is nothing to give up.
    Trouble.THROTTLED: Patience(None, Backoff(1.0, most=300.0)),
    Trouble.UNAVAILABLE: Patience(9, Backoff(0.5, most=60.0)),
    Trouble.BROKEN: Patience(7, Backoff(0.25, most=30.0)),
    # Once with a fresh token, and once more for a provider that takes a moment to know it.
    Trouble.UNAUTHORIZED: Patience(3, Backoff(0.1, most=2.0)),
}
"""Some four minutes of a provider being down, ten of a line being bad; then the mailbox fails, and the run goes on."""

LONGEST_RETRY_AFTER = 900.0
"""A provider that asks for more is asked again after this."""

ABSURD_RETRY_AFTER = 86_400.0
"""No quota that we spend takes a day to come back: more than this is a mistake (milliseconds, a moment instead of a time), and
our own backoff knows better."""


def retry_after(answer: Answer) -> float | None:
    """The seconds that an answer asks to wait (RFC 9110 section 10.2.3: a number or a date); None when it says nothing of use."""
    written = answer.headers.get("retry-after", "").strip()
    if written.isascii() and written.replace(".", "", 1).isdigit():
        seconds = float(written)
    else:
        try:
            seconds = (parsedate_to_datetime(written) - clock.now()).total_seconds()
        except (TypeError, ValueError, OverflowError):
            return None
    return min(seconds, LONGEST_RETRY_AFTER) if 0 < seconds <= ABSURD_RETRY_AFTER else None


def wait_before(trouble: Trouble, attempt: int, asked: float | None, chance: float | None = None) -> float | None:
    """Seconds before trying again after `attempt` troubles of one kind in a row; None when it is time to give up.

    What the provider asked for is kept, and from the third time on more than that: it has been of no use.
    """
    patience = POLICY[trouble]
    if patience.attempts is not None and attempt >= patience.attempts:
        return None
    own = patience.backoff.wait(attempt, random.random() if chance is None else chance)
    if asked is None:
        return own
    return max(asked, own) if attempt > 2 else asked
