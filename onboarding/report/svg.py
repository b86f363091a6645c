"""SVG by a few lines of our own: axes, lines, bars. So the report needs no script, no font and no drawing library.

Colours are classes that the page styles, for light, dark and print; `standalone` gives a picture its own style, for where
it is shown alone.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape
from math import ceil, floor, log10

STYLE = """
.pic { display: block; width: 100%; height: auto; font: 11px system-ui, sans-serif; }
.pic text { fill: currentColor; } .pic .soft { opacity: 0.65; }
.pic .axis { stroke: currentColor; opacity: 0.35; fill: none; } .pic .grid { stroke: currentColor; opacity: 0.12; }
.pic .line { stroke: #2f6fb2; fill: none; stroke-width: 1.8; } .pic .dot { fill: #2f6fb2; }
.pic .bar { fill: #2f6fb2; } .pic .bar2 { fill: #2f6fb2; opacity: 0.45; } .pic .bar3 { fill: currentColor; opacity: 0.14; }
.pic .limit { stroke: #c0392b; stroke-width: 1.6; stroke-dasharray: 5 3; fill: none; }
.pic .bad { fill: #c0392b; } .pic .whisker { stroke: currentColor; stroke-width: 1.2; opacity: 0.7; }
"""
"""Of the pictures inside a page."""


@dataclass(frozen=True, slots=True)
class Scale:
    """From values to pixels."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Where a value lies; one outside lies at the edge."""
        if self.log:
            low, high, at = log10(self.low), log10(self.high), log10(min(max(value, self.low), self.high))
        else:
            low, high, at = self.low, self.high, min(max(value, self.low), self.high)
        share = (at - low) / (high - low) if high > low else 0.5
        return self.start + share * (self.end - self.start)

    def ticks(self, most: int = 5) -> list[float]:
        """Round values inside."""
        if self.log:
            powers = range(ceil(log10(self.low) - 1e-9), floor(log10(self.high) + 1e-9) + 1)
            step = max(1, ceil(len(powers) / most))
            return [10.0**power for power in powers][::step]
        span = self.high - self.low
        if span <= 0:
            return [self.low]
        step = 10 ** floor(log10(span / most))
        step = next(step * factor for factor in (1, 2, 5, 10) if span / (step * factor) <= most)
        first = ceil(self.low / step - 1e-9)
        return [step * n for n in range(first, floor(self.high / step + 1e-9) + 1)]


@dataclass(slots=True)
class Canvas:
    """A picture under way, in pixels from its upper left corner."""

    width: float
    height: float
    title: str
    parts: list[str] = field(default_factory=list)

    def line(self, points: Sequence[tuple[float, float]], kind: str) -> None:
        """A line through points."""
        if len(points) > 1:
            path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
            self.parts.append(f'<polyline class="{kind}" points="{path}"/>')

    def box(self, x: float, y: float, width: float, height: float, kind: str, said: str = "") -> None:
        """A filled rectangle; `said` shows when pointed at."""
        told = f"<title>{escape(said)}</title>" if said else ""
        size = f'x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}"'
        self.parts.append(f'<rect class="{kind}" {size}>{told}</rect>')

    def dot(self, x: float, y: float, kind: str, said: str = "", radius: float = 3.0) -> None:
        """A small disc."""
        told = f"<title>{escape(said)}</title>" if said else ""
        self.parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius}">{told}</circle>')

    def text(self, x: float, y: float, said: str, anchor: str = "start", kind: str = "", size: float = 11) -> None:
        """A word or two."""
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" class="{kind}" font-size="{size}">{escape(said)}</text>'
        )

    def svg(self) -> str:
        """The picture, named for those who cannot see it."""
        return (
            f'<svg class="pic" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width:.0f} {self.height:.0f}" '
            f'role="img" aria-label="{escape(self.title, quote=True)}">{"".join(self.parts)}</svg>'
        )


def standalone(svg: str) -> str:
    """The picture with its own style on white, for where no page styles it."""
    head, _, body = svg.partition(">")
    style = STYLE.replace(".pic { display: block; width: 100%; height: auto;", ".pic { color: #222;").strip()
    head = head.replace('class="pic"', _size(head), 1)
    return f'{head}><style>{style}</style><rect width="100%" height="100%" fill="#fff"/>{body}'


def as_data_uri(svg: str) -> str:
    """The picture as an address that carries it, for pages that are shown elsewhere."""
    return "data:image/svg+xml;base64," + b64encode(standalone(svg).encode()).decode()


def _size(head: str) -> str:
    width, height = head.partition('viewBox="0 0 ')[2].partition('"')[0].split()
    return f'class="pic" width="{width}" height="{height}"'
