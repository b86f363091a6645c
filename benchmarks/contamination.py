"""How much attacks that nobody caught, hidden in history, spoil what is learned from it.

    python -m benchmarks.contamination [--organisations 3] [--alpha 0.005]

The same benign mail of each simulated organisation is calibrated with attacks making up 0, 0.01%, 0.1% and 1% of its
history, unknown to the calibration and learned from as if benign. Then the same later mail is judged, benign and with
attacks of every kind. Prints a Markdown table: promised and observed false-positive rate by campaign, recall.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass

import numpy as np

from benchmarks.promise import calibrated, flagged, observed
from benchmarks.simulated_tenants import Mail, mail_of, scored, thinned
from detection.calibration.order_statistics import clopper_pearson

SHARES = (0.0, 0.0001, 0.001, 0.01)
HISTORY_DAYS, LATER_DAYS, PER_KIND = 90, 30, 4


@dataclass(slots=True)
class Line:
    """One share of hidden attacks, summed over organisations."""

    share: float
    hidden: int = 0
    messages: int = 0
    found: int = 0
    """Hidden attacks that are among the findings, of those in the part of history that calibrates."""
    certified: int = 0
    campaigns: int = 0
    flagged: int = 0
    sent: int = 0
    caught: int = 0


def add(line: Line, whole: Mail, alpha: float, seed: int) -> None:
    """One organisation at the line's share."""
    mail = scored(thinned(whole, line.share, seed))
    result = calibrated(mail, alpha)
    history = ~mail.later
    flags = flagged(mail, result)
    line.hidden += int((mail.attack & history).sum())
    line.found += int((mail.attack & history & flags).sum())
    line.messages += int(history.sum())
    line.certified += result.certificate.certified
    campaigns, hit = observed(mail, result)
    line.campaigns += campaigns
    line.flagged += hit
    later = mail.attack & mail.later
    line.sent += int(later.sum())
    line.caught += int(np.count_nonzero(flags & later))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--organisations", type=int, default=3)
    parser.add_argument("--alpha", type=float, default=0.005)
    chosen = parser.parse_args()
    begun = time.monotonic()
    lines = [Line(share) for share in SHARES]
    for number in range(chosen.organisations):
        uri = f"simulated:seed={70 + number},mailboxes=15,days={HISTORY_DAYS},rate=15,attacks=150"
        whole = mail_of(uri, LATER_DAYS, PER_KIND)
        for line in lines:
            add(line, whole, chosen.alpha, number)
    print(f"{chosen.organisations} organisations, alpha {chosen.alpha:g}, {time.monotonic() - begun:.0f} s\n")
    print(
        "| hidden in history | messages | certified | promised | observed, 95% interval | flagged of the hidden | recall, 95% |"
    )
    print("|---|---|---|---|---|---|---|")
    for line in lines:
        rate = line.flagged / line.campaigns
        low, high = clopper_pearson(line.flagged, line.campaigns)
        recall = line.caught / line.sent
        recall_low, recall_high = clopper_pearson(line.caught, line.sent)
        print(
            f"| {line.hidden} ({line.hidden / line.messages:.2%}) | {line.messages:,} "
            f"| {line.certified} of {chosen.organisations} | {chosen.alpha:.2%} "
            f"| {rate:.2%} ({low:.2%} to {high:.2%}) | {line.found} of {line.hidden} "
            f"| {recall:.1%} ({recall_low:.1%} to {recall_high:.1%}) |"
        )


if __name__ == "__main__":
    main()
