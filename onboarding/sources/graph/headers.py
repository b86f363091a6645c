"""A message of its headers alone, for organisations that grant no more (Mail.ReadBasic.All).

What the body would say is unknown. Received mail brings its own headers; mail that was sent has none in Graph, so these
are made of what it shows of sender, recipients, subject and date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from email.header import Header
from email.utils import format_datetime, formataddr
from typing import Any

_NAME = re.compile(r"[!-9;-~]{1,200}")  # RFC 5322 section 2.2
_OF_THE_BODY = ("content-", "mime-version")
LONGEST_VALUE = 100_000


def headers_only(properties: Mapping[str, Any]) -> bytes:
    """The header block of a message, from its JSON; no body follows."""
    given = properties.get("internetMessageHeaders")
    lines = list(_given(given)) if isinstance(given, list) and given else list(_made(properties))
    return "".join(f"{name}: {value}\r\n" for name, value in lines).encode("utf-8", "surrogateescape") + b"\r\n"


def _given(headers: list[Any]) -> Iterator[tuple[str, str]]:
    for header in headers:
        name, value = str(header.get("name") or ""), str(header.get("value") or "")
        # Without a body, what describes it would be a defect of the mail that the mail does not have.
        if _NAME.fullmatch(name) and not name.lower().startswith(_OF_THE_BODY):
            yield name, _one_line(value)


def _made(properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, key in (("From", "from"), ("Sender", "sender")):
        if (written := _addresses([properties.get(key)])) and (
            name == "From" or written != _addresses([properties.get("from")])
        ):
            yield name, written
    for name, key in (
        ("To", "toRecipients"),
        ("Cc", "ccRecipients"),
        ("Bcc", "bccRecipients"),
        ("Reply-To", "replyTo"),
    ):
        if written := _addresses(properties.get(key) or ()):
            yield name, written
    yield "Subject", _encoded(str(properties.get("subject") or ""))
    if message_id := _one_line(str(properties.get("internetMessageId") or "")):
        yield "Message-ID", message_id
    try:
        sent = datetime.fromisoformat(str(properties.get("sentDateTime")).replace("Z", "+00:00"))
        yield "Date", format_datetime(sent.astimezone(UTC))
    except ValueError:
        pass


def _addresses(people: Any) -> str:
    written = []
    for person in people:
        box = (person or {}).get("emailAddress") or {}
        address = _one_line(str(box.get("address") or ""))
        if address:
            try:
                written.append(formataddr((_one_line(str(box.get("name") or "")), address)))
            except UnicodeError:  # an address beyond ASCII (RFC 6531)
                written.append(f"<{address}>")
    return ", ".join(written)


def _encoded(text: str) -> str:
    plain = _one_line(text)
    return plain if plain.isascii() else Header(plain, "utf-8", maxlinelen=10_000).encode(linesep="")


def _one_line(text: str) -> str:
    """A value that cannot begin another header."""
    return " ".join(text[:LONGEST_VALUE].split())
