"""`mbox:PATH`: a file of many messages (mboxrd) is a mailbox; a folder holds one mailbox a file, at any depth.

In a folder, files called `*.mbox` or `*.mbx` are mailboxes and so is any file that begins with `From `. A mailbox is
called by its path in the folder, without `.mbox`.

The cursor is the byte offset behind the last message, with a digest of what lies just before it. Messages appended
later are read on from there; when the file was cut or rewritten below it (mail programs compact mailboxes) reading on
could miss mail or give it twice, so that raises CursorLostError and the mailbox is to be read from the start.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from detection.mail.message import Folder, Skip, SkipReason
from onboarding.sources.base import CursorLostError, Listed, MailboxInfo, Page, Requirement, Source, SourceError
from onboarding.sources.folders import folder_of
from onboarding.sources.local import Entry, entries, requirements
from onboarding.sources.mboxrd import Piece, pieces, read_range, separators, unquoted
from onboarding.sources.paging import MESSAGE_BYTES, PAGE_MESSAGES, paged, too_large
from onboarding.sources.registry import scheme
from onboarding.sources.uri import absolute_path, name_of, text_of

SUFFIXES = (b".mbox", b".mbx")
FINGERPRINTED = 4_096
COUNTED_BYTES = 8_000_000
"""A mailbox's estimate is counted in this much of its beginning."""


@scheme("mbox", "mbox:FILE-OR-FOLDER", "mbox files (mboxrd), each a mailbox")
def open_mbox(rest: str) -> Source:
    """The source of an mbox file, or of a folder of them."""
    return MboxFiles(absolute_path("mbox", rest))


@dataclass(frozen=True, slots=True)
class MboxFiles:
    """The mbox file at the absolute path `root`, or those below the folder; messages above `cap` bytes are not read."""

    root: str
    cap: int = MESSAGE_BYTES
    page_messages: int = PAGE_MESSAGES

    @property
    def uri(self) -> str:
        return f"mbox:{self.root}"

    def check(self) -> list[Requirement]:
        """Whether the path is there, can be read, and holds a message."""
        return requirements(self.root, self._holding, "give an mbox file (it begins with 'From '), or a folder of them")

    def mailboxes(self) -> list[MailboxInfo]:
        """Every mbox file, by name."""
        return [MailboxInfo(name, self._estimate(path)) for name, path in sorted(self._files().items())]

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """The messages of a mailbox from the cursor's offset on, in pages."""
        path = self._file_of(mailbox)
        if path is None:
            raise SourceError(
                f"mailbox {mailbox} is not in {self.uri}: its file is not there or no longer an mbox file"
            )
        try:
            with open(path, "rb", buffering=0) as file:
                start = 0 if cursor is None else self._offset(file.fileno(), mailbox, cursor)
                yield from paged(
                    ((self._listed(file.fileno(), path, piece), piece.end) for piece in pieces(file.fileno(), start)),
                    lambda end: _cursor(file.fileno(), end),
                    page_messages=self.page_messages,
                )
        except OSError as error:
            raise SourceError(
                f"mailbox {mailbox} of {self.uri} cannot be read: {error.strerror or error}; make "
                f"{text_of(path)} readable, then go on"
            ) from error

    def _files(self) -> dict[str, bytes]:
        """Absolute paths of all mailboxes by name."""
        root = os.fsencode(self.root)
        if os.path.isfile(root):
            return {text_of(_stem(os.path.basename(root))): root}
        return {name: os.path.join(root, path) for name, path in self._named(b"", None, deep=True)}

    def _file_of(self, mailbox: str) -> bytes | None:
        """The absolute path of one mailbox, looking only into the folder it lies in."""
        if os.path.isfile(self.root):
            return self._files().get(mailbox)
        path = name_of(mailbox)
        folder, _, last = path.rpartition(b"/")
        steps = folder.split(b"/") if folder else []
        if b"\0" in path or any(not step or step.startswith(b".") for step in steps):
            return None
        for name, path in self._named(folder, last, deep=False):
            if name == mailbox:
                return os.path.join(os.fsencode(self.root), path)
        return None

    def _named(self, below: bytes, only: bytes | None, *, deep: bool) -> Iterator[tuple[str, bytes]]:
        """Name and relative path of the mailboxes in a folder; the first of a name is called by it, others in full."""
        taken: set[bytes] = set()
        for entry in entries(self.root, below):
            path = below + b"/" + entry.name if below else entry.name
            if entry.is_folder:
                if deep:
                    yield from self._named(path, None, deep=True)
            elif self._may_be(entry, only) and self._is_mbox(path):
                stem = _stem(path)
                yield text_of(path if stem in taken else stem), path
                taken.add(stem)

    def _may_be(self, entry: Entry, only: bytes | None) -> bool:
        return not entry.is_stray_link and (only is None or _stem(entry.name) in (only, _stem(only)))

    def _is_mbox(self, path: bytes) -> bool:
        full = os.path.join(os.fsencode(self.root), path)
        if not os.path.isfile(full):
            return False
        if path.lower().endswith(SUFFIXES):
            return True
        try:
            with open(full, "rb", buffering=0) as file:
                return file.read(5) == b"From "
        except OSError:
            return True  # reading its pages will say why it cannot be read

    def _listed(self, descriptor: int, path: bytes, piece: Piece) -> Listed:
        content: bytes | Skip
        if piece.separator is None:
            content = Skip(SkipReason.NOT_A_MESSAGE, f"{piece.end - piece.start:,} bytes outside any message")
        elif piece.end - piece.separator.line_end > self.cap:
            content = too_large(piece.end - piece.separator.line_end, self.cap)
        else:
            content = unquoted(read_range(descriptor, piece.separator.line_end, piece.end))
        root = os.fsencode(self.root)
        relative = os.path.basename(path) if path == root else os.path.relpath(path, root)
        kind = folder_of(text_of(_stem(relative)).split("/"))
        folder = Folder.UNKNOWN if kind is Folder.OTHER else kind
        return Listed(
            f"{text_of(relative)}#{piece.start}", content, folder, piece.separator.time if piece.separator else None
        )

    def _offset(self, descriptor: int, mailbox: str, cursor: str) -> int:
        number, _, _ = cursor.partition("-")
        size = os.fstat(descriptor).st_size
        if (
            not (number.isascii() and number.isdigit())
            or int(number) > size
            or _cursor(descriptor, int(number)) != cursor
        ):
            raise CursorLostError(
                f"mailbox {mailbox} of {self.uri} was cut or rewritten since it was last read (its cursor {cursor!r} "
                f"no longer fits the file of {size:,} bytes): drop what was stored of it and read it from the start"
            )
        return int(number)

    def _estimate(self, path: bytes) -> int | None:
        try:
            with open(path, "rb", buffering=0) as file:
                size = os.fstat(file.fileno()).st_size
                *found, looked_at = separators(file.fileno(), 0, COUNTED_BYTES)
                assert isinstance(looked_at, int)
                return len(found) * size // max(1, looked_at)
        except OSError:
            return None

    def _holding(self) -> tuple[bool, str]:
        files = self._files()
        for name, path in sorted(files.items()):
            with open(path, "rb", buffering=0) as file:
                first = next(pieces(file.fileno(), 0), None)
                if first is not None:
                    return True, f"{len(files)} mailboxes; {name} holds mail"
        return False, f"{len(files)} mbox files, no message in them" if files else "no mbox file in it or below it"


def _stem(path: bytes) -> bytes:
    stem, suffix = os.path.splitext(path)
    return stem if suffix.lower() in SUFFIXES and stem else path


def _cursor(descriptor: int, offset: int) -> str:
    before = os.pread(descriptor, min(FINGERPRINTED, offset), max(0, offset - FINGERPRINTED))
    return f"{offset}-{blake2b(before, digest_size=8).hexdigest()}"
