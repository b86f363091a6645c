"""What a benchmark gives: one row, with its wish, its figures, and its reference measured in the same run."""

from __future__ import annotations

from collections.abc import Sequence
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


def markdown(rows: Sequence[Row], command: str, date: str, machine: str, mode: str, not_run: Sequence[str] = ()) -> str:
    """The page with the table; `not_run` are groups of benchmarks that this run did not measure."""
    lines = [
        "# Benchmarks",
        "",
        f"Written by `{command}` ({mode} sizes) on {date}, on {machine}.",
        "",
        "Figures are CPU time of one core unless they say otherwise; a reference is measured in the same run, in turns with",
        "what it stands beside, so that other work on the machine falls on both alike. Trust the ratios more than the rest.",
        "",
        "| what | wanted | measured | reference in the same run | met |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        measured = f"skipped: {row.skipped}" if row.skipped else row.measured
        met = {True: "yes", False: "**no**", None: "-"}[row.met]
        lines.append(f"| {row.what} | {row.wanted} | {measured} | {row.reference} | {met} |")
    if not_run:
        lines += ["", f"Not measured in this run: {', '.join(not_run)} (`python -m benchmarks {' '.join(not_run)}`)."]
    return "\n".join(lines) + "\n"
