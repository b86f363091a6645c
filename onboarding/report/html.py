"""The report as one self-contained page: no script, no font, no address to call; prints well."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from html import escape

from markdown_it import MarkdownIt

from onboarding.report.sections import Block, Figures, Picture, Section
from onboarding.report.svg import STYLE as PICTURES

STYLE = """
:root { color-scheme: light dark;
  --ink: #1d2733; --paper: #fff; --soft: #5c6b7a; --rule: #d9dfe5; --card: #f4f7fa; --accent: #2f6fb2; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e3e8ed; --paper: #14191f; --soft: #9aa7b4; --rule: #323b45; --card: #1c232b; --accent: #6ea8dc; }
}
* { box-sizing: border-box; }
body { font: 15px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; color: var(--ink); background: var(--paper);
  max-width: 58rem; margin: 2rem auto 4rem; padding: 0 1.2rem; }
header p { color: var(--soft); margin: 0.2rem 0 0; }
h1 { font-size: 1.7rem; margin: 0; line-height: 1.2; }
h2 { font-size: 1.2rem; line-height: 1.2; margin: 2.4rem 0 0.7rem; padding-bottom: 0.25rem;
  border-bottom: 2px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.5rem 0 0.3rem; overflow-wrap: anywhere; }
p, ul, ol { margin: 0.5rem 0; } ul, ol { padding-left: 1.3rem; } li { margin: 0.15rem 0; overflow-wrap: anywhere; }
nav { margin: 1rem 0 0; font-size: 0.88rem; }
nav a { color: var(--accent); margin-right: 1rem; white-space: nowrap; text-decoration: none; }
section.short { background: var(--card); border-left: 4px solid var(--accent); border-radius: 3px;
  padding: 0.4rem 1.2rem 0.8rem; margin-top: 1.4rem; }
section.short h2 { border: 0; margin: 0.6rem 0 0.3rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 0.85rem; width: 100%; margin: 0.6rem 0; }
th, td { text-align: left; vertical-align: top; padding: 0.28rem 0.6rem; border-bottom: 1px solid var(--rule); }
th { color: var(--soft); font-weight: 600; } td { overflow-wrap: break-word; } td:last-child strong { white-space: nowrap; }
td[style*="right"] { font-variant-numeric: tabular-nums; white-space: nowrap; }
code { background: var(--card); padding: 0 0.25rem; border-radius: 3px; font-size: 0.9em; overflow-wrap: anywhere; }
details { margin: 0.4rem 0 1rem; } summary { color: var(--accent); cursor: pointer; font-size: 0.88rem; }
figure { margin: 1rem 0; } figcaption { color: var(--soft); font-size: 0.85rem; margin-top: 0.2rem; }
footer { color: var(--soft); font-size: 0.82rem; margin-top: 2rem; break-before: avoid;
  border-top: 1px solid var(--rule); padding-top: 0.6rem; }
@media (max-width: 40rem) { body { margin-top: 1rem; } .wide figure { min-width: 34rem; } table { min-width: 30rem; } }
@media print {
  :root { --ink: #000; --paper: #fff; --soft: #444; --rule: #bbb; --card: #f3f3f3; --accent: #1d4f86; }
  @page { margin: 16mm; }
  body { margin: 0; max-width: none; padding: 0; font-size: 10.5pt; } nav, details { display: none; }
  h2, h3 { break-after: avoid; } tr, figure, li { break-inside: avoid; }
  .wide { overflow: visible; } table { font-size: 8.5pt; min-width: 0; }
}
"""

_RENDERER = MarkdownIt("commonmark", {"html": False}).enable("table")


def page(title: str, parts: Sequence[Section], made_at: datetime, about: str) -> str:
    """A page of the sections. Markup in the text of mail is shown, not obeyed."""
    links = " ".join(f'<a href="#{_anchor(s)}">{escape(s.title)}</a>' for s in parts[1:])
    head = f"<header><h1>{escape(title)}</h1><p>{escape(about)}</p></header>"
    body = "\n".join(
        f'<section id="{_anchor(s)}"{_first(n)}><h2>{escape(s.title)}</h2>{_blocks(s)}</section>'
        + (f"<nav>{links}</nav>" if n == 0 else "")
        for n, s in enumerate(parts)
    )
    foot = f"<footer>Made by Gatehouse on {made_at:%Y-%m-%d %H:%M} UTC. Holds no text of mail.</footer>"
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        # The page calls nothing; should a mail's text ever get through as markup, it may not either.
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>{escape(title)}</title><style>{STYLE}{PICTURES}</style></head>\n"
        f"<body>{head}{body}{foot}</body></html>\n"
    )


def _blocks(section: Section) -> str:
    return "\n".join(_block(block) for block in section.blocks)


def _block(block: Block) -> str:
    match block:
        case Picture():
            caption = f"<figcaption>{escape(block.caption)}</figcaption>"
            return f'<div class="wide"><figure>{block.svg}{caption}</figure></div>'
        case Figures():
            return f"<details><summary>The numbers</summary>{_rendered(block.markdown)}</details>"
    return _rendered(block)


def _rendered(markdown: str) -> str:
    made = str(_RENDERER.render(markdown))
    return made.replace("<table>", '<div class="wide"><table>').replace("</table>", "</table></div>")


def _anchor(section: Section) -> str:
    return section.title.lower().replace(" ", "-")


def _first(position: int) -> str:
    return ' class="short"' if position == 0 else ""
