"""Markdown as one self-contained page: no script, no font, no address to call; prints well."""

from __future__ import annotations

from html import escape

from markdown_it import MarkdownIt

STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1, h2 { line-height: 1.2; } h2 { margin-top: 2rem; border-bottom: 1px solid #8886; }
table { border-collapse: collapse; font-size: 0.9rem; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: 0.3rem 0.6rem; border-bottom: 1px solid #8884; overflow-wrap: anywhere; }
code { background: #8882; padding: 0 0.25rem; border-radius: 3px; }
@media print { body { margin: 0; max-width: none; } h2 { break-after: avoid; } tr { break-inside: avoid; } }
"""

_RENDERER = MarkdownIt("commonmark", {"html": False}).enable("table")


def page(title: str, markdown: str) -> str:
    """A page with this title. Markup in the Markdown's text is shown, not obeyed."""
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>{escape(title)}</title><style>{STYLE}</style></head>\n"
        f"<body>{_RENDERER.render(markdown)}</body></html>\n"
    )
