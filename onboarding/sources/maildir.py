"""`maildir:FOLDER`: a maildir (`cur`, `new`) is a mailbox, or each of the maildirs below the folder is one.

Recognised are Maildir++ (folders inside as `.Sent`, `.Archive.2023`), folders in plain sub-folders (`Sent/cur`), home
folders (`jane/Maildir` is mailbox `jane`), and what synchronising programs write (`jane/INBOX`, `jane/Sent`: mailbox
`jane`). `tmp` is never read, symbolic links are never followed.

Messages come in the order of (delivery time, unique name, folder). Unique names stay when a mail program changes flags
or moves a message from `new` to `cur`, so the cursor, which is the last such triple, survives that; so does a path,
which is written without `new`, `cur` and flags.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Self

from detection.mail.message import Folder, Skip, SkipReason
from onboarding.sources.base import CursorLostError, Listed, MailboxInfo, Page, Requirement, Source, SourceError
from onboarding.sources.local import requirements
from onboarding.sources.maildir_moves import move_message
from onboarding.sources.maildirs import Maildir, MailFolder, find_maildirs, mail_folders, maildir_at, message_names
from onboarding.sources.paging import MESSAGE_BYTES, PAGE_MESSAGES, paged, read_message_file
from onboarding.sources.registry import scheme
from onboarding.sources.uri import absolute_path, name_of, text_of

EARLIEST, LATEST = 315_532_800, 4_102_444_800
"""1980 to 2100: what looks like a delivery time outside of it is just a name."""

LATE_SECONDS = 300
"""How late a message may turn up behind others."""

LOOKS_AGAIN_AFTER = 1.0
"""Seconds between two looks at a folder for messages that were renamed while it was being read."""


@scheme("maildir", "maildir:FOLDER", "a maildir (also Maildir++), or a folder of maildirs, each a mailbox")
def open_maildir(rest: str) -> Source:
    """The source of one maildir or a folder of them."""
    return Maildirs(absolute_path("maildir", rest))


class Position(NamedTuple):
    """Where a message stands in its mailbox; positions sort as messages come.

    `time`: of delivery, 0 unknown. `copy` tells apart messages that break the rule and share a unique name.
    """

    time: int
    unique: bytes
    folder: bytes
    copy: int

    def cursor(self) -> str:
        return f"{self.time}/{self.copy}/{text_of(self.unique)}/{text_of(self.folder)}"

    @classmethod
    def parse(cls, cursor: str) -> Self | None:
        match = re.fullmatch(r"(\d+)/(\d+)/([^/]+)/(.*)", cursor, re.ASCII)
        return match and cls(int(match[1]), name_of(match[3]), name_of(match[4]), int(match[2]))


class MessageFile(NamedTuple):
    """One message of a mailbox and where its file was when the mailbox was listed."""

    position: Position
    folder: MailFolder
    part: bytes
    name: bytes


@dataclass(frozen=True, slots=True)
class Maildirs:
    """The maildirs at or below the absolute path `root`; messages above `cap` bytes are not read."""

    root: str
    cap: int = MESSAGE_BYTES
    page_messages: int = PAGE_MESSAGES

    @property
    def uri(self) -> str:
        return f"maildir:{self.root}"

    def check(self) -> list[Requirement]:
        """Whether the folder is there, can be read, and holds a maildir with a message."""
        return requirements(self.root, self._holding, "give a maildir (a folder with cur and new), or a folder of them")

    def mailboxes(self) -> list[MailboxInfo]:
        """Every maildir, by name."""
        return [MailboxInfo(box.name, self._count(box)) for box in find_maildirs(self.root)]

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """The messages of a mailbox that stand behind the cursor, in pages."""
        after = None if cursor is None else Position.parse(cursor)
        if cursor is not None and after is None:
            raise CursorLostError(f"{cursor!r} is no cursor of mailbox {mailbox} in {self.uri}: read it from the start")
        box = maildir_at(self.root, mailbox)
        if box is None:
            raise SourceError(
                f"mailbox {mailbox} is not in {self.uri}: its maildir is not there; restore it, or leave "
                "the mailbox out"
            )
        files = sorted(file for file in _files(self.root, box) if after is None or file.position > after)
        reader = _Reader(self.root, box, self.cap)
        read = ((_listed(box, file, reader.read(file)), file.position) for file in files)
        return paged(read, Position.cursor, page_messages=self.page_messages)

    def overlapping(self, cursor: str) -> str:
        """A cursor some minutes earlier: deliveries of one moment come in no order, and a clock may be a little behind."""
        at = Position.parse(cursor)
        return cursor if at is None else Position(max(at.time - LATE_SECONDS, 0), b"0", b"", 0).cursor()

    def move(self, mailbox: str, path: str, folder: Folder) -> str:
        """Moves a message to another folder of its mailbox."""
        box = maildir_at(self.root, mailbox)
        if box is None:
            raise SourceError(f"mailbox {mailbox} is not in {self.uri}: its maildir is not there any more")
        return move_message(self.root, box, path, folder, unique_name)

    def _count(self, box: Maildir) -> int | None:
        try:
            return sum(len(message_names(self.root, box, folder)) for folder in mail_folders(self.root, box))
        except SourceError:
            return None  # reading its pages will say why

    def _holding(self) -> tuple[bool, str]:
        boxes = find_maildirs(self.root)
        for box in boxes:
            if any(message_names(self.root, box, folder) for folder in mail_folders(self.root, box)):
                return True, f"{len(boxes)} mailboxes; {box.name} holds messages"
        return False, f"{len(boxes)} maildirs, no message in them" if boxes else "no maildir in it or below it"


def _files(root: str, box: Maildir) -> Iterator[MessageFile]:
    for folder in mail_folders(root, box):
        copies: dict[bytes, int] = {}
        for part, name in message_names(root, box, folder):
            unique = unique_name(name)
            copy = copies[unique] = copies.get(unique, -1) + 1
            yield MessageFile(Position(delivery_time(unique) or 0, unique, folder.path, copy), folder, part, name)


def _listed(box: Maildir, file: MessageFile, content: bytes | Skip) -> Listed:
    position = file.position
    # Without `cur`, `new` and flags, which change; with them only where the rest is not unique.
    name = position.unique if not position.copy else file.part + b"/" + file.name
    path = b"/".join(step for step in (box.path, position.folder, name) if step)
    folder = Folder.TRASH if b"T" in flags(file.name) else file.folder.kind
    return Listed(text_of(path), content, folder, position.time or None)


class _Reader:
    """Reads message files, also when a mail program renames them in between."""

    def __init__(self, root: str, box: Maildir, cap: int) -> None:
        self._root, self._box, self._cap = root, box, cap
        self._now: dict[bytes, dict[bytes, tuple[bytes, bytes]]] = {}
        self._looked: dict[bytes, float] = {}

    def read(self, file: MessageFile) -> bytes | Skip:
        try:
            return self._content(file, file.part, file.name)
        except FileNotFoundError:
            pass
        try:
            part, name = self._names_now(file.folder)[file.position.unique]
            return self._content(file, part, name)
        except (FileNotFoundError, KeyError):
            return Skip(SkipReason.GONE, "vanished while the mailbox was being read")

    def _content(self, file: MessageFile, part: bytes, name: bytes) -> bytes | Skip:
        steps = (step for step in (self._box.path, file.folder.path, part, name) if step)
        return read_message_file(os.path.join(os.fsencode(self._root), *steps), self._cap)

    def _names_now(self, folder: MailFolder) -> dict[bytes, tuple[bytes, bytes]]:
        # Not more often: when thousands of messages are deleted, each would cost a look at the whole folder.
        if time.monotonic() - self._looked.get(folder.path, -LOOKS_AGAIN_AFTER) >= LOOKS_AGAIN_AFTER:
            names = message_names(self._root, self._box, folder)
            self._now[folder.path] = {unique_name(name): (part, name) for part, name in names}
            self._looked[folder.path] = time.monotonic()
        return self._now[folder.path]


def unique_name(name: bytes) -> bytes:
    """The part of a message's file name that never changes: all before the flags.

    >>> unique_name(b"1700000000.M1P2.host,S=5:2,RS"), unique_name(b"1700000000.M1P2.host")
    (b'1700000000.M1P2.host,S=5', b'1700000000.M1P2.host')
    """
    return _INFO.split(name, maxsplit=1)[0] or name


def flags(name: bytes) -> bytes:
    """The flags of a message's file name, empty without any.

    >>> flags(b"1700000000.M1P2.host:2,ST")
    b'ST'
    """
    match = _INFO.search(name)
    return name[match.end() :] if match else b""


def delivery_time(unique: bytes) -> int | None:
    """When a message was delivered, by its name (seconds since the epoch); None when the name does not say.

    >>> delivery_time(b"1700000000.M1P2.host"), delivery_time(b"17.eml")
    (1700000000, None)
    """
    digits = unique.partition(b".")[0]
    seconds = int(digits) if digits.isdigit() and len(digits) <= 10 else 0
    return seconds if EARLIEST <= seconds < LATEST else None


_INFO = re.compile(rb"[:;!]2,")  # `;` and `!` stand for the colon on file systems that cannot hold one
