"""How much of a provider's allowance is used, and how often it has to refuse: two worker processes on one mailbox's budget.

    python -m benchmarks.pacing [--json] [--windows 4]

The simulated Microsoft Graph keeps the real rule at a shorter window: so many requests in any few seconds, for an app and a
mailbox. Wanted: at least 90% of the allowed rate used, at most 1% of requests refused; with twice the rate that our client
believes in as well as with half of it (the provider allows less than it documents: the client has to find out).
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

UNITS, SECONDS = 1_000, 10.0
"""The allowance of a mailbox: as Outlook's, 60 times faster and ten times smaller."""

MAILBOX = "ann@acme.example"


def measured(windows: float, allowed: float) -> dict[str, Any]:
    """Share of the allowed rate used and of requests refused, when the provider allows `allowed` of what is documented."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from simulators.faults import FaultPlan
    from simulators.graph import Graph
    from simulators.limits import Limit
    from simulators.organisation import Organisation

    organisation = Organisation()
    organisation.open(MAILBOX)
    units = int(UNITS * allowed)
    graph = Graph(organisation, FaultPlan(retry_after="none"), Limit(units=units, seconds=SECONDS, at_once=8))
    duration = windows * SECONDS
    context = multiprocessing.get_context("spawn")
    with tempfile.TemporaryDirectory() as home, graph.running() as address:
        environment = {
            "GATEHOUSE_HOME": home,
            "GATEHOUSE_GRAPH_URL": f"{address}/v1.0",
            "GATEHOUSE_GRAPH_AUTHORITY": address,
            "GATEHOUSE_SECRET_GRAPH_CLIENT_ID": graph.client_id,
            "GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET": graph.client_secret,
        }
        ready = context.Barrier(3)
        workers = [context.Process(target=_ask, args=(graph.tenant, environment, duration, ready)) for _ in range(2)]
        for worker in workers:
            worker.start()
        ready.wait()
        begun = time.monotonic()
        for worker in workers:
            worker.join()
        spent = [(at, number) for at, number in graph.meter.log if at >= begun]
    # The first window may be spent at once; the rate is what comes after it.
    late = sum(number for at, number in spent if begun + SECONDS <= at < begun + duration)
    granted = sum(number for _, number in spent)
    return {
        "allowed_of_documented": allowed,
        "requests": granted + graph.meter.refused,
        "used_share": round(late / (units / SECONDS * (duration - SECONDS)), 4),
        "refused_share": round(graph.meter.refused / max(granted + graph.meter.refused, 1), 4),
    }


def _ask(tenant: str, environment: dict[str, str], duration: float, ready: Any) -> None:
    """One worker: batches without pause, as fast as the budget lets it."""
    os.environ.update(environment)
    from onboarding.settings import Settings
    from onboarding.sources.graph.batch import Batches, Item
    from onboarding.sources.graph.source import GraphSource, Pace
    from onboarding.sources.network.pacing import Allowance
    from onboarding.sources.network.rules import read_address

    source = GraphSource(read_address("graph", tenant, ()), Settings(), Pace(per_mailbox=Allowance(UNITS, SECONDS)))
    batches = Batches(source.client, MAILBOX)
    items = [Item(str(number), f"users/{MAILBOX}/mailFolders/inbox?$select=id") for number in range(20)]
    source._tokens.current()
    ready.wait()
    end = time.monotonic() + duration
    while time.monotonic() < end:
        batches.get(items, "the inbox")
    source.close()


def main() -> None:
    """Prints the figures, one document with --json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--windows", type=float, default=4, help="how many windows of ten seconds are measured")
    chosen = parser.parse_args()
    found = [measured(chosen.windows, allowed) for allowed in (1.0, 0.5)]
    if chosen.json:
        print(json.dumps({"pacing": found}, indent=2))
        return
    for one in found:
        print(
            f"allowed {one['allowed_of_documented']:.0%} of what is documented: {one['used_share']:.1%} of it used, "
            f"{one['refused_share']:.2%} of {one['requests']:,} requests refused"
        )


if __name__ == "__main__":
    main()
