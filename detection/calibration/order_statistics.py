"""What counting can promise: order statistics and exact binomial bounds, free of any assumption on the scores.

The Neyman-Pearson umbrella (Tong, Feng and Li 2018, "Neyman-Pearson classification algorithms and NP receiver
operating characteristics", Science Advances 4, proposition 1): with n independent benign scores, the rule "above the
k-th smallest" has a false-positive rate above alpha with probability at most P(Bin(n, 1 - alpha) >= k), whatever the
distribution; ties only make it smaller. All of it is said here in exceedances, j = n - k, which keeps precision when
alpha is small: P(Bin(n, 1 - alpha) >= k) = P(Bin(n, alpha) <= j).
"""

from __future__ import annotations

import math

from scipy.special import bdtr, betaincinv


def allowed_exceedances(n: int, alpha: float, delta: float) -> int | None:
    """How many of n benign values may lie above a threshold whose true rate exceeds alpha with probability <= delta.

    The umbrella's k is n minus this. None when n is below `minimum_n`: no threshold inside the data can promise alpha.

    >>> allowed_exceedances(2995, 1e-3, 0.05), allowed_exceedances(2994, 1e-3, 0.05)
    (0, None)
    """
    check_levels(alpha, delta)
    if n < minimum_n(alpha, delta):
        return None
    low, high = 0, n
    while high - low > 1:
        middle = (low + high) // 2
        if bdtr(middle, n, alpha) <= delta:
            low = middle
        else:
            high = middle
    return low


def minimum_n(alpha: float, delta: float) -> int:
    """The fewest independent benign values that can certify alpha with confidence 1 - delta: ln(delta) / ln(1 - alpha).

    >>> [minimum_n(alpha, 0.05) for alpha in (1e-3, 1e-4, 1e-5)]
    [2995, 29956, 299572]
    """
    check_levels(alpha, delta)
    return math.ceil(math.log(delta) / math.log1p(-alpha))


def smallest_certifiable_alpha(n: int, delta: float) -> float:
    """The strictest rate that n values can certify, by a threshold above them all: 1 - delta ** (1 / n); 1 if n = 0."""
    return -math.expm1(math.log(delta) / n) if n > 0 else 1.0


def rate_upper_bound(exceedances: int, n: int, delta: float) -> float:
    """The one-sided Clopper-Pearson bound: the true rate is above it with probability at most delta; 1 for n = 0.

    It inverts `allowed_exceedances`: the smallest alpha for which `exceedances` are allowed.
    """
    return 1.0 if exceedances >= n else float(betaincinv(exceedances + 1, n - exceedances, 1.0 - delta))


def rate_lower_bound(exceedances: int, n: int, delta: float) -> float:
    """The true rate is below it with probability at most delta; 0 for n = 0."""
    return 0.0 if exceedances <= 0 else float(betaincinv(exceedances, n - exceedances + 1, delta))


def clopper_pearson(exceedances: int, n: int, confidence: float = 0.95) -> tuple[float, float]:
    """Exact two-sided interval of a rate (Clopper and Pearson 1934); (0, 1) for n = 0."""
    tail = (1.0 - confidence) / 2.0
    return rate_lower_bound(exceedances, n, tail), rate_upper_bound(exceedances, n, tail)


def check_levels(alpha: float, delta: float) -> None:
    """Raises ValueError, saying which, unless both lie strictly between 0 and 1."""
    for name, value in (("alpha, the false-positive budget", alpha), ("delta, the risk of breaking it", delta)):
        if not 0.0 < value < 1.0:
            raise ValueError(f"{name}, is {value!r}: give a share strictly between 0 and 1, such as 0.001")
