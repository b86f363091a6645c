"""What a benchmark gives: one row, with its wish, its figures, and its reference measured in the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table. `met` is None for a row that was not run, or whose wish is about nothing measured here."""

    what: str
    wanted: str
    measured: str = "not run"
    reference: str = "-"
    met: bool | None = None
    skipped: str = ""
    """Why it was not run; empty when it was."""
    figures: dict[str, object] = field(default_factory=dict)
    """Every number behind it, for the JSON document."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one group of benchmarks gave, and when and how it was run."""

    command: str
    date: str
    load: float
    """Processes that wanted a core in the last minute of it (the machine has two)."""
    rows: tuple[Row, ...]


def markdown(groups: Mapping[str, Measured], missing: Sequence[str], machine: str, reading: str) -> str:
    """The page: every group's rows, each group of the run that measured it last, and what a person read in them."""
    lines = [
        "# Benchmarks",
        "",
        f"Written by `make bench` (some groups alone: `python -m benchmarks GROUP ...`) on {machine}.",
        "",
        "Figures are CPU time of one core unless they say otherwise; a reference is measured in the same run, in turns with",
        "what it stands beside, so that other work on the machine falls on both alike. Trust the ratios more than the rest.",
        "",
        "| what | wanted | measured | reference in the same run | met |",
        "|---|---|---|---|---|",
    ]
    for row in (row for group in groups.values() for row in group.rows):
        measured = f"skipped: {row.skipped}" if row.skipped else row.measured
        met = {True: "yes", False: "**no**", None: "-"}[row.met]
        lines.append(f"| {row.what} | {row.wanted} | {measured} | {row.reference} | {met} |")
    lines += ["", "| group | run by | on | load average of 2 cores |", "|---|---|---|---|"]
    lines += [f"| {name} | `{one.command}` | {one.date} | {one.load:.0f} |" for name, one in groups.items()]
    if missing:
        lines += ["", f"Not measured yet: {', '.join(missing)}."]
    return "\n".join(lines) + "\n" + (f"\n{reading}" if reading else "")
