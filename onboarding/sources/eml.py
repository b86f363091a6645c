"""`eml:FOLDER`: a tree of files with one message each; the first folder level is the mailbox.

    FOLDER/jane/inbox/1.eml         message of mailbox `jane`, folder inbox
    FOLDER/jane/7.eml               message of mailbox `jane`, folder unknown
    FOLDER/2.eml                    message of a mailbox that is called like FOLDER itself

Any file is a message, whatever its name; names that begin with a dot are not looked at. Messages come in the order of
their path's bytes. A cursor is the last path behind a digest of all paths up to it: when a file was put among them or
taken away since, going on would miss it, so the cursor is lost and the mailbox has to be read from the start. Symbolic
links are never followed: one that stays inside the tree names mail that is listed anyway, any other is listed as
unreadable.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from detection.mail.message import Skip, SkipReason
from onboarding.sources.base import CursorLostError, Listed, MailboxInfo, Page, Requirement, Source, SourceError
from onboarding.sources.folders import folder_of
from onboarding.sources.local import Entry, entries, requirements
from onboarding.sources.mboxrd import Separator, separators
from onboarding.sources.paging import MESSAGE_BYTES, PAGE_MESSAGES, paged, read_message_file
from onboarding.sources.registry import scheme
from onboarding.sources.uri import absolute_path, name_of, text_of


@scheme("eml", "eml:FOLDER", "a tree of message files; the first folder level is the mailbox")
def open_eml(rest: str) -> Source:
    """The source of a tree of message files."""
    return EmlTree(absolute_path("eml", rest))


@dataclass(frozen=True, slots=True)
class EmlTree:
    """A tree of message files under the absolute path `root`; messages above `cap` bytes are not read."""

    root: str
    cap: int = MESSAGE_BYTES
    page_messages: int = PAGE_MESSAGES

    @property
    def uri(self) -> str:
        return f"eml:{self.root}"

    def check(self) -> list[Requirement]:
        """Whether the folder is there, can be read, and holds a file."""
        return requirements(self.root, self._holding, "put the messages there as files, one message a file")

    def mailboxes(self) -> list[MailboxInfo]:
        """Every first-level folder, and the tree itself when messages lie directly in it, by name."""
        listing = entries(self.root)
        names = {text_of(entry.name) for entry in listing if entry.is_folder}
        if any(not entry.is_folder for entry in listing):
            names.add(self._own_name)
        return [MailboxInfo(name, self._count(name)) for name in sorted(names)]

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """The messages of a mailbox behind the cursor, in pages. Raises CursorLostError as the module says."""
        return paged(self._behind(mailbox, cursor), str, page_messages=self.page_messages)

    def _behind(self, mailbox: str, cursor: str | None) -> Iterator[tuple[Listed, str]]:
        """The messages behind a cursor, each with the cursor behind it."""
        sought, colon, last = (cursor or "").partition(":")
        after = name_of(last) if colon else b""
        lost = CursorLostError(
            f"mailbox {mailbox} in {self.uri} has changed before the place that was read up to: read it from the start"
        )
        if cursor is not None and not after:
            raise lost
        passed, digest = "", blake2b(digest_size=8)
        for path, entry in self._messages(mailbox):
            if path > after and passed != sought:
                raise lost
            digest.update(path + b"\0")
            if path <= after:
                passed = digest.hexdigest()
                continue
            sought = passed = digest.hexdigest()
            yield self._listed(path, entry), f"{sought}:{text_of(path)}"
        if passed != sought:
            raise lost

    @property
    def _own_name(self) -> str:
        return os.path.basename(self.root) or "mail"

    def _messages(self, mailbox: str) -> Iterator[tuple[bytes, Entry]]:
        folder = name_of(mailbox)
        if mailbox != self._own_name:
            # Straight to it: with thousands of mailboxes, listing them all for each would cost the most.
            path = os.path.join(os.fsencode(self.root), folder)
            if (
                b"/" in folder
                or b"\0" in folder
                or folder.startswith(b".")
                or os.path.islink(path)
                or not os.path.isdir(path)
            ):
                raise SourceError(
                    f"mailbox {mailbox} is not in {self.uri}: the folder {os.path.join(self.root, mailbox)} is not "
                    "there; restore it, or leave the mailbox out"
                )
            yield from self._walk(folder)
            return
        listing = entries(self.root)
        if not any(entry.name == folder or not entry.is_folder for entry in listing):
            raise SourceError(f"mailbox {mailbox} is not in {self.uri}: no message lies in {self.root}; restore it")
        for entry in listing:
            if entry.is_folder and entry.name == folder:
                yield from self._walk(folder)
            elif not entry.is_folder:
                yield entry.name, entry

    def _walk(self, folder: bytes) -> Iterator[tuple[bytes, Entry]]:
        for entry in entries(self.root, folder):
            path = folder + b"/" + entry.name
            if entry.is_folder:
                yield from self._walk(path)
            else:
                yield path, entry

    def _listed(self, path: bytes, entry: Entry) -> Listed:
        content: bytes | Skip
        try:
            if entry.is_stray_link:
                content = Skip(SkipReason.UNREADABLE, "a symbolic link to outside the tree or to nothing, not followed")
            else:
                content = read_message_file(os.path.join(os.fsencode(self.root), path), self.cap)
        except FileNotFoundError:
            content = Skip(SkipReason.GONE, "vanished while the mailbox was being read")
        return Listed(text_of(path), content, folder_of([text_of(part) for part in path.split(b"/")[1:-1]]))

    def _count(self, mailbox: str) -> int | None:
        try:
            return sum(1 for _ in self._messages(mailbox))
        except SourceError:
            return None  # reading its pages will say why

    def _holding(self) -> tuple[bool, str]:
        listing = entries(self.root)
        folders = sum(entry.is_folder for entry in listing)
        names = [self._own_name] * (folders < len(listing)) + [text_of(e.name) for e in listing if e.is_folder]
        for name in names:
            first = next(self._messages(name), None)
            if first is not None:
                return self._judge(os.path.join(os.fsencode(self.root), first[0]), f"{len(names)} mailboxes; {name}")
        return False, "no file in it or below it"

    def _judge(self, first: bytes, where: str) -> tuple[bool, str]:
        """Whether a tree whose first file this is can be one of message files."""
        if os.path.basename(os.path.dirname(first)) in (b"cur", b"new", b"tmp"):
            return False, f"{where} holds maildir folders: use maildir:{self.root}"
        try:
            descriptor = os.open(first, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
        except OSError as error:
            return True, f"{where} holds files, of which the first cannot be read ({error.strerror})"
        try:
            found = [each for each in separators(descriptor, 0, 1) if isinstance(each, Separator)]
        except OSError:
            found = []
        finally:
            os.close(descriptor)
        # One separator alone, at the very beginning, is how some programs save a single message.
        if len(found) > 1 and found[0].at == 0:
            return False, f"{where} holds files of many messages: use mbox:{self.root}"
        return True, f"{where} holds messages"
