"""What a source of mail is: mailboxes, and pages of raw messages in an order that a cursor can resume.

A source reads; it never writes to the mail it reads. It knows nothing of the database: the caller records each page
and its cursor in one transaction (`onboarding.ingest`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

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
    body_unknown: bool = False
    """The source gives no body (a grant of metadata only): what the body would say is unknown, not harmless."""


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
    optional: bool = False
    """Onboarding goes on without it; what then is missing, the remedy says."""
    permission: bool = False
    """It is something to be granted, by an admin of the source."""


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


@runtime_checkable
class ReadsBack(Protocol):
    """A source that can begin with the newest mail and read only as far back as is needed (those over the network)."""

    def history(self, mailbox: str, cursor: str | None, since: int | None) -> Iterator[Page]:
        """The pages of a mailbox after a cursor: history from the newest mail back to `since` (seconds since the epoch;
        None: as far as the source goes), then what has come since reading began. When there is mail older than `since`,
        one of it is listed, skipped as outside the lookback: whoever wants more history has to know that it is there.
        Raises SourceError when the mailbox cannot be read."""
        ...

    def mailboxes_since(self, since: int | None) -> list[MailboxInfo]:
        """As `mailboxes`, with estimates of what `history` will list."""
        ...


@runtime_checkable
class ReadsManyAtOnce(Protocol):
    """A source whose `pages` and `history` may be called from many threads, each for another mailbox."""

    mailboxes_at_once: int


@runtime_checkable
class Overlaps(Protocol):
    """A source in which a message may turn up a little behind a cursor: who follows it reads some of it again."""

    def overlapping(self, cursor: str) -> str:
        """A cursor before the given one, by as much as a message may be late."""
        ...


@runtime_checkable
class Moves(Protocol):
    """A source that can move a message to another folder of its mailbox: for `enforce`, and only there."""

    def move(self, mailbox: str, path: str, folder: Folder) -> str:
        """Moves the message that was listed under `path`; gives its path from now on (moving that one back undoes it).
        Moving a message to where it is changes nothing. Raises SourceError when it is gone or may not be moved."""
        ...


def read_pages(source: Source, mailbox: str, cursor: str | None, since: int | None) -> Iterator[Page]:
    """The pages of a mailbox after a cursor, from a source of any kind; `since` as `ReadsBack.history` has it."""
    if isinstance(source, ReadsBack):
        return source.history(mailbox, cursor, since)
    return source.pages(mailbox, cursor)
