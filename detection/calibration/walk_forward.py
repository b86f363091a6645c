"""The audit of a promise on a tenant's own past: thresholds from weeks 1..k, tried on week k + 1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detection.calibration.certificate import Basis, Evidence, certify, number_tail
from detection.calibration.order_statistics import clopper_pearson, rate_lower_bound
from detection.calibration.split import split
from detection.calibration.tails import TailTable, fit_tail

if TYPE_CHECKING:
    from detection.calibration.campaigns import Campaigns
    from detection.mail.batch import Floats

DAYS_A_WEEK = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """One week under the threshold that all weeks before it gave."""

    first_day: int
    basis: Basis
    promised: float
    """alpha where it was certified, else what counting promised then."""
    campaigns: int
    flagged: int
    messages: int

    @property
    def observed(self) -> float:
        """The rate by campaign."""
        return self.flagged / self.campaigns if self.campaigns else 0.0

    @property
    def interval(self) -> tuple[float, float]:
        """95% Clopper-Pearson interval of the rate."""
        return clopper_pearson(self.flagged, self.campaigns)

    @property
    def kept(self) -> bool:
        """Broken only when the rate is above the promise by more than chance would have it (2.5%)."""
        return rate_lower_bound(self.flagged, self.campaigns, 0.025) <= self.promised


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """All weeks from the second on; the total is judged against the mean promise, weighted by campaigns."""

    weeks: tuple[Week, ...]

    @property
    def campaigns(self) -> int:
        return sum(week.campaigns for week in self.weeks)

    @property
    def flagged(self) -> int:
        return sum(week.flagged for week in self.weeks)

    @property
    def observed(self) -> float:
        return self.flagged / self.campaigns if self.campaigns else 0.0

    @property
    def promised(self) -> float:
        return sum(week.promised * week.campaigns for week in self.weeks) / self.campaigns if self.campaigns else 1.0

    @property
    def interval(self) -> tuple[float, float]:
        return clopper_pearson(self.flagged, self.campaigns)

    @property
    def kept(self) -> bool:
        """Whether history as a whole kept what was promised week by week, within its binomial error (2.5%)."""
        return rate_lower_bound(self.flagged, self.campaigns, 0.025) <= self.promised


def walk_forward(campaigns: Campaigns, weights: Floats, alpha: float, delta: float) -> Audit:
    """Tails and threshold are made anew for each week from the weeks before it; `weights` float64[D] are those in use.

    Weeks count from the first day of the history; a week without campaigns is left out. Pooled tails are not used: the
    reference of today did not exist then.
    """
    if not len(campaigns):
        return Audit(weeks=())
    week = (campaigns.days - campaigns.days.min()) // DAYS_A_WEEK
    return Audit(
        weeks=tuple(_try(campaigns, week == k, week < k, weights, alpha, delta) for k in np.unique(week) if k > 0)
    )


def _try(
    campaigns: Campaigns,
    now: np.ndarray[tuple[int], np.dtype[np.bool_]],
    before: np.ndarray[tuple[int], np.dtype[np.bool_]],
    weights: Floats,
    alpha: float,
    delta: float,
) -> Week:
    parts = split(campaigns.keys[before], delta=delta, weighing=False)
    past = campaigns.scores[:, before]
    table = TailTable(tuple(fit_tail(row, interval=False) for row in past[:, parts.fitting]))

    def numbers(scores: Floats) -> Floats:
        with np.errstate(divide="ignore"):
            return np.asarray(np.minimum.reduce(table.evaluate(scores) / weights[:, None], axis=0, initial=np.inf))

    certifying = numbers(past[:, parts.certifying])
    days = campaigns.days[before][parts.certifying]
    certificate = certify(
        Evidence(campaigns=certifying, campaign_days=days, messages=certifying, message_days=days),
        budget="attack",
        alpha=alpha,
        delta=delta,
        tail=number_tail(certifying),
        reference=None,
        prior=0.0,
    )
    return Week(
        first_day=int(campaigns.days[now].min()),
        basis=certificate.basis,
        promised=alpha if certificate.certified else certificate.counted_alpha,
        campaigns=int(now.sum()),
        flagged=int((numbers(campaigns.scores[:, now]) <= certificate.threshold).sum()),
        messages=int(campaigns.sizes[now].sum()),
    )
