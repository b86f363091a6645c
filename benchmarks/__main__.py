"""Every benchmark in one run: JSON on standard output, the table in docs/benchmarks.md.

    make bench                 about three quarters of an hour on two cores
    BENCH=quick make bench     some five minutes, on smaller sizes

What is not there (corpora/, other filters) is skipped, and the table says so.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks import columns, fleet, history, latency, onboarding, pacing, serving
from benchmarks.table import Row, markdown

PAGE = Path("docs/benchmarks.md")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sizes:
    """How much of everything is measured."""

    mails: int
    messages: int
    rows: int
    keys: int
    onboarded: int
    mailboxes: int
    tenants: int
    served: int
    """Active tenants of one serving process."""
    windows: int
    """Of a provider's allowance."""


FULL = Sizes(
    mails=1_500,
    messages=1_000_000,
    rows=20_000_000,
    keys=1_000_000,
    onboarded=100_000,
    mailboxes=50,
    tenants=200,
    served=100,
    windows=6,
)
QUICK = Sizes(
    mails=300, messages=50_000, rows=500_000, keys=60_000, onboarded=3_000, mailboxes=6, tenants=4, served=10, windows=3
)


def main() -> None:
    """Measures everything, writes the page, prints the document."""
    mode = os.environ.get("BENCH", "full")
    if mode not in ("full", "quick"):
        sys.exit(f"BENCH={mode}: it is full or quick")
    sizes = QUICK if mode == "quick" else FULL
    rows: list[Row] = []
    groups: dict[str, Callable[[], list[Row]]] = {
        "raw bytes to columns": lambda: columns.rows(sizes.mails),
        "one message, bulk, hostile mail": lambda: latency.rows(sizes.mails, max(sizes.messages // 5, 20_000)),
        "history at scale": lambda: history.rows(sizes.messages, sizes.rows, sizes.keys),
        "onboarding": lambda: onboarding.rows(sizes.onboarded, sizes.mailboxes),
        "scoring over HTTP": lambda: serving.rows(sizes.served, sizes.mails // 3),
        "pacing": lambda: pacing.rows(sizes.windows),
        "a fleet": lambda: fleet.rows(sizes.tenants),
    }
    for name, measure in groups.items():
        begun = perf_counter()
        rows += measure()
        print(f"{name}: {perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    command = "make bench" if mode == "full" else f"BENCH={mode} make bench"
    page = markdown(rows, command, now, machine, mode)
    place = PAGE if mode == "full" else Path(tempfile.gettempdir()) / "gatehouse-benchmarks.md"
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text(page, encoding="utf-8")
    print(page, file=sys.stderr)
    print(f"written to {place}", file=sys.stderr)
    print(json.dumps({"date": now, "mode": mode, "machine": machine, "rows": [asdict(row) for row in rows]}, indent=1))


if __name__ == "__main__":
    main()
