"""What listed messages say: fetched by folder, some megabytes at a time, without a flag being set."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from imapclient import IMAPClient

from detection.mail.message import Folder, Skip, SkipReason
from onboarding.sources.base import CursorLostError, Listed, SourceError
from onboarding.sources.folders import said_of
from onboarding.sources.imap.connection import Connection, Opened, RefusedError
from onboarding.sources.imap.folders import ImapFolder
from onboarding.sources.paging import MESSAGE_BYTES, PAGE_BYTES, PAGE_MESSAGES, too_large

CHUNK = 500
"""Messages whose times and sizes are asked for at once."""

FETCH_BYTES = 4_000_000
"""Of contents in one answer, about: what is lost when the line breaks."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message as a folder lists it. `received` in seconds since the epoch, None when the server does not say."""

    folder: ImapFolder
    validity: int
    uid: int
    received: int | None
    size: int
    keywords: frozenset[str] = frozenset()

    @property
    def kind(self) -> Folder:
        """What it is, by its folder and what stands on it."""
        return said_of(self.folder.kind, self.keywords)

    def path(self, mailbox: str) -> str:
        """Its name, in the manner of RFC 5092."""
        return f"{mailbox}/{quote(self.folder.name, safe='')};UIDVALIDITY={self.validity}/;UID={self.uid}"


def named(path: str) -> tuple[str, int, int]:
    """Folder, UIDVALIDITY and UID in a path. Raises SourceError for one that is none."""
    try:
        rest, uid = path.rsplit("/;UID=", 1)
        rest, validity = rest.rsplit(";UIDVALIDITY=", 1)
        return unquote(rest.rpartition("/")[2]), int(validity), int(uid)
    except ValueError:
        raise SourceError(f"{path} does not name a message of an IMAP server") from None


def grouped(entries: Iterator[Entry]) -> Iterator[list[Entry]]:
    """Entries in their order, in groups that fit into a page."""
    group: list[Entry] = []
    held = 0
    for entry in entries:
        size = 0 if entry.size > MESSAGE_BYTES else entry.size
        if group and (len(group) >= PAGE_MESSAGES or held + size > PAGE_BYTES):
            yield group
            group, held = [], 0
        group.append(entry)
        held += size
    if group:
        yield group


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one mailbox over its line."""

    connection: Connection
    mailbox: str

    def entries(self, folder: ImapFolder, validity: int, uids: Sequence[int]) -> list[Entry]:
        """Times and sizes of messages, in the order of `uids`; of those deleted meanwhile too, so that none is lost."""

        def ask(client: IMAPClient, opened: Opened) -> dict[int, dict[bytes, object]]:
            same(self.mailbox, folder, validity, opened)
            return dict(client.fetch(list(uids), ["INTERNALDATE", "RFC822.SIZE", "FLAGS"]))

        answers = self.connection.inside(folder.name, "the messages", ask)
        return [self._entry(folder, validity, uid, answers.get(uid, {})) for uid in uids]

    def read(self, entries: Sequence[Entry]) -> tuple[Listed, ...]:
        """Each entry with its content or why it could not be had, in the order given. Raises ProviderError when the
        mailbox cannot be read any more, CursorLostError when a folder was made anew."""
        found: dict[tuple[str, int], bytes | Skip] = {}
        by_folder: dict[str, list[Entry]] = {}
        for entry in entries:
            if entry.size > MESSAGE_BYTES:
                found[entry.folder.name, entry.uid] = too_large(entry.size, MESSAGE_BYTES)
            else:
                by_folder.setdefault(entry.folder.name, []).append(entry)
        for name, of_folder in by_folder.items():
            for batch in _batches(of_folder):
                for uid, content in self._contents(batch).items():
                    found[name, uid] = content
        return tuple(Listed(e.path(self.mailbox), found[e.folder.name, e.uid], e.kind, e.received) for e in entries)

    def _contents(self, batch: Sequence[Entry]) -> dict[int, bytes | Skip]:
        try:
            answers = self._fetched(batch)
        except RefusedError as error:
            if error.not_there:
                raise
            if len(batch) > 1:
                # One that cannot be given spoils the answer for all (RFC 5530: EXPUNGEISSUED).
                return {uid: content for one in batch for uid, content in self._contents([one]).items()}
            self._is_there(batch[0].folder)
            return {batch[0].uid: Skip(SkipReason.UNREADABLE, f"the server did not give it: {error}")}
        return {entry.uid: _content(answers.get(entry.uid)) for entry in batch}

    def _fetched(self, batch: Sequence[Entry]) -> dict[int, dict[bytes, object]]:
        folder, validity = batch[0].folder, batch[0].validity

        def ask(client: IMAPClient, opened: Opened) -> dict[int, dict[bytes, object]]:
            same(self.mailbox, folder, validity, opened)
            return dict(client.fetch([entry.uid for entry in batch], ["BODY.PEEK[]"]))

        return self.connection.inside(folder.name, "messages", ask)

    def _is_there(self, folder: ImapFolder) -> None:
        """Is it the message, or the whole folder? Raises ProviderError when the folder cannot be opened any more."""
        self.connection.reopen()
        self.connection.inside(folder.name, "a folder", lambda client, opened: None)

    def _entry(self, folder: ImapFolder, validity: int, uid: int, answer: dict[bytes, object]) -> Entry:
        at, size, flags = (answer.get(name) for name in (b"INTERNALDATE", b"RFC822.SIZE", b"FLAGS"))
        words = flags if isinstance(flags, tuple) else ()
        keywords = frozenset(word.decode("ascii", "replace") for word in words if isinstance(word, bytes))
        return Entry(folder, validity, uid, _seconds(at), size if isinstance(size, int) else 0, keywords)


def same(mailbox: str, folder: ImapFolder, validity: int, opened: Opened) -> None:
    """Raises CursorLostError when a folder is no longer the one that was read."""
    if opened.uid_validity != validity:
        raise CursorLostError(
            f"mailbox {mailbox}: the server numbers the folder {'/'.join(folder.way)} anew (UIDVALIDITY {validity} is now "
            f"{opened.uid_validity}): which of its messages were read cannot be told"
        )


def _content(answer: dict[bytes, object] | None) -> bytes | Skip:
    content = (answer or {}).get(b"BODY[]")
    if not isinstance(content, bytes):
        return Skip(SkipReason.GONE, "deleted after it was listed")
    # Whoever lies about a size gets no more than the cap either.
    return content if len(content) <= MESSAGE_BYTES else too_large(len(content), MESSAGE_BYTES)


def _batches(entries: Sequence[Entry]) -> Iterator[list[Entry]]:
    batch: list[Entry] = []
    held = 0
    for entry in entries:
        if batch and held + entry.size > FETCH_BYTES:
            yield batch
            batch, held = [], 0
        batch.append(entry)
        held += entry.size
    if batch:
        yield batch


def _seconds(at: object) -> int | None:
    if not isinstance(at, datetime):
        return None
    try:
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    except (OverflowError, ValueError):
        return None
