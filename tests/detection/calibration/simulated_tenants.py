"""Tenants whose true false-positive rate is known exactly.

Detectors are dependent through a common shock (Marshall and Olkin 1967): with probability `SHOCK` one uniform number
drives all of a message's scores, else each has its own. Then P(no detector fires) = SHOCK * min_d F_d + (1 - SHOCK) *
prod_d F_d in closed form, with F_d the probability that detector d stays below its firing score.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from detection.calibration.calibrate import CalibrationResult, calibrate

SHOCK = 0.3


@dataclass(frozen=True)
class Law:
    """A distribution of scores: its quantile function, and P(score < x)."""

    name: str
    quantile: Callable[[np.ndarray], np.ndarray]
    below: Callable[[float], float]


def _discrete(name: str, masses: tuple[float, ...]) -> Law:
    edges = np.cumsum(masses)
    return Law(
        name,
        lambda u: np.searchsorted(edges[:-1], u, side="right").astype(np.float64),
        lambda x: float(sum(m for level, m in enumerate(masses) if level < x)),
    )


def _mixture() -> Law:
    """Nine tenths exactly 0, the rest exponential: what heuristics give."""
    return Law(
        "mostly zero",
        lambda u: np.where(u < 0.9, 0.0, -np.log(np.maximum((1 - u) / 0.1, 1e-300))),
        lambda x: 0.0 if x <= 0 else 0.9 + 0.1 * -np.expm1(-x),
    )


def _continuous(name: str, law: object) -> Law:
    return Law(name, law.ppf, lambda x: float(law.cdf(x)))  # type: ignore[attr-defined]


LAWS = {
    law.name: law
    for law in (
        _continuous("normal", stats.norm()),
        _continuous("exponential", stats.expon()),
        _continuous("heavy", stats.t(2)),
        _continuous("cauchy", stats.cauchy()),
        _continuous("bounded", stats.beta(2, 5)),
        _discrete("ties", (0.7, 0.2, 0.06, 0.03, 0.006, 0.003, 0.001)),
        _mixture(),
    )
}

PANELS = {
    "light tails": ("normal", "exponential", "bounded"),
    "heavy tails": ("heavy", "cauchy", "exponential"),
    "ties": ("ties", "mostly zero", "ties"),
    "all sorts": ("normal", "cauchy", "ties", "mostly zero", "bounded"),
}


def draw(panel: tuple[str, ...], n: int, rng: np.random.Generator) -> np.ndarray:
    """Scores float64[D, n]."""
    own, common = rng.random((len(panel), n)), rng.random(n)
    u = np.where(rng.random(n) < SHOCK, common, own)
    return np.array([LAWS[name].quantile(row) for name, row in zip(panel, u, strict=True)])


def true_rate(scores: Sequence[float | None], panel: tuple[str, ...]) -> float:
    """The exact probability that a benign message reaches the firing score of any detector (None: it never fires)."""
    quiet = [1.0 if x is None else LAWS[name].below(x) for name, x in zip(panel, scores, strict=True)]
    return 1.0 - (SHOCK * min(quiet) + (1 - SHOCK) * float(np.prod(quiet)))


def attack_rate(result: CalibrationResult, panel: tuple[str, ...]) -> float:
    """The true rate of `attack` on benign messages."""
    return true_rate([row.attack_score for row in result.detectors], panel)


def calibrated(
    scores: np.ndarray, rng: np.random.Generator, alpha: float, delta: float, **rest: object
) -> CalibrationResult:
    """One message a campaign, over 60 days."""
    d, n = scores.shape
    return calibrate(
        scores,
        [f"detector_{i}" for i in range(d)],
        rng.integers(1, 2**62, n).astype(np.uint64),
        rng.integers(0, 60, n),
        np.ones(n, dtype=np.bool_),
        alpha,
        delta,
        audit=False,
        **rest,  # type: ignore[arg-type]
    )
