"""The report's sections, in the order in which a security lead reads: in short, what is promised, what was found, why."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

from onboarding.database import rehearsals
from onboarding.report import pictures
from onboarding.report.evidence import Evidence
from onboarding.report.text import cell, number, one_in, table


@dataclass(frozen=True, slots=True)
class Picture:
    """SVG and what it shows."""

    svg: str
    caption: str
    tails: bool = False
    """The one picture that the page in the Prefect UI shows."""


@dataclass(frozen=True, slots=True)
class Figures:
    """A table of the numbers behind a picture: the page folds it away, Markdown has it in the picture's place."""

    markdown: str


Block = str | Picture | Figures
"""Markdown, a picture, or its numbers."""


@dataclass(frozen=True, slots=True)
class Section:
    """One heading and what stands under it."""

    title: str
    blocks: Sequence[Block]


def sections(evidence: Evidence) -> list[Section]:
    """Those that there is something to say in."""
    made: Sequence[Callable[[Evidence], Section | None]] = (
        _in_short,
        _coverage,
        _promise,
        _recall,
        _gates,
        _findings,
        _wrong,
        _detectors,
        _next,
    )
    return [section for make in made if (section := make(evidence)) is not None]


def recall_section(recalled: Mapping[str, Sequence[Any]], weights: str = "") -> Section:
    """Recall by kind and by difficulty, a table a source of attacks. Lines as `onboarding.database.rehearsals` has them."""
    blocks: list[Block] = [
        "Known kinds of attack, retargeted at this tenant's own people and partners in wordings that nothing was fitted "
        "to. Caught means decided `attack`; `suspicious` is shown to people and moves no mail. Shares of the budget: "
        f"{weights or 'equal'}."
    ]
    for source, lines in recalled.items():
        if source != rehearsals.RECIPES:
            blocks.append(f"### From {cell(source)}")
        for what in ("kind", "difficulty"):
            totals = rehearsals.summed(lines, attrgetter(what))
            if what == "kind":
                totals = dict(
                    sorted(totals.items(), key=lambda item: (-item[1]["recall"], -item[1]["suspicious"], item[0]))
                )
            rows = [
                (
                    cell(name or "unknown"),
                    str(total["sent"]),
                    str(total["caught"]),
                    str(total["suspicious"]),
                    f"{total['recall']:.0%} [{total['low']:.0%}, {total['high']:.0%}]",
                )
                for name, total in totals.items()
            ]
            if what == "kind" or len(rows) > 1:
                blocks.append(Picture(pictures.recall(totals, f"recall by {what}"), f"Recall by {what}."))
                head = (what, "sent", "caught", "suspicious", "recall")
                blocks.append(Figures(table(head, rows, numbers=(1, 2, 3, 4))))
    return Section("Rehearsed attacks", blocks)


def _in_short(e: Evidence) -> Section:
    outcome = e.outcome
    said = []
    if outcome["held_reason"]:
        said.append(f"**Held.** {_sentence(outcome['held_message'])} What helps: {_sentence(outcome['held_remedy'])}")
    else:
        modes = {
            "shadow": "decides on new mail and acts on nothing",
            "alert": "alerts people on attacks and moves no mail",
            "enforce": "moves attacks out of the way",
            "off": "is not switched on",
        }
        said.append(
            f"**{str(outcome['state']).capitalize()}, in {outcome['mode']}.** Detection {modes[outcome['mode']]}."
        )
    history = outcome["history"]
    if history["days"]:
        said.append(
            f"{outcome['messages']['stored']:,} messages of {outcome['mailboxes']['ingested']:,} mailboxes were learned from, "
            f"{history['from']} to {history['to']}."
        )
    if e.calibration is not None:
        said.append(f"**Promised:** {cell(e.calibration['statement'])}")
    own = e.recalled.get(rehearsals.RECIPES)
    if own:
        sent, caught = sum(line.sent for line in own), sum(line.caught for line in own)
        said.append(
            f"**Rehearsed:** {caught:,} of {sent:,} attacks made for this organisation were caught, "
            f"{sum(line.suspicious for line in own):,} more were shown as suspicious."
        )
    if e.calibration is not None:
        count = outcome["findings"]
        said.append(
            f"**Found in history:** {count:,} message{'s' if count != 1 else ''} to look at, below."
            if count
            else "**Found in history:** nothing that stands out."
        )
    missed = [gate.name for gate in e.gates if not gate.passed]
    if e.gates:
        said.append(
            f"**Readiness:** {len(e.gates) - len(missed)} of {len(e.gates)} gates passed"
            + (f"; not passed: {', '.join(missed)}." if missed else ".")
        )
    return Section("In short", ["\n".join(f"* {line}" for line in said)])


def _coverage(e: Evidence) -> Section:
    boxes, mail, history = e.outcome["mailboxes"], e.outcome["messages"], e.outcome["history"]
    skipped = ", ".join(f"{count:,} {reason}" for reason, count in mail["skipped"].items()) or "none"
    lines = [
        f"* mailboxes: {boxes['ingested']:,} of {boxes['discovered']:,} read, {boxes['failed']:,} failed",
        f"* messages: {mail['listed']:,} listed = {mail['stored']:,} stored + {mail['duplicates']:,} duplicates + "
        f"{sum(mail['skipped'].values()):,} skipped ({cell(skipped)})",
        f"* history: {history['from'] or 'none'} to {history['to'] or 'none'}, {history['days']:,} days",
        f"* own domains: {cell(', '.join(e.domains))}",
    ]
    blocks: list[Block] = ["\n".join(lines)]
    if e.weeks:
        blocks.append(Picture(pictures.mail_by_week(e.weeks), "Messages a week, received (dark) and sent (light)."))
    if e.calibration is not None:
        burn_in = e.calibration["burn_in"]
        if len(burn_in["rates"]) > 1:
            picture = pictures.maturity(
                burn_in["rates"], burn_in.get("first_day"), burn_in["batch_days"], burn_in["days"]
            )
            blocks.append(
                Picture(picture, "Maturity: the share of mail by senders never seen before, as history is learned.")
            )
        blocks.append(
            f"In the first weeks everybody is new. {burn_in['days']} days were learned from only (burn-in); of the mail "
            f"before, {burn_in['new_sender_rate_before']:.1%} came from never-seen senders, after it "
            f"{burn_in['new_sender_rate_after']:.1%}"
            + ("." if burn_in["settled"] else "; the rate has not settled yet, so more history would help.")
        )
    if e.failed:
        rows = [(cell(name), cell(reason)) for name, reason in e.failed[:20]]
        blocks.append(f"Mailboxes that could not be read ({len(e.failed):,}):\n\n" + table(("mailbox", "why"), rows))
    return Section("History and coverage", blocks)


def _promise(e: Evidence) -> Section | None:
    if e.calibration is None:
        return None
    certificate, suspicious = e.calibration["certificate"], e.calibration["suspicious"]
    rows = [
        (
            one["budget"],
            one_in(one["alpha"]),
            f"{'counted' if one['certified'] else 'not certified; ' + str(one['basis'])}",
            one_in(one["counted_alpha"]),
            f"{one['campaigns_flagged']:,} of {one['effective_n']:,}",
            f"{one['messages_flagged']:,} of {one['n']:,}",
            _interval(one["observed_rate"], one["observed_rate_low"], one["observed_rate_high"]),
        )
        for one in (certificate, suspicious)
    ]
    head = ("verdict", "budget", "certificate", "certified", "campaigns flagged", "messages flagged", "rate by message")
    spread = (
        "Messages are not independent: a newsletter or a thread is one event many times. So "
        f"{certificate['n']:,} messages count as {certificate['effective_n']:,} campaigns (one sender, one subject shape, one "
        f"day). Drawing whole days again (block bootstrap), they vary like {certificate['effective_n_days']:,.0f} independent "
        f"ones; the strictest budget that this evidence could certify is {one_in(certificate['smallest_certifiable_alpha'])}."
    )
    left_out = e.calibration.get("excluded_as_known_bad", 0)
    blocks: list[Block] = [
        cell(e.calibration["statement"]),
        table(head, rows, numbers=(1, 3, 4, 5, 6)),
        spread + (f" {left_out:,} messages known to be bad took no part." if left_out else ""),
    ]
    audit = e.calibration["walk_forward"]
    if audit["weeks"]:
        blocks.append("### The promise tried on the past")
        blocks.append(
            f"Had thresholds been set every week on the weeks before it, {audit['weeks']} weeks would have been promised "
            f"{one_in(audit['promised'])} on average (early ones, with little behind them, less) and have seen "
            f"{one_in(audit['observed'])} [{audit['interval'][0]:.2%}, {audit['interval'][1]:.2%}]: the promise was "
            f"**{'kept' if audit['kept'] else 'broken'}**."
        )
        weeks = audit.get("by_week", [])
        if weeks:
            blocks.append(Picture(pictures.audit(weeks), "Flagged campaigns week by week, and what had been promised."))
            blocks.append(Figures(_weekly(weeks)))
            broken = [week for week in weeks if not week["kept"]]
            if broken:
                days = ", ".join(_date(week["first_day"]) for week in broken)
                blocks.append(f"Weeks above their promise by more than chance: those of {days}.")
    return Section("What is promised", blocks)


def _weekly(weeks: Sequence[Mapping[str, Any]]) -> str:
    rows = [
        (
            _date(week["first_day"]),
            one_in(week["promised"]),
            f"{week['campaigns']:,}",
            str(week["flagged"]),
            f"[{week['low']:.2%}, {week['high']:.2%}]",
            "kept" if week["kept"] else "**broken**",
        )
        for week in weeks
    ]
    return table(("week of", "promised", "campaigns", "flagged", "95% interval", ""), rows, numbers=(1, 2, 3, 4))


def _recall(e: Evidence) -> Section | None:
    if not e.recalled or e.calibration is None:
        return None
    return recall_section(e.recalled, e.calibration.get("weights", ""))


def _gates(e: Evidence) -> Section | None:
    if not e.gates:
        return None
    rows = [
        (
            gate.name,
            cell(gate.measure),
            number(gate.value) or "not measured",
            gate.bar,
            "passed" if gate.passed else "**not passed**",
        )
        for gate in e.gates
    ]
    blocks: list[Block] = [table(("gate", "measures", "value", "asked for", ""), rows, numbers=(2,))]
    helps = [f"* {gate.name}: {cell(gate.remedy)}" for gate in e.gates if not gate.passed]
    if helps:
        blocks.append("What helps:\n\n" + "\n".join(helps))
    return Section("Gates", blocks)


def _findings(e: Evidence) -> Section | None:
    if not e.findings:
        return None
    count = e.outcome["findings"]
    blocks: list[Block] = [
        f"The {len(e.findings)} strongest of history's outliers, of which the {count:,} strongest are kept. "
        "Nobody has judged them yet: each may be an attack that got "
        "through, or an odd but honest mail. They count as false positives until someone says otherwise: "
        f"`gatehouse feedback {e.tenant} MESSAGE-ID --verdict attack` (or `safe`)."
    ]
    for position, found in enumerate(e.findings, start=1):
        reasons = found.attribution.get("reasons", [])[:4]
        blocks.append(
            "\n".join(
                [
                    f"### {position}. {cell(found.attribution.get('sender', '') or 'no sender')}",
                    "",
                    f"{cell(found.kind or 'unnamed').replace('-', ' ')}, {found.verdict}; {_date(found.time // 86_400)}; "
                    f"{one_in(found.tail_probability)} of this tenant's campaigns looks so unusual",
                    "",
                    *(f"* {cell(reason)}" for reason in reasons),
                    "",
                    f"In {cell(found.attribution.get('mailbox', '') or 'an unnamed mailbox')}, {cell(found.path)}, "
                    f"Message-ID {cell(found.message_id or 'none')}",
                ]
            )
        )
    return Section("Findings in history", blocks)


def _wrong(e: Evidence) -> Section | None:
    if not e.wrong:
        return None
    rows = []
    for line in e.wrong:
        cost = line["cost"]
        rests = ", ".join(f"{name.replace('_', ' ')} ({count})" for name, count in list(line["signals"].items())[:4])
        costs = (
            f"{cost['caught_after'] - cost['caught']:+d} of {cost['sent']} rehearsed attacks caught"
            if cost
            else "not known"
        )
        rows.append((cell(line["detector"].replace("_", " ")), str(line["flagged"]), cell(rests or "-"), costs))
    head = ("detector", "false positives", "signals they rest on", "what correcting costs")
    said = (
        "Messages that people called safe and this calibration would flag. Correcting means the detector's threshold raised "
        "beyond all of them; one sender's mail is corrected at once by the label itself."
    )
    return Section("Wrongly flagged", [said, table(head, rows, numbers=(1,))])


def _detectors(e: Evidence) -> Section | None:
    if e.calibration is None:
        return None
    blocks: list[Block] = [
        "Each detector looks for one kind of attack. Its raw score means nothing by itself; its tail says what share of this "
        "tenant's own benign campaigns scores as high, and the threshold lies where its share of the budget is used up."
    ]
    if e.curves:
        blocks.append(
            Picture(
                pictures.tails(e.curves),
                "Score tails: score to the right, share of benign campaigns that scores as high upward; dashed, where attack "
                "begins for this detector alone.",
                tails=True,
            )
        )
    head = ("detector", "share of the budget", "tail", "median", "highest", "attack at", "flagged")
    rows = [
        (
            cell(d["detector"]),
            f"{d['weight']:.2f}",
            d["kind"] + (f", {d['reference_weight']:.0%} borrowed" if d.get("reference_weight") else ""),
            number(d["median"]),
            number(d["highest"]),
            "never" if d["attack_score"] is None else number(d["attack_score"]),
            str(d["flagged"]),
        )
        for d in e.calibration["detectors"]
    ]
    blocks.append(Figures(table(head, rows, numbers=(1, 3, 4, 5, 6))))
    return Section("Detectors", blocks)


def _next(e: Evidence) -> Section:
    tenant, outcome = e.tenant, e.outcome
    if outcome["held_reason"]:
        steps = [_sentence(outcome["held_remedy"])]
    elif outcome["state"] != "active":
        steps = [f"`gatehouse onboard {tenant}` goes on where this run stopped."]
    else:
        further = {
            "shadow": f"The canary period runs: what detection would flag in new mail is held against the promise. When it "
            f"and the gates allow it, `gatehouse activate {tenant} --mode alert` goes further.",
            "alert": f"`gatehouse activate {tenant} --mode enforce` goes further when the canary period and the gates allow.",
            "enforce": "Attacks are moved; `gatehouse release` brings one back.",
            "off": f"`gatehouse activate {tenant} --mode shadow` switches it on.",
        }
        steps = [further[outcome["mode"]]]
        if early := outcome["early"]:
            steps.insert(
                0,
                f"This stands on mail from {early['back_to']} on. Older mail of {early['mailboxes']:,} mailboxes is still being "
                "read; when it is in, baseline and thresholds are made anew without anybody's doing.",
            )
        steps += [f"Gate {gate.name}: {cell(gate.remedy)}." for gate in e.gates if not gate.passed]
        if e.findings:
            steps.append("Look at the findings above and say what they are; the next calibration heeds it.")
    return Section("What happens next", ["\n".join(f"{n}. {step}" for n, step in enumerate(steps, start=1))])


def _sentence(text: str | None) -> str:
    said = cell((text or "").strip())
    return said[:1].upper() + said[1:] + ("" if said.endswith(".") else ".")


def _interval(rate: float, low: float, high: float) -> str:
    return f"{rate:.3%} [{low:.3%}, {high:.3%}]"


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * 86_400, UTC).date().isoformat()
