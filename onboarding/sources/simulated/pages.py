"""The looks of training letters: one text as plain text, as simple HTML, as a marketing page or as a picture.

Every look is dealt alike to attacks and to benign mail, so that nothing but its words tells a letter apart.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from enum import StrEnum
from html import escape

from onboarding.sources.simulated.randomness import Draw


class Look(StrEnum):
    """How a letter is shown."""

    PLAIN = "plain"
    SIMPLE = "simple"
    MARKETING = "marketing"
    PICTURE = "picture"


LOOKS = ((Look.PLAIN, 40.0), (Look.SIMPLE, 32.0), (Look.MARKETING, 25.0), (Look.PICTURE, 3.0))
"""How often each is dealt."""

_LINK = re.compile(r"\[\[([^\]]*)\]\]")

Link = Callable[[], str]
"""A target for the next link."""


def plain_text(text: str, link: Link) -> str:
    """The text with the targets of its links behind their words."""
    return _LINK.sub(lambda match: f"{match.group(1)} <{link()}>" if match.group(1) else link(), text)


def simple_page(text: str, link: Link) -> str:
    """Paragraphs as people's mail programs write them."""
    paragraphs = "".join(f"<p>{_line_breaks(_linked(part, link))}</p>\n" for part in text.split("\n\n"))
    return f"<html><head></head><body>\n{paragraphs}</body></html>\n"


def marketing_page(text: str, link: Link, draw: Draw, title: str) -> str:
    """A page of tables with a logo, a button for each link that stands alone, a picture that counts who reads."""
    colour = draw.pick(("#0b5cad", "#c8102e", "#f2a900", "#1a7f37", "#222222", "#6a1b9a", "#0078a8"))
    cells: list[str] = []
    for part in text.split("\n\n"):
        alone = _LINK.fullmatch(part.strip())
        if alone:
            cells.append(
                f'<a href="{escape(link())}" style="display:inline-block;padding:12px 24px;border-radius:4px;'
                f'background:{colour};color:#ffffff;text-decoration:none">{escape(alone.group(1))}</a>'
            )
        else:
            cells.append(_line_breaks(_linked(part, link)))
    rows = "".join(
        f'<tr><td style="padding:8px 24px;font-family:Arial,sans-serif;font-size:14px;color:#333333">{cell}</td></tr>\n'
        for cell in cells
    )
    logo = f'<tr><td style="padding:16px 24px;background:{colour}"><img src="{_picture(link)}" alt="" width="140"></td></tr>\n'
    preheader = f'<div style="display:none;max-height:0">{escape(title)}</div>\n' if draw.chance(0.3) else ""
    return (
        '<!DOCTYPE html><html><head><meta charset="utf-8"><style>td{line-height:1.5}</style></head>\n'
        f'<body style="margin:0;background:#f4f4f4">\n{preheader}'
        '<table width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">\n'
        f'<table width="600" cellpadding="0" cellspacing="0" style="background:#ffffff">\n{logo}{rows}</table>\n'
        f'</td></tr></table>\n<img src="{_picture(link)}" width="1" height="1" alt="">\n</body></html>\n'
    )


def picture_page(link: Link) -> str:
    """A page that is one picture with a link behind it."""
    return f'<html><body><a href="{escape(link())}"><img src="{_picture(link)}" alt="" width="600"></a></body></html>\n'


def _picture(link: Link) -> str:
    return escape(link().rstrip("/") + "/i.png")


def _linked(text: str, link: Link) -> str:
    parts = _LINK.split(text)
    return "".join(
        f'<a href="{escape(link())}">{escape(part)}</a>' if number % 2 else escape(part)
        for number, part in enumerate(parts)
    )


def _line_breaks(html: str) -> str:
    return html.replace("\n", "<br>\n")
