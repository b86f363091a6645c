"""Pieces of Markdown that are safe whatever mail says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence


def table(head: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """A Markdown table of cells that are safe already; columns of `numbers` are set to the right."""
    right = set(numbers)
    rule = ["---:" if position in right else "---" for position in range(len(head))]
    return "\n".join(f"| {' | '.join(row)} |" for row in (head, rule, *rows))


def cell(text: str) -> str:
    """Text from mail made safe for a Markdown table: no markup, no new cell, no link.

    Many readers of Markdown, the Prefect UI among them, make links of bare addresses: of an attacker's site as well.

    >>> cell("www.evil.example, a@b.example")
    'www&#46;evil.example, a&#64;b.example'
    """
    safe = "".join(f"&#{ord(c)};" if c in "|<>[]`*&\\_#!~@" else c for c in text if c.isprintable())
    return _BARE_ADDRESS.sub(lambda found: found[0].replace(".", "&#46;").replace("/", "&#47;"), safe)


_BARE_ADDRESS = re.compile(r"www\.|://", re.IGNORECASE)


def one_in(rate: float | None) -> str:
    """A rate as people say it.

    >>> one_in(0.001), one_in(0.25), one_in(0.0), one_in(None)
    ('1 in 1,000', '25%', 'none', '')
    """
    if rate is None:
        return ""
    if rate <= 0:
        return "none"
    return f"1 in {1 / rate:,.0f}" if rate < 0.1 else f"{rate:.0%}"


def number(value: float | None) -> str:
    """A number with four digits that matter; nothing for None.

    >>> number(12040.0), number(0.09397), number(None)
    ('12,040', '0.09397', '')
    """
    if value is None:
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"
