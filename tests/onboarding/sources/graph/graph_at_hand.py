"""Small organisations for the tests of Microsoft Graph, and what is read of them."""

from __future__ import annotations

import time
from collections.abc import Callable

from simulators.organisation import Organisation

from detection.mail.message import Folder
from onboarding.sources.base import Listed, Page
from onboarding.sources.graph.source import GraphSource

Serve = Callable[..., GraphSource]

FASTER = 40.0
"""How many times faster than ours the source's time passes: waits of seconds take milliseconds."""


def letter(number: int, sender: str = "bob@partner.example", to: str = "ann@acme.example", size: int = 0) -> bytes:
    """A small mail, in CRLF as providers give it."""
    return (
        f"From: Bob <{sender}>\r\nTo: Ann <{to}>\r\nSubject: note {number}\r\n"
        f"Message-ID: <{number}.{sender}>\r\nDate: Mon, 1 Jun 2026 10:00:00 +0000\r\n\r\nhello {number}\r\n"
    ).encode() + b"x" * size


def small(mailboxes: int = 3, messages: int = 45) -> Organisation:
    """A few mailboxes with two months of mail; several messages share a second."""
    made = Organisation("acme.example")
    now = int(time.time())
    for number in range(mailboxes):
        address = f"user{number}@acme.example"
        made.open(address)
        for count in range(messages):
            kind = (Folder.INBOX, Folder.INBOX, Folder.SENT, Folder.JUNK, Folder.OTHER)[count % 5]
            received = now - 60 * 86_400 + (count // 3) * 86_400
            made.deliver(address, letter(1000 * number + count, to=address), received, kind)
    return made


def all_of(source: GraphSource, mailbox: str, cursor: str | None = None, since: int | None = None) -> list[Page]:
    """Every page behind a cursor."""
    return list(source.history(mailbox, cursor, since))


def listed(pages: list[Page]) -> list[Listed]:
    """Every message on them."""
    return [message for page in pages for message in page.messages]


def ids(pages: list[Page]) -> list[str]:
    """The ids of every message on them."""
    return [message.path.rpartition("/")[2] for message in listed(pages)]
