"""The outcome of a run as Markdown: the page in the Prefect UI and the report's plain form."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

from onboarding.database import activations, decisions, gates, rehearsals, versions
from onboarding.workspace import Workspace


def outcome_page(workspace: Workspace, tenant: str, outcome: dict[str, Any]) -> str:
    """What was learned, what is promised, what was found, what happens next."""
    with workspace.database.session(tenant) as session:
        measured = gates.latest(session, tenant)
        activation = activations.current(session, tenant)
        calibration = versions.calibration(session, tenant, activation.calibration if activation else None)
        found = decisions.findings(session, tenant, calibration.version, limit=10) if calibration else []
        sources = rehearsals.sources_of(session, tenant, calibration.version) if calibration else []
        rehearsed = {
            source: rehearsals.of_calibration(session, tenant, calibration.version, source)
            for source in sources
            if calibration
        }
    parts = [f"# Onboarding of {tenant}", _standing(outcome), _coverage(outcome)]
    if calibration is not None:
        parts += [_promise(calibration.summary), _detectors(calibration.summary)]
        if rehearsed:
            parts.append(recall_section(rehearsed, calibration.summary.get("weights", "")))
    if measured:
        rows = [
            (g.name, g.measure, _number(g.value), g.bar, "yes" if g.passed else "no", cell(g.remedy)) for g in measured
        ]
        parts.append("## Gates\n\n" + table(("gate", "measures", "value", "bar", "passed", "remedy"), rows))
    if found:
        listed = [
            (
                cell(f.attribution.get("sender", "")),
                f.kind,
                f"{f.tail_probability:.2g}",
                cell(" ".join(f.attribution.get("reasons", [])[:3])),
                cell(f.path),
            )
            for f in found
        ]
        head = (
            f"The {len(listed)} strongest of {outcome['findings']} outliers of the history. They count as false positives "
            "until someone says otherwise."
        )
        parts.append(
            f"## Findings in history\n\n{head}\n\n" + table(("sender", "kind", "tail", "why", "where"), listed)
        )
    parts.append(_next(outcome))
    return "\n\n".join(part for part in parts if part) + "\n"


def recall_section(rehearsed: Mapping[str, Sequence[Any]], weights: str = "") -> str:
    """Recall by kind and by difficulty, a table a source of attacks. Lines as `onboarding.database.rehearsals` has them."""
    parts = [
        "## Rehearsed attacks",
        "Known kinds of attack, retargeted at this tenant's own people and partners in wordings that nothing was fitted "
        f"to. Shares of the budget: {weights or 'equal'}.",
    ]
    for source, lines in rehearsed.items():
        if source != rehearsals.RECIPES:
            parts.append(f"### From {cell(source)}")
        for what in ("kind", "difficulty"):
            rows = [
                (
                    cell(name or "unknown"),
                    str(total["sent"]),
                    str(total["caught"]),
                    str(total["suspicious"]),
                    f"{total['recall']:.0%} [{total['low']:.0%}, {total['high']:.0%}]",
                )
                for name, total in rehearsals.summed(lines, attrgetter(what)).items()
            ]
            if what == "kind" or len(rows) > 1:
                parts.append(table((what, "sent", "caught", "suspicious", "recall"), rows))
    return "\n\n".join(parts)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of cells that are safe already."""
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows))


def cell(text: str) -> str:
    """Text from mail made safe for a Markdown table: no markup, no new cell, no link."""
    safe = "".join(f"&#{ord(c)};" if c in "|<>[]`*&\\" else c for c in text if c.isprintable())
    return safe.replace("://", ":&#47;&#47;")


def _standing(outcome: dict[str, Any]) -> str:
    if outcome["held_reason"]:
        return (
            f"**{outcome['state']}**: {cell(outcome['held_message'])}.\n\nWhat helps: {cell(outcome['held_remedy'])}."
        )
    return f"**{outcome['state']}**, mode {outcome['mode']}."


def _coverage(outcome: dict[str, Any]) -> str:
    boxes, mail, history = outcome["mailboxes"], outcome["messages"], outcome["history"]
    skipped = ", ".join(f"{count:,} {reason}" for reason, count in mail["skipped"].items()) or "none"
    return "\n".join(
        [
            "## Coverage",
            "",
            f"* mailboxes: {boxes['ingested']} of {boxes['discovered']} read, {boxes['failed']} failed",
            f"* messages: {mail['listed']:,} listed = {mail['stored']:,} stored + {mail['duplicates']:,} duplicates + "
            f"{sum(mail['skipped'].values()):,} skipped ({skipped})",
            f"* history: {history['from']} to {history['to']}, {history['days']} days",
        ]
    )


def _promise(summary: dict[str, Any]) -> str:
    certificate, audit, burn_in = summary["certificate"], summary["walk_forward"], summary["burn_in"]
    lines = [
        "## What is promised",
        "",
        summary["statement"],
        "",
        f"* observed on the certifying part: {certificate['messages_flagged']:,} of {certificate['n']:,} messages",
        f"* burn-in: {burn_in['days']} days; new senders before {burn_in['new_sender_rate_before']:.1%}, "
        f"after {burn_in['new_sender_rate_after']:.1%}"
        + ("" if burn_in["settled"] else "; the rate has not settled yet"),
    ]
    if audit["weeks"]:
        lines.append(
            f"* walk-forward audit: had thresholds been set each week on the weeks before, {audit['weeks']} weeks would have "
            f"been promised {audit['promised']:.2g} (early ones, with little behind them, less) and have seen "
            f"{audit['observed']:.2g}: the promise was {'kept' if audit['kept'] else 'broken'}"
        )
    return "\n".join(lines)


def _detectors(summary: dict[str, Any]) -> str:
    head = ("detector", "share of the budget", "tail", "median", "highest", "attack at", "flagged")
    rows = [
        (
            d["detector"],
            f"{d['weight']:.2f}",
            d["kind"],
            _number(d["median"]),
            _number(d["highest"]),
            "never" if d["attack_score"] is None else _number(d["attack_score"]),
            str(d["flagged"]),
        )
        for d in summary["detectors"]
    ]
    return "## Detectors\n\n" + table(head, rows)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"


def _next(outcome: dict[str, Any]) -> str:
    tenant = outcome["tenant"]
    if outcome["state"] == "active":
        then = f"`gatehouse activate {tenant} --mode alert` goes further when the gates allow it"
        return f"## What happens next\n\nDetection runs in {outcome['mode']}. {then}."
    return f"## What happens next\n\n`gatehouse onboard {tenant}` goes on where this run stopped."
