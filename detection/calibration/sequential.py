"""Watching a promise live: a test that may be looked at after every message, for ever, without spending its error.

The evidence against "the rate is at most alpha" is a mixture likelihood ratio (Robbins 1970, "Statistical methods
related to the law of the iterated logarithm"): the likelihood of what was seen under rates above alpha, averaged over
a Beta prior, divided by that under alpha. Under any rate up to alpha it is a nonnegative supermartingale that starts at
1, so by Ville's inequality (1939) it ever reaches 1 / delta with probability at most delta, whenever one stops; see
Howard, Ramdas, McAuliffe and Sekhon 2021, "Time-uniform, nonparametric, nonasymptotic confidence sequences".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from math import exp, log, log1p

from scipy.special import betaincc, betaln

from detection.calibration.order_statistics import check_levels

PRIOR_HITS = 1.0
PRIOR_FACTOR = 5.0
"""The prior is Beta with mean 5 alpha: quickest for rates a few times what was promised, sure for all above it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateWatch:
    """What was seen of a rate since the promise was made. Immutable: `observe` returns the next state."""

    alpha: float
    delta: float
    n: int = 0
    hits: int = 0
    alarmed: bool = False
    """Once raised, an alarm stays: evidence may fall again, but the error was spent on its having been reached."""

    def __post_init__(self) -> None:
        check_levels(self.alpha, self.delta)

    def observe(self, n: int, hits: int) -> RateWatch:
        """After n more independent events, `hits` of them flagged. Raises ValueError for impossible counts."""
        if not 0 <= hits <= n:
            raise ValueError(f"{hits} of {n} flagged is impossible")
        now = replace(self, n=self.n + n, hits=self.hits + hits)
        return replace(now, alarmed=self.alarmed or now.log_evidence >= -log(self.delta))

    @property
    def log_evidence(self) -> float:
        """ln of the evidence; the alarm is at ln(1 / delta)."""
        return _log_evidence(self.alpha, self.n, self.hits)

    @property
    def lower_bound(self) -> float:
        """The true rate is above this, at all times at once, with confidence 1 - delta: rates below are refuted."""
        if self.hits == 0 or _log_evidence(1e-12, self.n, self.hits) < -log(self.delta):
            return 0.0
        low, high = log(1e-12), log(self.hits / self.n)
        for _ in range(60):
            middle = (low + high) / 2.0
            if _log_evidence(exp(middle), self.n, self.hits) >= -log(self.delta):
                low = middle
            else:
                high = middle
        return exp(low)


def _log_evidence(alpha: float, n: int, hits: int) -> float:
    if alpha >= 1.0:
        return 0.0
    a, b = PRIOR_HITS, max(PRIOR_HITS * (1.0 / (PRIOR_FACTOR * alpha) - 1.0), 1.0)
    posterior = float(betaincc(a + hits, b + n - hits, alpha))
    if posterior <= 0.0:
        return -float("inf")
    likelihood = float(betaln(a + hits, b + n - hits) - betaln(a, b)) + log(posterior / float(betaincc(a, b, alpha)))
    return likelihood - hits * log(alpha) - (n - hits) * log1p(-alpha)
