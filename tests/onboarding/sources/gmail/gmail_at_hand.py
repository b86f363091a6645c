"""Small organisations for the tests of Gmail, and what is read of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from simulators.gmail import Gmail
from simulators.gmail_store import gmail_id
from simulators.limits import Limit
from simulators.organisation import Organisation

from detection.mail.message import Folder
from onboarding.sources.base import Listed, Page
from onboarding.sources.gmail.source import GmailSource

Serve = Callable[..., GmailSource]

FASTER = 40.0
"""How many times faster than ours the source's time passes: waits of seconds take milliseconds."""

GENEROUS = Limit(units=10_000_000, seconds=60.0, at_once=10)
ANN = "user0@acme.example"


def letter(number: int, sender: str = "bob@partner.example", to: str = ANN, size: int = 0) -> bytes:
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


def gmail_of(organisation: Organisation, *args: object, **more: object) -> Gmail:
    """A simulated Gmail that allows more than anybody asks."""
    return Gmail(organisation, *args, **{"limit": GENEROUS, **more})  # type: ignore[arg-type]


def all_of(source: GmailSource, mailbox: str, cursor: str | None = None, since: int | None = None) -> list[Page]:
    """Every page behind a cursor."""
    return list(source.history(mailbox, cursor, since))


def listed(pages: Iterable[Page]) -> list[Listed]:
    """Every message on them."""
    return [message for page in pages for message in page.messages]


def ids(pages: Iterable[Page]) -> list[str]:
    """The ids of every message on them."""
    return [message.path.rpartition("/")[2] for message in listed(pages)]


def ids_in(organisation: Organisation, mailbox: str) -> list[str]:
    """The ids of what is in a mailbox."""
    return sorted(map(gmail_id, organisation.boxes[mailbox].items))
