"""How much of Gmail's allowance is used, and how often it has to refuse: two worker processes on one user's budget.

    python -m benchmarks.pacing_gmail [--json] [--windows 4]

The simulated Gmail keeps the real rule at a shorter window: so many quota units in any few seconds, for a user, where a
message costs twenty. Wanted: at least 90% of the allowed rate used, at most 1% of requests refused; when the provider
allows what it documents, and when it allows half.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

UNITS, SECONDS = 6_000, 10.0
"""The allowance of a user: as Gmail's, six times faster."""

MAILBOX = "ann@acme.example"


def measured(windows: float, allowed: float) -> dict[str, Any]:
    """Share of the allowed rate used and of requests refused, when the provider allows `allowed` of what is documented."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from simulators.faults import FaultPlan
    from simulators.gmail import Gmail
    from simulators.limits import Limit
    from simulators.organisation import Organisation

    organisation = Organisation()
    organisation.open(MAILBOX)
    now = int(time.time())
    for number in range(100):
        organisation.deliver(MAILBOX, b"Subject: note\r\n\r\nhello\r\n", now - 60 * number)
    units = int(UNITS * allowed)
    gmail = Gmail(organisation, FaultPlan(retry_after="none"), Limit(units=units, seconds=SECONDS, at_once=20))
    duration = windows * SECONDS
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as home, gmail.running() as address:
        environment = {
            "GATEHOUSE_HOME": home,
            "GATEHOUSE_GMAIL_URL": address,
            "GATEHOUSE_GOOGLE_TOKEN_URL": f"{address}/token",
            "GATEHOUSE_SECRET_GMAIL_SERVICE_ACCOUNT": json.dumps(gmail.key()),
        }
        ready = context.Barrier(3)
        workers = [context.Process(target=_ask, args=(environment, duration, ready)) for _ in range(2)]
        for worker in workers:
            worker.start()
        ready.wait()
        begun = time.monotonic()
        for worker in workers:
            worker.join()
        spent = [(at, number) for at, number in gmail.meter.log if at >= begun]
    # The first window may be spent at once; the rate is what comes after it.
    late = sum(number for at, number in spent if begun + SECONDS <= at < begun + duration)
    granted = len(spent)
    return {
        "allowed_of_documented": allowed,
        "requests": granted + gmail.meter.refused,
        "used_share": round(late / (units / SECONDS * (duration - SECONDS)), 4),
        "refused_share": round(gmail.meter.refused / max(granted + gmail.meter.refused, 1), 4),
    }


def _ask(environment: dict[str, str], duration: float, ready: Any) -> None:
    """One worker: messages without pause, as fast as the budget lets it."""
    os.environ.update(environment)
    from onboarding.settings import Settings
    from onboarding.sources.gmail.mailbox import open_mailbox
    from onboarding.sources.gmail.source import GmailSource, Pace
    from onboarding.sources.gmail.tokens import READ
    from onboarding.sources.network.pacing import Allowance
    from onboarding.sources.network.rules import read_address

    source = GmailSource(read_address("gmail", "acme.example", ()), Settings(), Pace(Allowance(UNITS, SECONDS)))
    source.issuer.tokens(MAILBOX, READ).current()
    reading = open_mailbox(source.client(READ), MAILBOX, True, source.costs)
    ready.wait()
    end = time.monotonic() + duration
    ids = [str(one["id"]) for one in reading.lister._page(None, 100, None)["messages"]]
    with reading.reader.threads:
        while time.monotonic() < end:
            for start in range(0, len(ids), 8):
                for _ in reading.reader.read(ids[start : start + 8]):
                    pass
                if time.monotonic() >= end:
                    break
    source.close()


def main() -> None:
    """Prints the figures, one document with --json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--windows", type=float, default=4, help="how many windows of ten seconds are measured")
    chosen = parser.parse_args()
    found = [measured(chosen.windows, allowed) for allowed in (1.0, 0.5)]
    if chosen.json:
        print(json.dumps({"pacing_gmail": found}, indent=2))
        return
    for one in found:
        print(
            f"allowed {one['allowed_of_documented']:.0%} of what is documented: {one['used_share']:.1%} of it used, "
            f"{one['refused_share']:.2%} of {one['requests']:,} requests refused"
        )


if __name__ == "__main__":
    main()
