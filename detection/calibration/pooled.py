"""What other tenants' calibrations lend to a small one: reference tails, and the weight they are given.

A tenant's tail is mixed as (1 - w) * own + w * reference with w = prior / (prior + n): the reference counts like
`prior` campaigns of the tenant's own (the posterior mean of a Dirichlet process: Ferguson 1973). With the default of
500 it stands alone at n = 0, weighs a half at 500 campaigns and 1% at 50,000. Where the tenant's own tail was not
accepted, only the reference speaks beyond the tenant's data.

A reference is made from the tails of other tenants' calibrations, each tenant weighing the same: no key or address of
theirs is in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from detection.calibration.certificate import prior_weight
from detection.calibration.tails import Tail, TailKind, TailTable

if TYPE_CHECKING:
    from detection.calibration.calibration import Calibration
    from detection.mail.batch import Floats

DEFAULT_PRIOR = 500.0
_POINTS = 400


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """Tails pooled over `tenants` other tenants."""

    detectors: Mapping[str, Tail]
    combined: Tail | None
    """Of -ln(combined number)."""
    tenants: int
    prior: float = DEFAULT_PRIOR

    def weight(self, n: int) -> float:
        """Its share in a tail of a tenant with n campaigns of its own."""
        return prior_weight(self.prior, n)


def pool(calibrations: Sequence[Calibration], *, prior: float = DEFAULT_PRIOR) -> Reference:
    """The reference that these tenants' calibrations make; a detector is in it when any of them has data for it.

    Raises ValueError when there is no calibration, or the prior is negative.
    """
    if not calibrations:
        raise ValueError("a reference needs the calibration of at least one other tenant")
    if not prior >= 0.0:
        raise ValueError(f"the prior is a number of campaigns, 0 or more, not {prior!r}")
    names = sorted({name for calibration in calibrations for name in calibration.detectors})
    found = {
        name: [c.own_tails[c.detectors.index(name)] for c in calibrations if name in c.detectors] for name in names
    }
    return Reference(
        detectors={name: mixed for name, tails in found.items() if (mixed := average(tails)).n},
        combined=mixed if (mixed := average([c.combined_tail for c in calibrations])).n else None,
        tenants=len(calibrations),
        prior=prior,
    )


def average(tails: Sequence[Tail]) -> Tail:
    """The tail of a message of a tenant drawn at random: the mean of p over tenants, on knots, never below it.

    Above the last knot, where the mean is 1e-9, it goes on with the heaviest of the tenants' shapes.
    """
    tails = [tail for tail in tails if tail.kind is not TailKind.NONE]
    if not tails:
        return Tail(kind=TailKind.NONE, n=0, knots=np.zeros(0), mass=np.ones(1), shape=0.0, scale=1.0)
    table = TailTable(tuple(tails))
    points = np.unique(np.concatenate([np.concatenate((tail.knots, _above(tail))) for tail in tails]))
    mean = _mean(table, points)
    # Keep the knots that are one step of 2% apart: the last point of each step stands for the step.
    step = np.floor(np.log(mean) / np.log(1.02))
    points = points[np.append(step[1:] != step[:-1], True)]
    # p is constant between knots and must not lie below the mean there, which is greatest just above the lower knot.
    mass = np.concatenate(([1.0], _mean(table, np.nextafter(points, np.inf))))
    steepest = max(tail.shape for tail in tails)
    return Tail(
        kind=TailKind.MIXED,
        n=int(sum(tail.n for tail in tails)),
        knots=points,
        mass=np.minimum.accumulate(mass),
        shape=steepest,
        scale=max(tail.scale + tail.shape * max(float(points[-1] - tail.knots[-1]), 0.0) for tail in tails),
    )


def _mean(table: TailTable, points: Floats) -> Floats:
    p = table.evaluate(np.repeat(points[None, :], table.rows, axis=0))
    return np.asarray(np.add.reduce(p, axis=0) / table.rows)


def _above(tail: Tail) -> Floats:
    """Scores beyond the last knot at which p is spaced evenly in logarithm, down to 1e-9."""
    log = np.linspace(0.0, max(float(np.log(tail.mass[-1] / 1e-9)), 1.0), _POINTS)[1:]
    excess = np.expm1(tail.shape * log) / tail.shape if tail.shape > 0.0 else log
    return np.asarray(tail.knots[-1] + tail.scale * excess)
