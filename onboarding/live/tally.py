"""What live decisions came to, by day: the evidence of the canary and of the watched promise, counted anew each time.

Counted are campaigns of mail that the tenant received and nobody had put to junk, as the certificate counts them. A day's
counts replace what was counted of it before, so that counting twice, or while mail still arrives, changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

import numpy as np
import pyarrow.compute as pc

from onboarding import clock, scores
from onboarding.database import canary, tenants
from onboarding.database.canary import Counts
from onboarding.live.decision_log import tables, united
from onboarding.workspace import Workspace

STREAM = "live"
DAYS = 3
"""Days of decisions that are counted anew; mail that is later than that counts on the day of its decision's first count."""


def tally(workspace: Workspace, tenant: str, since: date | None = None) -> None:
    """Counts the last days and records the counts, by activation and day of the mail."""
    since = since or (clock.now() - timedelta(days=DAYS)).date()
    counts = counted(workspace, tenant, since)
    first = (since - date(1970, 1, 1)).days
    with workspace.database.transaction(tenant) as session:
        tenants.get(session, tenant, lock=True)  # one at a time: rows that are new to both would be in each other's way
        for activation, days in counts.items():
            # Mail of earlier days that was decided on since: those days are not whole here.
            canary.record(session, tenant, activation, STREAM, {day: one for day, one in days.items() if day >= first})


def counted(workspace: Workspace, tenant: str, since: date) -> Mapping[int, Mapping[int, Counts]]:
    """Counts by activation and day (since the epoch) of decisions made since a day."""
    # One day earlier: what was decided just before midnight about mail of the next day, by other clocks.
    table = united(tables(workspace.layout(tenant), since - timedelta(days=1)))
    table = table.filter(pc.and_(table.column("received"), pc.invert(table.column("known_bad"))))
    keys = table.column("message_key").to_numpy()
    _, first = np.unique(keys, return_index=True)
    table = table.take(np.sort(first))
    days = table.column("time").to_numpy() // scores.SECONDS_A_DAY
    activations = table.column("activation").to_numpy()
    campaigns = table.column("campaign").to_numpy()
    attack = np.asarray(pc.equal(table.column("verdict"), "attack").to_numpy(zero_copy_only=False), dtype=bool)
    found: dict[int, dict[int, Counts]] = {}
    for activation in np.unique(activations):
        for day in np.unique(days[activations == activation]):
            rows = (activations == activation) & (days == day)
            found.setdefault(int(activation), {})[int(day)] = Counts(
                messages=int(rows.sum()),
                decided=len(np.unique(campaigns[rows])),
                flagged=len(np.unique(campaigns[rows & attack])),
            )
    return found
