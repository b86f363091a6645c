"""From a detector's score to its tail probability: the share of the tenant's benign campaigns that would score as high.

Inside the data the tail is empirical and conservative: p(x) = (1 + #{s >= x}) / (n + 1), a valid p-value whatever the
distribution, ties included. Above a high threshold it is a generalised Pareto fit, if the check of fit agrees with one;
beyond the data it falls strictly, so that two scores never seen before are still told apart.

A tail is small whatever n: the empirical body is kept at a few hundred knots, exact for the 50 highest scores and never
below the exact value elsewhere, at most 2% above it.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from detection.calibration.pareto import (
    Pareto,
    anderson_darling,
    critical_value,
    fit_pareto,
    likelihood_region,
)

if TYPE_CHECKING:
    from detection.mail.batch import Floats

FEWEST_EXCESSES = 30
MOST_EXCESSES = 500
EXCESS_SHARE = 0.1
MOST_EXCESS_SHARE = 0.3
"""Of a small history: a hundred campaigns then have enough excesses, and the check of fit has the last word."""
DISTINCT_SHARE = 0.75
"""Excesses with more ties than this are discrete: a continuous tail says nothing about them."""

EXACT_RANKS = 50
KNOT_RATIO = 1.02

ORDER_ONLY = float(-np.log(1e-12))
"""Tail probabilities below 1e-12 are an order, not a measure: from there on the logarithm falls logarithmically, so
that neither underflow nor a tiny fitted scale ties what lies far beyond the data."""


class TailKind(StrEnum):
    """How a tail continues above its last knot."""

    PARETO = "pareto"
    EXPONENTIAL = "exponential"
    EMPIRICAL = "empirical"
    """No fit was accepted: 1 / (n + 1) at the highest score, and from there Pareto of index 1, which claims little."""
    MIXED = "mixed"
    """Averaged over the tails of several tenants."""
    NONE = "none"
    """No data: every score has tail probability 1."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Tail:
    """p(x) = `mass[j]` for x above j knots, times the survival of the excess over the last knot when above all."""

    kind: TailKind
    n: int
    knots: Floats
    """float64[k], ascending."""
    mass: Floats
    """float64[k + 1], falling: (1 + #{s > knots[j - 1]}) / (n + 1)."""
    shape: float
    scale: float
    excesses: int = 0
    """How many scores the fit above the last knot rests on."""
    shape_low: float = 0.0
    shape_high: float = 0.0
    """95% profile-likelihood interval of the shape."""
    misfit: float = 0.0
    """Anderson-Darling's statistic of the accepted fit, or of the last one refused."""
    misfit_limit: float = 0.0
    """What it may be at the 5% level; 0 when no fit was tried."""

    def counted_only(self) -> Tail:
        """What a tail gives to a mixture with a reference: an accepted fit, or else the plain share #{s >= x} / n.

        Then beyond the data only the reference speaks, as in the posterior mean of a Dirichlet process (Ferguson 1973).
        """
        if self.kind is not TailKind.EMPIRICAL:
            return self
        mass = ((self.n + 1) * self.mass - 1.0) / self.n
        mass[-1] = 0.0
        return replace(self, mass=mass)

    @property
    def fit(self) -> Pareto:
        """The distribution of the excess over the last knot."""
        return Pareto(shape=self.shape, scale=self.scale, m=self.excesses)

    def __call__(self, scores: Floats) -> Floats:
        """Tail probabilities of `scores` float64[n]."""
        p: Floats = TailTable((self,)).evaluate(scores[None, :])[0]
        return p


def fit_tail(scores: Floats, *, interval: bool = True) -> Tail:
    """The tail of `scores` float64[n] in any order, n >= 0, all finite; without the shape's interval it is quicker."""
    s = np.sort(
        scores + 0.0
    )  # -0.0 becomes 0.0: they are equal, so their order, and with it the bytes, would be chance
    n = len(s)
    if n == 0:
        return Tail(kind=TailKind.NONE, n=0, knots=np.zeros(0), mass=np.ones(1), shape=0.0, scale=1.0)
    misfit = limit = 0.0
    m = min(MOST_EXCESSES, int(max(n * EXCESS_SHARE, min(n * MOST_EXCESS_SHARE, FEWEST_EXCESSES))))
    while m >= FEWEST_EXCESSES:
        threshold = s[n - m - 1]
        excesses = s[np.searchsorted(s, threshold, side="right") :] - threshold
        if len(excesses) >= FEWEST_EXCESSES and len(np.unique(excesses)) >= DISTINCT_SHARE * len(excesses):
            fit = fit_pareto(excesses)
            misfit, limit = anderson_darling(fit, excesses), critical_value(fit.shape)
            if misfit <= limit:
                return _fitted(s, float(threshold), excesses, fit.unbounded(), misfit, limit, interval)
        # Bader, Yan and Zhang 2018: when the threshold is refused, a higher one may lie where the limit law holds.
        m //= 2
    knots, mass = _body(s, n)
    # The scale at which an exponential would have put the median and the maximum of n where they are.
    spread = float(s[-1] - s[n // 2]) / max(float(np.log(n / 2)), 1.0) or abs(float(s[-1])) or 1.0
    return Tail(
        kind=TailKind.EMPIRICAL, n=n, knots=knots, mass=mass, shape=1.0, scale=spread, misfit=misfit, misfit_limit=limit
    )


def _fitted(
    s: Floats, threshold: float, excesses: Floats, fit: Pareto, misfit: float, limit: float, interval: bool
) -> Tail:
    n = len(s)
    knots, mass = _body(s[: n - len(excesses)], n)
    low, high = likelihood_region(fit, excesses, 0.05).shape_interval() if interval else (fit.shape, fit.shape)
    return Tail(
        kind=TailKind.PARETO if fit.shape > 0.0 else TailKind.EXPONENTIAL,
        n=n,
        knots=knots,
        mass=mass,
        shape=fit.shape,
        scale=fit.scale,
        excesses=len(excesses),
        shape_low=low,
        shape_high=high,
        misfit=misfit,
        misfit_limit=limit,
    )


def _body(lower: Floats, n: int) -> tuple[Floats, Floats]:
    """Knots and mass of the ascending `lower` scores, the lowest of n."""
    last = np.append(np.flatnonzero(lower[1:] != lower[:-1]), len(lower) - 1)
    above = n - 1 - last
    # One knot for each step of 2% in the number of scores above; every rank near the top.
    level = np.floor(np.log(np.maximum(above, EXACT_RANKS)) / np.log(KNOT_RATIO))
    keep = (above <= EXACT_RANKS) | np.append(level[1:] != level[:-1], True)
    kept = last[keep]
    return lower[kept].copy(), np.concatenate(([1.0], (1.0 + (n - 1 - kept)) / (n + 1.0)))


class TailTable:
    """Tails evaluated together, the same bits for one message as for a million.

    A look-up costs well under a microsecond a tail for one message: bisection in Python where the cost is the number of
    calls, numpy's where it is the number of values. Both find the same knot.
    """

    __slots__ = ("_first", "_knots", "_last", "_lists", "_log_mass", "_mass", "_safe_shape", "_scale", "_shape", "rows")

    def __init__(self, tails: tuple[Tail, ...]) -> None:
        self.rows = len(tails)
        self._knots = tuple(tail.knots for tail in tails)
        self._lists = tuple(tail.knots.tolist() for tail in tails)
        self._mass = np.concatenate([tail.mass for tail in tails]) if tails else np.zeros(0)
        self._first = np.cumsum([0] + [len(tail.mass) for tail in tails])[:-1].astype(np.int64)
        self._last = _column(tail.knots[-1] if len(tail.knots) else np.inf for tail in tails)
        with np.errstate(divide="ignore"):
            self._log_mass = _column(np.log(tail.mass[-1]) for tail in tails)
        self._scale = _column(tail.scale for tail in tails)
        self._shape = _column(tail.shape for tail in tails)
        self._safe_shape = np.where(self._shape > 0.0, self._shape, 1.0)

    def evaluate(self, scores: Floats) -> Floats:
        """Tail probabilities float64[D, n] of finite `scores` float64[D, n]."""
        if scores.shape[1] <= 8:
            pairs = zip(self._lists, scores.tolist(), strict=True)
            found = [bisect_left(knots, value) for knots, values in pairs for value in values]
            index = np.array(found, dtype=np.int64).reshape(scores.shape)
        else:
            index = np.empty(scores.shape, dtype=np.int64)
            for row, knots in enumerate(self._knots):
                index[row] = np.searchsorted(knots, scores[row], side="left")
        index += self._first[:, None]
        p: Floats = self._mass.take(index)
        excess = scores - self._last
        rows, columns = np.nonzero(excess > 0.0)
        if len(rows):
            p[rows, columns] = np.minimum(p[rows, columns], self._beyond(excess[rows, columns], rows))
        return p

    def _beyond(self, excess: Floats, rows: np.ndarray[tuple[int], np.dtype[np.intp]]) -> Floats:
        z = np.minimum(excess / self._scale[rows, 0], 1e300)
        shape = self._shape[rows, 0]
        log = np.where(shape > 0.0, np.log1p(shape * z) / self._safe_shape[rows, 0], z) - self._log_mass[rows, 0]
        slowed = ORDER_ONLY + np.log1p(np.maximum(log - ORDER_ONLY, 0.0))
        return np.asarray(np.exp(-np.where(log > ORDER_ONLY, slowed, log)))


def _column(values: object) -> Floats:
    return np.array(list(values), dtype=np.float64)[:, None]  # type: ignore[call-overload]
