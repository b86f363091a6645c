"""Whose mail a simulated provider holds: mailboxes with folders and messages, and a record of every change.

The mail is the simulated organisation's, or whatever a test puts in. Times are seconds since the epoch. A change has a
number, the same sequence for all mailboxes: what providers call a sync state or a history id.
"""

from __future__ import annotations

import base64
import hashlib
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from detection.mail.message import Folder as Kind
from onboarding.sources.simulated import SimulatedSource

Content = bytes | Callable[[], bytes]


class Change(StrEnum):
    """What happened to a message in a folder."""

    CREATED = "created"
    UPDATED = "updated"
    REMOVED = "removed"


@dataclass(slots=True)
class Folder:
    """A folder of a mailbox; `known` is the provider's name for the ones that every mailbox has."""

    id: str
    name: str
    kind: Kind
    known: str = ""
    parent: str = ""


@dataclass(slots=True)
class Item:
    """A message in a mailbox. `content` may be made when it is asked for; `size` is its length."""

    id: str
    folder: str
    received: int
    content: Content
    size: int
    draft: bool = False

    def bytes(self) -> bytes:
        return self.content if isinstance(self.content, bytes) else self.content()


@dataclass(slots=True)
class Record:
    """One change: of which message, in which folder."""

    number: int
    change: Change
    item: str
    folder: str


@dataclass(slots=True)
class Box:
    """One mailbox."""

    address: str
    name: str
    folders: dict[str, Folder] = field(default_factory=dict)
    items: dict[str, Item] = field(default_factory=dict)
    log: list[Record] = field(default_factory=list)

    def folder(self, kind: Kind) -> Folder:
        return next(folder for folder in self.folders.values() if folder.kind is kind)


STANDARD = (
    ("inbox", "Inbox", Kind.INBOX),
    ("sentitems", "Sent Items", Kind.SENT),
    ("junkemail", "Junk Email", Kind.JUNK),
    ("deleteditems", "Deleted Items", Kind.TRASH),
    ("archive", "Archive", Kind.OTHER),
    ("drafts", "Drafts", Kind.UNKNOWN),
)


class Organisation:
    """The mailboxes, and everything that happens to them. Safe to change while a server serves it."""

    def __init__(self, domain: str = "acme.example") -> None:
        self.domain = domain
        self.boxes: dict[str, Box] = {}
        self.number = 0
        self.lock = threading.RLock()

    @staticmethod
    def simulated(uri: str, most: int | None = None) -> Organisation:
        """The organisation of a `simulated:` URI, with the first `most` messages of each mailbox (None: all)."""
        source = SimulatedSource(uri)
        made = Organisation(source.domains[0])
        for person in source.people:
            made.open(person.address)
            taken = 0
            for page in source.pages(person.address, None):
                for listed in page.messages:
                    if most is not None and taken >= most:
                        break
                    assert isinstance(listed.content, bytes)
                    assert listed.time_hint is not None
                    made.deliver(person.address, listed.content, listed.time_hint, listed.folder)
                    taken += 1
                if most is not None and taken >= most:
                    break
        return made

    def open(self, address: str) -> Box:
        """A new, empty mailbox."""
        box = Box(address, address.partition("@")[0].replace(".", " ").title())
        for known, name, kind in STANDARD:
            folder = Folder(_id("folder", address, known), name, kind, known)
            box.folders[folder.id] = folder
        with self.lock:
            self.boxes[address] = box
        return box

    def deliver(
        self, address: str, content: Content, received: int, kind: Kind = Kind.INBOX, *, size: int | None = None
    ) -> Item:
        """Puts a message into a mailbox's folder of this kind."""
        with self.lock:
            box = self.boxes[address]
            folder = box.folder(kind)
            if size is None:
                assert isinstance(content, bytes)
                size = len(content)
            item = Item(_id("item", address, str(self.number)), folder.id, received, content, size)
            box.items[item.id] = item
            self._record(box, Change.CREATED, item.id, folder.id)
            return item

    def touch(self, address: str, item_id: str) -> None:
        """Something about a message changes that is no news: it was read."""
        with self.lock:
            box = self.boxes[address]
            self._record(box, Change.UPDATED, item_id, box.items[item_id].folder)

    def move(self, address: str, item_id: str, folder_id: str) -> Item:
        """Moves a message; its id stays, as immutable ids do. KeyError for what is not there."""
        with self.lock:
            box = self.boxes[address]
            item = box.items[item_id]
            if item.folder != box.folders[folder_id].id:
                self._record(box, Change.REMOVED, item_id, item.folder)
                item.folder = folder_id
                self._record(box, Change.CREATED, item_id, folder_id)
            return item

    def delete(self, address: str, item_id: str) -> None:
        """A message is gone."""
        with self.lock:
            box = self.boxes[address]
            item = box.items.pop(item_id)
            self._record(box, Change.REMOVED, item_id, item.folder)

    def close(self, address: str) -> None:
        """A mailbox is gone."""
        with self.lock:
            del self.boxes[address]

    def messages(self) -> Iterable[tuple[str, Item]]:
        """Every message with its mailbox."""
        for address, box in self.boxes.items():
            for item in box.items.values():
                yield address, item

    def _record(self, box: Box, change: Change, item_id: str, folder_id: str) -> None:
        self.number += 1
        box.log.append(Record(self.number, change, item_id, folder_id))


def _id(*parts: str) -> str:
    """An id as opaque and as long as real ones, of the URL-safe alphabet with its padding."""
    digest = hashlib.sha512("\0".join(parts).encode()).digest()
    return "AAkALg" + base64.urlsafe_b64encode(digest + digest[:42]).decode()
