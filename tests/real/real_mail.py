"""What the tests of real mail servers put into mailboxes, and what they read out of them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from email.utils import formatdate

from detection.mail.message import Skip
from onboarding.sources.base import Listed, Page

DAY = 86_400
NOW = int(time.time())


def letter(number: int, to: str = "ann@acme.example", sender: str = "bob@partner.example", size: int = 0) -> bytes:
    """A small mail, in CRLF."""
    lines = f"From: Bob <{sender}>\r\nTo: <{to}>\r\nSubject: note {number}\r\nMessage-ID: <{number}.{sender}>\r\n"
    return f"{lines}Date: {formatdate(NOW - DAY)}\r\n\r\nhello {number}\r\n".encode() + (b"x" * 998 + b"\r\n") * (
        size // 1000
    )


def letters(numbers: Iterable[int], first: int = 60) -> list[tuple[bytes, int]]:
    """Letters with times a tenth of a day apart, the first so many days ago."""
    return [(letter(number), NOW - first * DAY + at * DAY // 10) for at, number in enumerate(numbers)]


def listed(pages: Iterable[Page]) -> list[Listed]:
    """Every message on pages."""
    return [message for page in pages for message in page.messages]


def numbers(messages: Iterable[Listed]) -> list[int]:
    """The numbers in their subjects; -1 for what was skipped."""
    return [
        -1 if isinstance(m.content, Skip) else int(m.content.split(b"note ", 1)[1].split(b"\r\n")[0]) for m in messages
    ]


def stopping_after(pages: Iterator[Page], count: int) -> tuple[list[Page], str | None]:
    """The first pages and the cursor behind them, as when a run is killed."""
    read = [page for page, _ in zip(pages, range(count), strict=False)]
    return read, read[-1].cursor if read else None
