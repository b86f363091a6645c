"""What is promised on history against what later mail shows, on simulated organisations: the theory, end to end.

    python -m benchmarks.promise [--tenants 40] [--alpha 0.02]

Each organisation's history is replayed and calibrated; the mail that comes after it is judged. A promise at level alpha
with confidence 1 - delta may be broken at a share delta of organisations. The observed rate has a chance of its own, so
a promise counts as broken when the lower end of its 95% interval (2.5% on that side) is above alpha.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict, dataclass

import numpy as np

from benchmarks.simulated_tenants import Scored, mail_of, scored
from detection.calibration.burn_in import burn_in
from detection.calibration.calibrate import CalibrationResult, calibrate
from detection.calibration.order_statistics import clopper_pearson, rate_lower_bound
from detection.mail.batch import Bools

DELTA = 0.05
CHANCE = 0.025


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """One organisation: campaigns of its later benign mail, how many were flagged, and whether that breaks the promise."""

    seed: int
    certified: bool
    promised: float
    campaigns: int
    flagged: int

    @property
    def broken(self) -> bool:
        """Beyond the chance of the observation."""
        return rate_lower_bound(self.flagged, self.campaigns, CHANCE) > self.promised


def calibrated(mail: Scored, alpha: float, delta: float = DELTA) -> CalibrationResult:
    """The calibration on history: after its burn-in, without what is known to be bad."""
    history = np.flatnonzero(~mail.later)
    warm = burn_in(mail.senders[history], mail.days[history])
    rows = history[mail.days[history] >= warm.first_day]
    return calibrate(
        mail.scores[:, rows],
        mail.detectors,
        mail.campaigns[rows],
        mail.days[rows],
        ~mail.known_bad[rows],
        alpha,
        delta,
        audit=False,
    )


def flagged(mail: Scored, result: CalibrationResult) -> Bools:
    """Which messages the calibration calls attacks."""
    made = result.calibration
    return np.asarray(made.combined(made.tail_probabilities(mail.scores)) <= made.attack_threshold)


def observed(mail: Scored, result: CalibrationResult) -> tuple[int, int]:
    """Campaigns of later benign mail, and how many of them are flagged."""
    rows = np.flatnonzero(mail.later & ~mail.attack & ~mail.known_bad)
    campaigns = np.unique(mail.campaigns[rows])
    hit = np.unique(mail.campaigns[rows][flagged(mail, result)[rows]])
    return len(campaigns), len(hit)


def try_one(seed: int, alpha: float, mailboxes: int = 8, days: int = 60, after: int = 30) -> Kept:
    """One organisation from its mail to what its promise was worth."""
    mail = scored(mail_of(f"simulated:seed={seed},mailboxes={mailboxes},days={days},rate=12,attacks=0", after, 0))
    result = calibrated(mail, alpha)
    campaigns, hit = observed(mail, result)
    certificate = result.certificate
    return Kept(
        seed=seed,
        certified=certificate.certified,
        promised=alpha if certificate.certified else certificate.counted_alpha,
        campaigns=campaigns,
        flagged=hit,
    )


def allowed_broken(tenants: int) -> int:
    """How many broken promises the theory allows among so many, within its binomial error (1%)."""
    from scipy.stats import binom

    return int(binom.ppf(0.99, tenants, DELTA + CHANCE))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tenants", type=int, default=40)
    parser.add_argument("--alpha", type=float, default=0.02)
    chosen = parser.parse_args()
    begun = time.monotonic()
    found = [try_one(1_000 + number, chosen.alpha) for number in range(chosen.tenants)]
    broken = sum(one.broken for one in found)
    campaigns, hits = sum(one.campaigns for one in found), sum(one.flagged for one in found)
    print(
        json.dumps(
            {
                "tenants": len(found),
                "alpha": chosen.alpha,
                "delta": DELTA,
                "broken": broken,
                "allowed": allowed_broken(len(found)),
                "above_alpha": sum(one.flagged > one.promised * one.campaigns for one in found),
                "observed": hits / campaigns,
                "interval": clopper_pearson(hits, campaigns),
                "seconds": round(time.monotonic() - begun, 1),
                "each": [asdict(one) for one in found],
            },
            indent=1,
        )
    )


if __name__ == "__main__":
    main()
