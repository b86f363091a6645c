"""The report's pictures: mail by week, maturity, score tails, the audit, recall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from onboarding.report.svg import Canvas, Scale

if TYPE_CHECKING:
    from detection.mail.batch import Floats

SECONDS_A_DAY = 86_400
WIDE = 760.0


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """One detector's tail: the share of benign campaigns that score at least `scores`, and where attack begins."""

    detector: str
    scores: Floats
    shares: Floats
    threshold: float | None


def mail_by_week(weeks: Sequence[tuple[int, int, int]]) -> str:
    """Bars of (first day, received, sent by the tenant's own to others) a week."""
    canvas = Canvas(WIDE, 190, "messages a week, received and sent")
    high = max((received + sent for _, received, sent in weeks), default=1) or 1
    y = _framed(canvas, Scale(0, high, 150, 16), "messages a week")
    slot = (WIDE - 60) / max(len(weeks), 1)
    for position, (day, received, sent) in enumerate(weeks):
        x = 52 + position * slot
        said = f"week of {_date(day)}: {received:,} received, {sent:,} sent"
        canvas.box(x, y(received), slot * 0.8, y(0) - y(received), "bar", said)
        canvas.box(x, y(received + sent), slot * 0.8, y(received) - y(received + sent), "bar2", said)
    _dates(canvas, [(52 + (position + 0.4) * slot, day) for position, (day, _, _) in enumerate(weeks)])
    canvas.text(WIDE - 8, 12, "dark: received · light: sent", "end", "soft")
    return canvas.svg()


def maturity(rates: Sequence[float], first_day: int | None, batch_days: int, burn_in_days: int) -> str:
    """The share of mail by never-seen senders over time, and where the burn-in ends."""
    canvas = Canvas(WIDE, 190, "share of mail by senders never seen before, over time")
    y = _framed(canvas, Scale(0, max([*rates, 0.01]) * 1.05, 150, 16), "new senders", percent=True)
    x = Scale(0, max(len(rates) - 1, 1), 58, WIDE - 14)
    canvas.line([(x(position), y(rate)) for position, rate in enumerate(rates)], "line")
    for position, rate in enumerate(rates):
        canvas.dot(x(position), y(rate), "dot", f"{rate:.1%}", 2.0)
    cut = x(burn_in_days / batch_days - 0.5) if burn_in_days else None
    if cut is not None:
        canvas.line([(cut, 16), (cut, 150)], "limit")
        canvas.text(cut + 5, 26, "burn-in ends: thresholds are set on what comes after", kind="soft")
    if first_day is not None:
        begun = first_day - burn_in_days
        _dates(canvas, [(x(position), begun + position * batch_days) for position in range(len(rates))])
    return canvas.svg()


def tails(curves: Sequence[Curve], columns: int = 4) -> str:
    """Small pictures side by side: score to the right, share of benign mail that scores as high upward (log)."""
    columns = min(columns, max(len(curves), 1))
    wide, high = WIDE / columns, 128.0
    rows = ceil(len(curves) / columns)
    canvas = Canvas(WIDE, max(rows * high + 6, 40), "score tails of the detectors with their thresholds")
    for position, curve in enumerate(curves):
        left, top = (position % columns) * wide, (position // columns) * high
        _tail(canvas, curve, left, top, wide, high)
    return canvas.svg()


def audit(weeks: Sequence[Mapping[str, Any]]) -> str:
    """A dot a week with its interval, and what had been promised for it."""
    canvas = Canvas(WIDE, 200, "promised and observed false-positive rate, week by week")
    highs = sorted(week["high"] for week in weeks)
    # A week of little mail has an interval as high as the page; the others should still be told apart.
    top = max([week["promised"] for week in weeks] + [_rate(week) for week in weeks] + highs[: len(highs) * 9 // 10])
    y = _framed(canvas, Scale(0, max(top, 1e-6) * 1.15, 160, 16), "flagged campaigns", percent=True)
    x = Scale(0, max(len(weeks) - 1, 1), 70, WIDE - 20)
    for position, week in enumerate(weeks):
        at, rate = x(position), _rate(week)
        canvas.line([(at, y(week["low"])), (at, y(week["high"]))], "whisker")
        said = f"week of {_date(week['first_day'])}: {week['flagged']} of {week['campaigns']:,} campaigns"
        canvas.dot(at, y(rate), "dot" if week["kept"] else "bad", said)
    canvas.line([(x(position), y(week["promised"])) for position, week in enumerate(weeks)], "limit")
    _dates(canvas, [(x(position), week["first_day"]) for position, week in enumerate(weeks)], 176)
    canvas.text(WIDE - 8, 12, "dots: observed, with 95% interval · dashed: promised", "end", "soft")
    return canvas.svg()


def recall(lines: Mapping[str, Mapping[str, Any]], title: str) -> str:
    """A bar a kind of attack: caught, shown as suspicious, missed, and the interval of the recall."""
    canvas = Canvas(WIDE, 24 * len(lines) + 34, title)
    x = Scale(0, 1, 200, WIDE - 130)
    for position, (name, line) in enumerate(lines.items()):
        top = 20 + 24 * position
        sent = max(line["sent"], 1)
        caught, shown = line["caught"] / sent, line["suspicious"] / sent
        canvas.text(192, top + 11, name or "unknown", "end")
        canvas.box(x(0), top, x(1) - x(0), 15, "bar3")
        canvas.box(x(0), top, x(caught) - x(0), 15, "bar", f"{line['caught']} of {line['sent']} caught")
        canvas.box(
            x(caught), top, x(caught + shown) - x(caught), 15, "bar2", f"{line['suspicious']} shown as suspicious"
        )
        canvas.line([(x(line["low"]), top + 7.5), (x(line["high"]), top + 7.5)], "whisker")
        canvas.text(x(1) + 8, top + 11, f"{line['recall']:.0%} of {line['sent']}", kind="soft")
    canvas.text(x(0), 12, "dark: caught · light: shown as suspicious · line: 95% interval", kind="soft")
    return canvas.svg()


def _tail(canvas: Canvas, curve: Curve, left: float, top: float, wide: float, high: float) -> None:
    canvas.text(left + 8, top + 13, curve.detector, size=10.5)
    low = max(float(curve.shares.min(initial=1.0)), 1e-7)
    y = Scale(10 ** np.floor(np.log10(low)), 1.0, top + high - 18, top + 22, log=True)
    ends = (
        [*curve.scores[[0, -1]], *([] if curve.threshold is None else [curve.threshold])] if len(curve.scores) else []
    )
    x = Scale(min(ends, default=0.0), max(ends, default=1.0), left + 56, left + wide - 12)
    for value in y.ticks(3):
        canvas.line([(left + 52, y(value)), (left + wide - 10, y(value))], "grid")
        canvas.text(left + 49, y(value) + 3, f"1/{1 / value:,.0f}" if value < 1 else "all", "end", "soft", 9)
    canvas.line(
        [(x(float(score)), y(float(share))) for score, share in zip(curve.scores, curve.shares, strict=True)], "line"
    )
    if curve.threshold is not None:
        at = x(curve.threshold)
        canvas.line([(at, top + 20), (at, top + high - 18)], "limit")
        canvas.text(at - 3, top + high - 7, f"attack at {curve.threshold:.3g}", "end", "soft", 9)
    else:
        canvas.text(left + wide - 12, top + high - 7, "flags nothing alone", "end", "soft", 9)


def _framed(canvas: Canvas, y: Scale, said: str, percent: bool = False) -> Scale:
    for value in y.ticks(4):
        canvas.line([(50, y(value)), (canvas.width - 8, y(value))], "grid")
        canvas.text(46, y(value) + 4, f"{100 * value:.3g}%" if percent else f"{value:,.0f}", "end", "soft")
    canvas.line([(50, y(y.low)), (canvas.width - 8, y(y.low))], "axis")
    canvas.text(50, 12, said, kind="soft")
    return y


def _dates(canvas: Canvas, places: Sequence[tuple[float, int]], below: float = 166) -> None:
    step = max(1, ceil(len(places) / 9))
    for x, day in places[::step]:
        canvas.text(x, below, _date(day), "middle", "soft", 10)


def _rate(week: Mapping[str, Any]) -> float:
    return float(week["flagged"] / week["campaigns"]) if week["campaigns"] else 0.0


def _date(day: int) -> str:
    return datetime.fromtimestamp(day * SECONDS_A_DAY, UTC).strftime("%d %b %y")
