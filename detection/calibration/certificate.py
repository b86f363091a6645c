"""What a calibration promises, on what evidence, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from detection.calibration.campaigns import day_bootstrap
from detection.calibration.order_statistics import (
    allowed_exceedances,
    clopper_pearson,
    rate_upper_bound,
    smallest_certifiable_alpha,
)
from detection.calibration.pareto import likelihood_region
from detection.calibration.tails import Tail, TailKind, TailTable, fit_tail

if TYPE_CHECKING:
    from detection.mail.batch import Floats, Ints


class Basis(StrEnum):
    """How a threshold was obtained."""

    COUNTED = "counted"
    """An order statistic of the tenant's own campaigns: the promise needs no assumption on the scores."""
    POOLED = "pooled"
    """Beyond the tenant's data, from its tail mixed with other tenants'."""
    EXTRAPOLATED = "extrapolated"
    """Beyond the tenant's data, from its own tail continued."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """The evidence for one budget. All counts are of the certifying part of history, which served no other purpose."""

    budget: str
    """`attack` or `suspicious`."""
    alpha: float
    """The rate asked for: benign campaigns flagged, at most."""
    delta: float
    """The accepted probability that the promise is broken all the same."""
    basis: Basis
    certified: bool
    """Whether alpha is promised by counting. False whenever `counted_alpha` is above alpha."""
    counted_alpha: float
    """The rate that counting does promise at this threshold, with confidence 1 - delta, whatever the basis."""
    smallest_certifiable_alpha: float
    """The strictest rate this effective n could certify: 1 - delta ** (1 / effective_n)."""
    threshold: float
    """Flagged is a combined number at or below it; 0 flags nothing but what an admin's own threshold flags."""
    n: int
    """Messages."""
    effective_n: int
    """Campaigns: one sender, one subject shape, one day."""
    effective_n_days: float
    """By the day bootstrap of the top percent: well below `effective_n` when days differ by more than chance."""
    campaigns_flagged: int
    campaign_rate: float
    campaign_rate_low: float
    campaign_rate_high: float
    """95% Clopper-Pearson interval."""
    messages_flagged: int
    observed_rate: float
    """By message."""
    observed_rate_low: float
    observed_rate_high: float
    """95% interval by the day bootstrap."""
    estimated_rate: float | None = None
    """Beyond the data: what the tail says the threshold's rate is. An estimate, not a promise."""
    estimated_rate_low: float | None = None
    estimated_rate_high: float | None = None

    @property
    def statement(self) -> str:
        """The promise in one or two sentences."""
        sure = f"with {1 - self.delta:.0%} confidence"
        evidence = f"{self.effective_n:,} benign campaigns ({self.n:,} messages)"
        if self.certified:
            return (
                f"At most {_one_in(self.alpha)} of this tenant's benign campaigns are flagged as {self.budget}, "
                f"{sure}, counted on {evidence}."
            )
        if not self.effective_n:
            return (
                f"Nothing is promised: there is no benign campaign to count on, so nothing is flagged as {self.budget}."
            )
        promised = (
            f"{_one_in(self.alpha)} is not certified: {evidence} can promise only that at most "
            f"{_one_in(self.counted_alpha)} of benign campaigns are flagged as {self.budget}, {sure}."
        )
        if self.basis is Basis.COUNTED:
            return promised
        beyond = "its own tail mixed with other tenants'" if self.basis is Basis.POOLED else "its own tail, continued"
        estimate = f", estimated at {_one_in(self.estimated_rate)}" if self.estimated_rate else ""
        return f"{promised} The threshold lies beyond the data, from {beyond}{estimate}."


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Evidence:
    """The certifying part: combined numbers by campaign and by message."""

    campaigns: Floats
    """float64[c]: the least combined number of each campaign's messages."""
    campaign_days: Ints
    messages: Floats
    """float64[n]"""
    message_days: Ints


def certify(
    evidence: Evidence, *, budget: str, alpha: float, delta: float, tail: Tail, reference: Tail | None, prior: float
) -> Certificate:
    """The strictest honest threshold for alpha.

    With enough campaigns it is the umbrella's order statistic (`counted`). With fewer it lies below every number seen,
    so that counting still promises `smallest_certifiable_alpha`, and as much further as the tail of the numbers says:
    `tail` and `reference` are those of -ln(number), the tenant's own and other tenants', `prior` the campaigns that the
    reference is worth.
    """
    numbers = np.sort(evidence.campaigns)
    n = len(numbers)
    allowed = allowed_exceedances(n, alpha, delta)
    estimate: tuple[float, float, float] | None = None
    if allowed is not None:
        basis, threshold = Basis.COUNTED, below(numbers[allowed])
    else:
        allowed = 0
        if reference is not None:
            basis, threshold = Basis.POOLED, pooled_threshold(tail, reference, prior, alpha)
            estimate = (alpha, alpha, alpha)
        else:
            basis = Basis.EXTRAPOLATED
            threshold, estimate = extrapolated_threshold(numbers, tail, alpha, delta)
        threshold = min(threshold, below(numbers[0])) if n else 0.0
    flagged = int(np.searchsorted(numbers, threshold, side="right"))
    counted = rate_upper_bound(max(allowed, flagged), n, delta)
    messages = evidence.messages <= threshold
    by_day = day_bootstrap(messages, evidence.message_days)
    top = np.partition(numbers, n // 100)[n // 100] if n else 0.0
    low, high = clopper_pearson(flagged, n)
    return Certificate(
        budget=budget,
        alpha=alpha,
        delta=delta,
        basis=basis,
        certified=counted <= alpha * (1.0 + 1e-9),
        counted_alpha=counted,
        smallest_certifiable_alpha=smallest_certifiable_alpha(n, delta),
        threshold=threshold,
        n=len(messages),
        effective_n=n,
        effective_n_days=day_bootstrap(evidence.campaigns <= top, evidence.campaign_days).effective_n,
        campaigns_flagged=flagged,
        campaign_rate=flagged / n if n else 0.0,
        campaign_rate_low=low,
        campaign_rate_high=high,
        messages_flagged=int(messages.sum()),
        observed_rate=by_day.rate,
        observed_rate_low=by_day.low,
        observed_rate_high=by_day.high,
        estimated_rate=estimate[1] if estimate else None,
        estimated_rate_low=estimate[0] if estimate and basis is Basis.EXTRAPOLATED else None,
        estimated_rate_high=estimate[2] if estimate and basis is Basis.EXTRAPOLATED else None,
    )


def below(number: float) -> float:
    """The largest threshold that does not flag `number`; at least 0, where an admin's own threshold flags."""
    return max(float(np.nextafter(number, -np.inf)), 0.0)


def extrapolated_threshold(
    numbers: Floats, tail: Tail, alpha: float, delta: float
) -> tuple[float, tuple[float, float, float] | None]:
    """The threshold at which even the upper end of the tail's interval is alpha, and the rate there (low, point, high).

    delta is shared in halves between the share above the tail's threshold (Clopper-Pearson) and the survival of the
    excess (profile likelihood). Where no fit was accepted there are two cautious readings, each enough, and the looser is
    taken: the number at its word (weights add up to 1, so by Bonferroni alpha itself is a threshold if the detectors'
    tails are right), and the tail of the numbers falling from 1 / (n + 1) at the least number as slowly as index 1.
    """
    if tail.kind is TailKind.NONE:
        return 0.0, None
    if tail.kind is TailKind.EMPIRICAL:
        beyond = tail.knots[-1] + tail.scale * max(tail.mass[-1] / alpha - 1.0, 0.0)
        return max(alpha, float(np.exp(-beyond))), None
    scores = np.sort(score_of(numbers))
    start = float(tail.knots[-1])
    excesses = scores[np.searchsorted(scores, start, side="right") :] - start
    share_high = rate_upper_bound(len(excesses), len(scores), delta / 2.0)
    region = likelihood_region(tail.fit, excesses, delta)
    excess = region.greatest_quantile(min(alpha / share_high, 1.0))
    share_low = clopper_pearson(len(excesses), len(scores), 1.0 - delta)[0]
    low, high = region.survival_interval(excess)
    point = float(tail(np.array([start + excess]))[0])
    return float(np.exp(-(start + excess))), (share_low * low, point, share_high * high)


def pooled_threshold(own: Tail, reference: Tail, prior: float, alpha: float) -> float:
    """Where the mixture of the two tails of -ln(number), the reference weighing prior / (prior + n), falls to alpha."""
    weight = prior_weight(prior, own.n)
    table = TailTable((own.counted_only(), reference))
    low, high = -1e3, 1e4
    for _ in range(8):
        points = np.linspace(low, high, 257)
        own_p, reference_p = table.evaluate(np.stack((points, points)))
        over = (1.0 - weight) * own_p + weight * reference_p > alpha
        last = min(int(np.count_nonzero(over)), 256)
        low, high = float(points[max(last - 1, 0)]), float(points[last])
    return float(np.exp(-high))


def prior_weight(prior: float, n: int) -> float:
    """The share of a pooled reference in a mixture with a tenant of n campaigns: it fades like 1 / n."""
    return prior / (prior + n) if prior > 0.0 else 0.0


def number_tail(numbers: Floats) -> Tail:
    """The tail of -ln(number) over campaigns: roughly exponential of rate 1 whatever the detectors' scores are like."""
    return fit_tail(score_of(numbers), interval=False)


def score_of(numbers: Floats) -> Floats:
    """-ln(number): the combined number as a score, finite also for 0 and infinity."""
    return np.asarray(-np.log(np.clip(numbers, 1e-307, 1e307)))


def _one_in(rate: float) -> str:
    return f"1 in {1 / rate:,.0f}" if rate < 0.1 else f"{rate:.0%}"
