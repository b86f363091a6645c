"""Messages as Microsoft Graph shows them: JSON made of a message's bytes, and the few filters and orders it knows."""

from __future__ import annotations

import email
import email.policy
import re
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.message import Message
from email.utils import getaddresses, parsedate_to_datetime
from functools import lru_cache
from typing import Any

from detection.mail.message import Folder as Kind

from .organisation import Box, Item

SIZE_PROPERTY = "Integer 0xe08"
BASIC = frozenset({"body", "bodyPreview", "uniqueBody", "attachments", "singleValueExtendedProperties"})
"""What Mail.ReadBasic.All does not show."""


def stamp(seconds: int) -> str:
    """A time as Graph writes it.

    >>> stamp(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def shown(box: Box, item: Item, *, basic: bool, select: list[str], expand_size: bool) -> dict[str, Any]:
    """A message's JSON with the selected properties (none named: all that are shown by default)."""
    whole = dict(_parsed(item.id, item.bytes() if item.size < 1_000_000 else _head(item)))
    kind = box.folders[item.folder].kind
    whole |= {
        "@odata.etag": f'W/"{item.id[:12]}"',
        "id": item.id,
        "receivedDateTime": stamp(item.received),
        "createdDateTime": stamp(item.received),
        "parentFolderId": item.folder,
        "isDraft": item.draft,
        "isRead": True,
    }
    if kind is Kind.SENT:
        whole.pop("internetMessageHeaders", None)
    if basic:
        whole = {name: value for name, value in whole.items() if name not in BASIC}
    chosen = {n: v for n, v in whole.items() if n in select or n in ("id", "@odata.etag")} if select else whole
    if not select:
        chosen.pop("internetMessageHeaders", None)  # only when asked for
    if expand_size and not basic:
        chosen["singleValueExtendedProperties"] = [{"id": SIZE_PROPERTY, "value": str(item.size)}]
    return chosen


@lru_cache(maxsize=1 << 14)
def _parsed(item_id: str, content: bytes) -> tuple[tuple[str, Any], ...]:
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    sender = _addresses(message, "from")
    text = _text(message)
    return tuple(
        {
            "subject": _decoded(message.get("subject", "")),
            "internetMessageId": str(message.get("message-id", "")).strip(),
            "sentDateTime": _sent(message),
            "from": sender[0] if sender else None,
            "sender": sender[0] if sender else None,
            "toRecipients": _addresses(message, "to"),
            "ccRecipients": _addresses(message, "cc"),
            "bccRecipients": _addresses(message, "bcc"),
            "replyTo": _addresses(message, "reply-to"),
            "hasAttachments": any(part.get_filename() for part in message.walk()),
            "bodyPreview": text[:255],
            "body": {"contentType": "text", "content": text},
            "importance": "normal",
            "conversationId": str(message.get("references", message.get("message-id", "")))[:40],
            "internetMessageHeaders": [
                {"name": name, "value": " ".join(str(value).split())} for name, value in message.items()
            ],
        }.items()
    )


def _head(item: Item) -> bytes:
    return item.bytes()[:4096]


def _text(message: Message) -> str:
    for part in message.walk():
        if part.get_content_type() == "text/plain":
            payload = part.get_payload(decode=True)
            return payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    return ""


def _decoded(text: object) -> str:
    try:
        return str(make_header(decode_header(str(text))))
    except (LookupError, UnicodeError, ValueError):
        return str(text)


def _addresses(message: Message, name: str) -> list[dict[str, Any]]:
    found = getaddresses([_decoded(value) for value in message.get_all(name, [])])
    return [{"emailAddress": {"name": shown, "address": address}} for shown, address in found if address]


def _sent(message: Message) -> str | None:
    try:
        return stamp(int(parsedate_to_datetime(str(message.get("date"))).timestamp()))
    except (TypeError, ValueError, OverflowError):
        return None


_CONDITION = re.compile(r"^\s*receivedDateTime\s+(lt|le|gt|ge|eq)\s+([0-9T:.Z+-]+)\s*$")


def window(filter_text: str) -> tuple[int, int]:
    """The half-open span of seconds that a `$filter` on receivedDateTime leaves. ValueError for any other filter."""
    low, high = -(2**40), 2**40
    for condition in filter(None, re.split(r"\s+and\s+", filter_text)):
        match = _CONDITION.match(condition)
        if not match:
            raise ValueError(condition)
        at = int(datetime.fromisoformat(match[2].replace("Z", "+00:00")).timestamp())
        match match[1]:
            case "lt":
                high = min(high, at)
            case "le":
                high = min(high, at + 1)
            case "gt":
                low = max(low, at + 1)
            case "ge":
                low = max(low, at)
            case "eq":
                low, high = max(low, at), min(high, at + 1)
    return low, high
