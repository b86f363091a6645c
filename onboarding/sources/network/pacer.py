"""The budgets that a request has to fit into, the app's and the mailbox's, put together."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from onboarding.sources.network.faults import Answer, Trouble
from onboarding.sources.network.pacing import Allowance, SharedPace, pace_file
from onboarding.sources.network.retry import retry_after, wait_before

LONGEST_NAP = 5.0
"""Seconds slept at a time while waiting: a budget may open earlier than it said."""


@dataclass(frozen=True, slots=True)
class Pacer:
    """The budgets of one app with one provider (or one customer of it), in `folder`.

    `app` names it in file names; `per_app` and `per_mailbox` are what the provider allows to each.
    """

    folder: Path
    app: str
    per_mailbox: Allowance
    per_app: Allowance
    sleep: Callable[[float], None] = field(default=time.sleep)
    now: Callable[[], float] = field(default=time.monotonic)

    def wait(self, mailbox: str, wanted: int = 1, least: int | None = None) -> int:
        """Waits until `least` (by default all) of the `wanted` units may be spent on a mailbox; spends and gives them."""
        units = self._wait(self.of_mailbox(mailbox), wanted, least)
        self._wait(self.of_app(), units, None)
        return units

    def refused(
        self, mailbox: str, answer: Answer, attempt: int, *, units: int = 1, overspent: bool = True, requests: int = 1
    ) -> None:
        """The provider refused `units` of so many requests and asked to slow down: the mailbox's budget is closed for as long
        as it asked, for every worker. Not `overspent`: it was too much at the same time, which says nothing of how much is
        allowed."""
        pace = self.of_mailbox(mailbox)
        wait = wait_before(Trouble.THROTTLED, max(attempt, min(pace.strikes(), 12) + 1), retry_after(answer))
        pace.refused(wait or 1.0, units=units, overspent=overspent, requests=requests)

    def accepted(self, mailbox: str, requests: int = 1) -> None:
        """The provider answered so many requests of this mailbox."""
        self.of_mailbox(mailbox).accepted(requests)

    def of_mailbox(self, mailbox: str) -> SharedPace:
        """The budget of a mailbox (or of whatever else the provider counts by)."""
        return SharedPace(pace_file(self.folder, self.app, mailbox), self.per_mailbox, self.now)

    def of_app(self) -> SharedPace:
        """The budget of the app as a whole."""
        return SharedPace(pace_file(self.folder, self.app, "whole app"), self.per_app, self.now)

    def _wait(self, pace: SharedPace, wanted: int, least: int | None) -> int:
        while not (grant := pace.take(wanted, least)).units:
            self.sleep(min(grant.wait, LONGEST_NAP))
        return grant.units
