"""Every benchmark in one run: JSON on standard output, the table in docs/benchmarks.md.

    make bench                                  an hour or two on two cores, most of it the fleet
    BENCH=quick make bench                      some five minutes, on smaller sizes
    python -m benchmarks history onboarding     some groups only, by name

What is not there (corpora/, other filters) is skipped, and the table says so. The page is written after every group and
keeps what earlier runs gave of the others (docs/benchmarks.json), so a run that is ended early is not lost.
"""

from __future__ import annotations

import json
import os
import platform
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from benchmarks import columns, fleet, history, latency, onboarding, pacing, serving
from benchmarks.table import Measured, Row, markdown

PAGE = Path("docs/benchmarks.md")
READING = Path(__file__).with_name("reading.md")


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
    """Measures everything, or the groups named; writes the page, prints the document."""
    mode = os.environ.get("BENCH", "full")
    if mode not in ("full", "quick"):
        sys.exit(f"BENCH={mode}: it is full or quick")
    sizes = QUICK if mode == "quick" else FULL
    groups: dict[str, Callable[[], list[Row]]] = {
        "columns": lambda: columns.rows(sizes.mails),
        "latency": lambda: latency.rows(sizes.mails, max(sizes.messages // 5, 20_000)),
        "history": lambda: history.rows(sizes.messages, sizes.rows, sizes.keys),
        "onboarding": lambda: onboarding.rows(sizes.onboarded, sizes.mailboxes),
        "serving": lambda: serving.rows(sizes.served, sizes.mails // 3),
        "pacing": lambda: pacing.rows(sizes.windows),
        "fleet": lambda: fleet.rows(sizes.tenants),
    }
    asked = sys.argv[1:] or list(groups)
    if unknown := set(asked) - set(groups):
        sys.exit(f"no group is called {', '.join(sorted(unknown))}: there are {', '.join(groups)}")
    whole = "make bench" if asked == list(groups) else f"python -m benchmarks {' '.join(asked)}"
    command = whole if mode == "full" else f"BENCH={mode} {whole}"
    machine = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    place = PAGE if mode == "full" else Path(tempfile.gettempdir()) / "gatehouse-benchmarks.md"
    place.parent.mkdir(parents=True, exist_ok=True)
    known = last_runs(place.with_suffix(".json"))
    for name in asked:
        begun, date = perf_counter(), datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC")
        rows = tuple(measured(name, groups[name]))
        known[name] = Measured(command=command, date=date, load=os.getloadavg()[0], rows=rows)
        print(f"{name}: {perf_counter() - begun:.0f} s", file=sys.stderr, flush=True)
        known = {group: known[group] for group in groups if group in known}
        document = json.dumps({group: asdict(run) for group, run in known.items()}, indent=1)
        place.with_suffix(".json").write_text(document + "\n", encoding="utf-8")
        missing = [group for group in groups if group not in known]
        page = markdown(known, missing, machine, READING.read_text(encoding="utf-8") if mode == "full" else "")
        place.write_text(page, encoding="utf-8")
    print(f"{place.read_text(encoding='utf-8')}\nwritten to {place}", file=sys.stderr)
    print(json.dumps({name: asdict(known[name]) for name in asked}, indent=1))


def last_runs(place: Path) -> dict[str, Measured]:
    """What earlier runs gave, by group; nothing where there was none."""
    if not place.exists():
        return {}
    document = json.loads(place.read_text(encoding="utf-8"))
    return {
        name: Measured(**run | {"rows": tuple(Row(**row) for row in run["rows"])}) for name, run in document.items()
    }


def measured(name: str, group: Callable[[], list[Row]]) -> list[Row]:
    """A group's rows; a group that fails is a row that says so, and the others are measured all the same."""
    try:
        return group()
    except Exception as error:
        traceback.print_exc()
        return [Row(what=name, wanted="measured", skipped=f"{type(error).__name__}: {error}"[:200], met=False)]


if __name__ == "__main__":
    main()
