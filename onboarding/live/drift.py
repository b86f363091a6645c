"""Whether live mail has become another than the calibration was made for: two measures, each with its bar.

* Tails: a calibrated tail probability is uniform on mail like that of calibration. The population stability index of each
  detector's tail probabilities over ten equal bins says how far live mail is from it; above 0.25 is the usual bar for a
  population that has changed (Siddiqi 2006, Credit Risk Scorecards, chapter 8). Ties make a detector's tails uneven from
  the start, so the index is taken against the first days under the same calibration, not against the uniform.
* Strangers: the share of messages from senders that neither history nor live mail before knows. It drifts when the lower
  end of its 95% interval is above twice the share of the first days, and above 5%.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np
import pyarrow as pa

from detection.mail.batch import Bools, Floats
from detection.metrics import rate
from onboarding import clock
from onboarding.database import activations
from onboarding.live.decision_log import tables, united
from onboarding.workspace import Workspace

BINS = 10
MOST_STABILITY_INDEX = 0.25
FEWEST = 500
"""Messages on each side; with fewer nothing is said."""
NOW_DAYS = 7
STRANGERS_RISE = 2.0
STRANGERS_FLOOR = 0.05


@dataclass(frozen=True, slots=True)
class Drift:
    """How far live mail of the last days is from that of the first under the same calibration."""

    stability: dict[str, float]
    """Population stability index by detector."""
    strangers_then: float
    strangers_now: float
    strangers_low: float
    """Lower end of the 95% interval of `strangers_now`."""

    @property
    def said(self) -> str | None:
        """What has changed, in a sentence; None when nothing has."""
        worst = max(self.stability, key=lambda name: self.stability[name], default=None)
        if worst is not None and self.stability[worst] > MOST_STABILITY_INDEX:
            return (
                f"live mail scores otherwise than before on {worst.replace('_', ' ')} (stability index "
                f"{self.stability[worst]:.2f}, {MOST_STABILITY_INDEX} is the bar)"
            )
        if self.strangers_low > max(STRANGERS_RISE * self.strangers_then, STRANGERS_FLOOR):
            return f"{self.strangers_now:.1%} of mail is from senders never seen, {self.strangers_then:.1%} was before"
        return None


def drift_of(workspace: Workspace, tenant: str) -> str | None:
    """What has changed in live mail since the calibration in force came into force; None when nothing, or too little is known."""
    with workspace.database.session(tenant) as session:
        history = activations.all_of(session, tenant)
    if not history:
        return None
    since = history[0].since
    for one in history:
        if one.calibration != history[0].calibration:
            break
        since = one.since
    now = clock.now()
    if now - since < timedelta(days=2 * NOW_DAYS):
        return None
    table = united(tables(workspace.layout(tenant), since.date()))
    if not table.num_rows:
        return None
    found = measured(table, since.timestamp() + NOW_DAYS * 86_400, now.timestamp() - NOW_DAYS * 86_400)
    return found.said if found else None


def measured(table: pa.Table, first_until: float, last_from: float) -> Drift | None:
    """The measures over a log of decisions: what was decided before `first_until` against what was from `last_from` on
    (seconds since the epoch). None when either has fewer than `FEWEST` messages that the tenant received."""
    at = table.column("decided_at").to_numpy()
    received = np.asarray(table.column("received").to_numpy(zero_copy_only=False), dtype=np.bool_)
    then, now = received & (at < first_until), received & (at >= last_from)
    if then.sum() < FEWEST or now.sum() < FEWEST:
        return None
    stability = {
        name.removeprefix("tail:"): stability_index(
            table.column(name).to_numpy(zero_copy_only=False)[then],
            table.column(name).to_numpy(zero_copy_only=False)[now],
        )
        for name in table.column_names
        if name.startswith("tail:")
    }
    new = np.asarray(table.column("new_sender").to_numpy(zero_copy_only=False), dtype=np.bool_)
    share = rate(int(new[now].sum()), int(now.sum()))
    return Drift(stability, _share(new, then), share.value, share.low)


def stability_index(before: Floats, after: Floats) -> float:
    """Population stability index between two samples in [0, 1], over ten equal bins; half a message is added to each bin.

    >>> stability_index(np.linspace(0, 1, 1000), np.linspace(0, 1, 500)) < 0.01
    True
    >>> stability_index(np.linspace(0, 1, 1000), np.linspace(0, 0.3, 500)) > 0.25
    True
    """
    edges = np.linspace(0.0, 1.0, BINS + 1)
    shares = []
    for sample in (before, after):
        known = sample[~np.isnan(sample)]
        counts = np.histogram(known, edges)[0] + 0.5
        shares.append(counts / counts.sum())
    return float(((shares[1] - shares[0]) * np.log(shares[1] / shares[0])).sum())


def _share(flags: Bools, among: Bools) -> float:
    return float(flags[among].mean())
