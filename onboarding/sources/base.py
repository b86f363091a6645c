"""What a source of mail is: mailboxes, and pages of raw messages in an order that a cursor can resume.

A source reads; it never writes to the mail it reads. It knows nothing of the database: the caller records each page
and its cursor in one transaction (`onboarding.ingest`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from detection.mail.message import Folder, Skip


class SourceError(Exception):
    """A source cannot be read as asked. The message says what was being read, what is wrong, and what to do."""


class CursorLostError(SourceError):
    """The mail was rewritten below a cursor, so that reading on from it could miss messages or give them twice.

    What helps: drop what was stored of the mailbox and read it again from the start (cursor None).
    """


@dataclass(frozen=True, slots=True)
class MailboxInfo:
    """One mailbox as the source lists it. `estimate` is its number of messages when the source knows it cheaply."""

    name: str
    estimate: int | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """One message that the source lists: its bytes, or why they could not be had.

    `path` is stable across runs and unique within the source: it names the message to a person and in the accounting.
    `time_hint` is when the source says it arrived (seconds since the epoch), for mail whose own dates cannot be used.
    """

    path: str
    content: bytes | Skip
    folder: Folder = Folder.UNKNOWN
    time_hint: int | None = None
    label: str = ""
    """For evaluation, never for detection: what the source knows of it ("" nothing, "benign", a kind of attack)."""


@dataclass(frozen=True, slots=True)
class Page:
    """A bounded run of messages of one mailbox and the cursor behind it: reading from `cursor` continues after it.

    Every message the source lists is on exactly one page, whether or not its content could be had.
    """

    messages: tuple[Listed, ...]
    cursor: str


@dataclass(frozen=True, slots=True)
class Requirement:
    """One thing a source needs, whether it is there, how that is known, and what to do when it is not."""

    name: str
    granted: bool
    evidence: str
    remedy: str = ""


class Source(Protocol):
    """Where a tenant's mail comes from.

    Same mail, same pages: two reads of unchanged mail give the same bytes in the same order.
    """

    @property
    def uri(self) -> str:
        """The canonical URI: opening it anywhere opens this source again."""
        ...

    def check(self) -> list[Requirement]:
        """What is needed and whether it is there; never raises for a missing thing."""
        ...

    def mailboxes(self) -> list[MailboxInfo]:
        """Every mailbox, in a stable order. Raises SourceError when the source cannot be listed."""
        ...

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """The pages of a mailbox after a cursor (None: from the start), each at most some thousand messages and
        some tens of megabytes. Raises SourceError when the mailbox cannot be read."""
        ...
