"""How much of a provider's allowance is used, and how often it has to refuse: two worker processes on one mailbox's budget.

    python -m benchmarks.pacing [--json] [--windows 6]

The simulated Microsoft Graph and Gmail keep the real rule at a shorter window: so many requests (units: at Gmail a message
costs twenty) in any ten seconds, for a mailbox. Wanted: at least 90% of the allowed rate used, at most 1% of requests refused;
when the provider allows what it documents as well as when it allows half of it and does not say so.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.table import Row

SECONDS = 10.0
MAILBOX = "ann@acme.example"
MESSAGES = 100
USED, REFUSED = 0.9, 0.01
"""What is wanted."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A simulated provider, and how one worker reads from it."""

    name: str
    units: int
    """The documented allowance of a mailbox in a window."""
    serve: Callable[[Any, Any, Any], tuple[Any, Callable[[str], dict[str, str]]]]
    """Gives the simulator for an organisation, a fault plan and a limit, and what the environment says of its address."""
    ask: Callable[[float], Callable[[], None]]
    """Made in the worker: reads without pause for some seconds."""


def rows(windows: float) -> list[Row]:
    """A row for each provider and allowance."""
    found = []
    for one in measured_all(windows):
        used, refused = float(one["used_share"]), float(one["refused_share"])
        allowed = "what is documented" if one["allowed"] == 1.0 else f"{one['allowed']:.0%} of it, unsaid"
        found.append(
            Row(
                what=f"pacing, {one['provider']}, allowed: {allowed}",
                wanted=f">= {USED:.0%} used, <= {REFUSED:.0%} refused",
                measured=f"{used:.1%} used, {refused:.2%} of {one['requests']:,} requests refused",
                met=used >= USED and refused <= REFUSED,
                figures=one,
            )
        )
    return found


def measured_all(windows: float) -> list[dict[str, Any]]:
    """Every provider, with all of its allowance and with half."""
    return [measured(name, windows, allowed) for name in PROVIDERS for allowed in (1.0, 0.5)]


def measured(name: str, windows: float, allowed: float) -> dict[str, Any]:
    """Share of the allowed rate used and of requests refused, when the provider allows `allowed` of what is documented."""
    sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))
    from simulators.faults import FaultPlan
    from simulators.limits import Limit
    from simulators.organisation import Organisation

    provider = PROVIDERS[name]
    organisation = Organisation()
    organisation.open(MAILBOX)
    now = int(time.time())
    for number in range(MESSAGES):
        organisation.deliver(MAILBOX, b"Subject: note\r\n\r\nhello\r\n", now - 60 * number)
    units = int(provider.units * allowed)
    simulator, said = provider.serve(
        organisation, FaultPlan(retry_after="none"), Limit(units=units, seconds=SECONDS, at_once=20)
    )
    duration = windows * SECONDS
    context = multiprocessing.get_context("spawn")
    running: AbstractContextManager[str] = simulator.running()
    with tempfile.TemporaryDirectory() as home, running as address:
        environment = {"GATEHOUSE_HOME": home, **said(address)}
        ready = context.Barrier(3)
        workers = [context.Process(target=_work, args=(name, environment, duration, ready)) for _ in range(2)]
        for worker in workers:
            worker.start()
        ready.wait()
        begun = time.monotonic()
        for worker in workers:
            worker.join()
    spent = [(at, number) for at, number in simulator.meter.log if at >= begun]
    # The first window may be spent at once; the rate is what comes after it.
    late = sum(number for at, number in spent if begun + SECONDS <= at < begun + duration)
    asked = len(spent) + simulator.meter.refused
    return {
        "provider": name,
        "allowed": allowed,
        "windows": windows,
        "requests": asked,
        "used_share": round(late / (units / SECONDS * (duration - SECONDS)), 4),
        "refused_share": round(simulator.meter.refused / max(asked, 1), 4),
    }


def _work(name: str, environment: dict[str, str], duration: float, ready: Any) -> None:
    os.environ.update(environment)
    read = PROVIDERS[name].ask(duration)
    ready.wait()
    read()


def _graph(organisation: Any, plan: Any, limit: Any) -> tuple[Any, Callable[[str], dict[str, str]]]:
    from simulators.graph import Graph

    graph = Graph(organisation, plan, limit)
    return graph, lambda address: {
        "GATEHOUSE_GRAPH_URL": f"{address}/v1.0",
        "GATEHOUSE_GRAPH_AUTHORITY": address,
        "GATEHOUSE_SECRET_GRAPH_CLIENT_ID": graph.client_id,
        "GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET": graph.client_secret,
        "BENCHMARK_TENANT": graph.tenant,
    }


def _ask_graph(duration: float) -> Callable[[], None]:
    """Batches of twenty."""
    from onboarding.settings import Settings
    from onboarding.sources.graph.batch import Batches, Item
    from onboarding.sources.graph.source import GraphSource, Pace
    from onboarding.sources.network.pacing import Allowance
    from onboarding.sources.network.rules import read_address

    pace = Pace(per_mailbox=Allowance(PROVIDERS["Graph"].units, SECONDS))
    source = GraphSource(read_address("graph", os.environ["BENCHMARK_TENANT"], ()), Settings(), pace)
    batches = Batches(source.client, MAILBOX)
    items = [Item(str(number), f"users/{MAILBOX}/mailFolders/inbox?$select=id") for number in range(20)]
    source._tokens.current()

    def read() -> None:
        end = time.monotonic() + duration
        while time.monotonic() < end:
            batches.get(items, "the inbox")
        source.close()

    return read


def _gmail(organisation: Any, plan: Any, limit: Any) -> tuple[Any, Callable[[str], dict[str, str]]]:
    from simulators.gmail import Gmail

    gmail = Gmail(organisation, plan, limit)
    return gmail, lambda address: {
        "GATEHOUSE_GMAIL_URL": address,
        "GATEHOUSE_GOOGLE_TOKEN_URL": f"{address}/token",
        "GATEHOUSE_SECRET_GMAIL_SERVICE_ACCOUNT": json.dumps(gmail.key()),
    }


def _ask_gmail(duration: float) -> Callable[[], None]:
    """Messages, eight side by side."""
    from onboarding.settings import Settings
    from onboarding.sources.gmail.content import AT_ONCE
    from onboarding.sources.gmail.mailbox import open_mailbox
    from onboarding.sources.gmail.source import GmailSource, Pace
    from onboarding.sources.gmail.tokens import READ
    from onboarding.sources.network.pacing import Allowance
    from onboarding.sources.network.rules import read_address

    pace = Pace(Allowance(PROVIDERS["Gmail"].units, SECONDS))
    source = GmailSource(read_address("gmail", "acme.example", ()), Settings(), pace)
    source.issuer.tokens(MAILBOX, READ).current()
    reading = open_mailbox(source.client(READ), MAILBOX, True, source.costs)

    def read() -> None:
        end = time.monotonic() + duration
        ids = [str(one["id"]) for one in reading.lister.page(None, MESSAGES, None)["messages"]]
        with reading.reader.threads:
            while time.monotonic() < end:
                for start in range(0, len(ids), AT_ONCE):
                    for _ in reading.reader.read(ids[start : start + AT_ONCE]):
                        pass
                    if time.monotonic() >= end:
                        break
        source.close()

    return read


PROVIDERS = {
    # As Outlook's, 60 times faster and ten times smaller; as Gmail's, six times faster.
    "Graph": Provider("Graph", 1_000, _graph, _ask_graph),
    "Gmail": Provider("Gmail", 6_000, _gmail, _ask_gmail),
}


def main() -> None:
    """Prints the figures, one document with --json."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--windows", type=float, default=6, help="how many windows of ten seconds are measured")
    chosen = parser.parse_args()
    if chosen.json:
        print(json.dumps({"pacing": measured_all(chosen.windows)}, indent=2))
        return
    for row in rows(chosen.windows):
        print(f"{row.what}: {row.measured}; wanted {row.wanted}: {'yes' if row.met else 'NO'}")


if __name__ == "__main__":
    main()
