"""An organisation's mailboxes as Gmail sees them: ids of sixteen digits, labels for folders, a history of what was added."""

from __future__ import annotations

import base64
import email
import email.policy
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from detection.mail.message import Folder as Kind

from .organisation import Box, Change, Item, Organisation

SYSTEM = ("INBOX", "SENT", "DRAFT", "SPAM", "TRASH", "UNREAD", "STARRED", "IMPORTANT", "CHAT")
_LABELS = {
    Kind.INBOX: ["INBOX"],
    Kind.SENT: ["SENT"],
    Kind.JUNK: ["SPAM"],
    Kind.TRASH: ["TRASH"],
    Kind.OTHER: ["Label_1"],
    Kind.UNKNOWN: ["DRAFT"],
}


def gmail_id(item_id: str) -> str:
    """The id that Gmail gives to an item."""
    return hashlib.sha256(item_id.encode()).hexdigest()[:16]


@dataclass(slots=True)
class Mailbox:
    """One mailbox with what Gmail keeps of it; brought up to date from the organisation's log."""

    box: Box
    ids: dict[str, str] = field(default_factory=dict)
    """Item ids by Gmail's."""
    changed: dict[str, int] = field(default_factory=dict)
    """The last history record of each item."""
    added: list[tuple[int, str]] = field(default_factory=list)
    """History records that added an item."""
    sent: set[str] = field(default_factory=set)
    extra: dict[str, set[str]] = field(default_factory=dict)
    """Labels that are no place."""
    read: int = 0

    def refresh(self) -> None:
        """Takes in what happened since it was last asked."""
        for record in self.box.log[self.read :]:
            if record.item not in self.changed:
                self.added.append((record.number, record.item))
                self.ids[gmail_id(record.item)] = record.item
                if self.box.folders[record.folder].kind is Kind.SENT:
                    self.sent.add(record.item)
            self.changed[record.item] = record.number
        self.read = len(self.box.log)

    def item(self, message_id: str) -> Item | None:
        return self.box.items.get(self.ids.get(message_id, ""))

    def labels(self, item: Item) -> list[str]:
        kind = self.box.folders[item.folder].kind
        place = ["DRAFT"] if item.draft else _LABELS[kind]
        sent = ["SENT"] if item.id in self.sent and "SENT" not in place else []
        return [*place, *sent, *sorted(self.extra.get(item.id, ()))]

    def newest_first(self, low: int, high: int, labels: Iterable[str], spam_and_trash: bool) -> list[Item]:
        """Items received from `low` on and before `high` (seconds)."""
        wanted = set(labels)
        found = [
            item
            for item in self.box.items.values()
            if low <= item.received < high
            and wanted <= set(self.labels(item))
            and (spam_and_trash or not {"SPAM", "TRASH"} & set(self.labels(item)))
        ]
        return sorted(found, key=lambda item: (-item.received, gmail_id(item.id)))

    def modify(self, organisation: Organisation, item: Item, add: set[str], remove: set[str]) -> None:
        """Changes labels; what they say of the place moves the item."""
        places = {"INBOX", "SPAM", "TRASH"}
        extra = self.extra.setdefault(item.id, set())
        extra |= add - places - {"SENT"}
        extra -= remove
        here = places & set(self.labels(item))
        after = (here | (add & places)) - remove
        if "TRASH" in after:
            kind = Kind.TRASH
        elif "SPAM" in after:
            kind = Kind.JUNK
        elif "INBOX" in after:
            kind = Kind.INBOX
        else:
            kind = Kind.SENT if item.id in self.sent else Kind.OTHER
        if after != here:
            organisation.move(self.box.address, item.id, self.box.folder(kind).id)
            self.refresh()


def shown(mailbox: Mailbox, item: Item, form: str, only: Iterable[str]) -> dict[str, Any]:
    """A message as JSON in one of Gmail's formats."""
    answer: dict[str, Any] = {
        "id": gmail_id(item.id),
        "threadId": gmail_id(item.id),
        "labelIds": mailbox.labels(item),
        "snippet": "",
        "historyId": str(mailbox.changed[item.id]),
        "internalDate": str(item.received * 1000),
        "sizeEstimate": item.size,
    }
    if form == "raw":
        answer["raw"] = base64.urlsafe_b64encode(item.bytes()).decode()
    elif form in ("metadata", "full"):
        message = email.message_from_bytes(item.bytes(), policy=email.policy.compat32)
        names = {name.lower() for name in only}
        headers = [
            {"name": name, "value": " ".join(str(value).split())}
            for name, value in message.items()
            if not names or name.lower() in names
        ]
        answer["payload"] = {"mimeType": message.get_content_type(), "headers": headers}
        if form == "full":
            body = message.get_payload(decode=True) or b""
            assert isinstance(body, bytes)
            answer["payload"]["body"] = {"size": len(body), "data": base64.urlsafe_b64encode(body).decode()}
    return answer


def records(mailbox: Mailbox, start: int) -> list[dict[str, Any]]:
    """The history behind a record: what was added, deleted, and labelled, in order."""
    found: dict[int, dict[str, Any]] = {}
    firsts = dict(mailbox.added)
    for record in mailbox.box.log:
        if record.number <= start:
            continue
        item = mailbox.box.items.get(record.item)
        message = {"id": gmail_id(record.item), "threadId": gmail_id(record.item)}
        with_labels = {**message, "labelIds": mailbox.labels(item) if item else []}
        if firsts.get(record.number) == record.item:
            kind, entry = "messagesAdded", {"message": with_labels}
        elif record.change is Change.REMOVED and item is None:
            kind, entry = "messagesDeleted", {"message": message}
        elif record.change is Change.REMOVED:
            labels = _LABELS[mailbox.box.folders[record.folder].kind]
            kind, entry = "labelsRemoved", {"message": with_labels, "labelIds": labels}
        elif record.change is Change.CREATED:
            labels = _LABELS[mailbox.box.folders[record.folder].kind]
            kind, entry = "labelsAdded", {"message": with_labels, "labelIds": labels}
        else:
            kind, entry = "labelsRemoved", {"message": with_labels, "labelIds": ["UNREAD"]}
        found[record.number] = {"id": str(record.number), "messages": [message], kind: [entry]}
    return list(found.values())
