"""A message given in its parsed form becomes RFC 5322 bytes: there is one parser, and it decides what a message is."""

from __future__ import annotations

import base64
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

MOST_BYTES = 50_000_000


class Header(BaseModel):
    """One header field, as it stood in the message."""

    name: str = Field(max_length=200, pattern=r"^[!-9;-~]+$", examples=["Authentication-Results"])
    value: str = Field(max_length=32_768, examples=["mx.acme.example; dkim=pass header.d=partner.example"])


class Attachment(BaseModel):
    """One attachment. Its bytes may be left out; then only its name and type are known."""

    name: str = Field(default="", max_length=1_000, examples=["invoice.pdf"])
    type: str = Field(default="application/octet-stream", max_length=200, examples=["application/pdf"])
    content: str | None = Field(default=None, description="base64")


class Composed(BaseModel):
    """A message in its parsed form: every header in order, text and HTML as Unicode."""

    model_config = ConfigDict(extra="forbid")

    headers: Annotated[list[Header], Field(min_length=1, max_length=2_000)]
    text: str | None = Field(default=None, max_length=2_000_000)
    html: str | None = Field(default=None, max_length=5_000_000)
    attachments: list[Attachment] = Field(default_factory=list, max_length=200)


class Message(BaseModel):
    """One message to decide on: `raw` or `parsed`."""

    model_config = ConfigDict(extra="forbid")

    raw: str | None = Field(default=None, description="RFC 5322 bytes, base64", max_length=70_000_000)
    parsed: Composed | None = None
    id: str = Field(default="", max_length=1_000, description="yours; given back as `path`")
    mailbox: str = Field(default="", max_length=320, description="whose copy this is", examples=["jane@acme.example"])
    received_at: datetime | None = Field(default=None, description="when it came, if not now (with a time zone)")


BODY_HEADERS = frozenset({"content-type", "content-transfer-encoding", "content-disposition", "mime-version"})


def bytes_of(message: Message) -> bytes:
    """The message as bytes. Raises ValueError, saying what is wrong, for one that is neither raw nor parsed, or both."""
    if (message.raw is None) == (message.parsed is None):
        raise ValueError("give either raw or parsed")
    if message.raw is not None:
        try:
            return base64.b64decode(message.raw, validate=True)
        except ValueError as error:
            raise ValueError(f"raw is not base64: {error}") from None
    assert message.parsed is not None
    return composed(message.parsed)


def composed(parsed: Composed) -> bytes:
    """The parsed form, put together: its headers word for word, its bodies as MIME."""
    body = EmailMessage(policy=SMTP)
    if parsed.text is not None or parsed.html is None:
        body.set_content(_plain(parsed.text or ""))
    if parsed.html is not None:
        if parsed.text is None:
            body.set_content(_plain(parsed.html), subtype="html")
        else:
            body.add_alternative(_plain(parsed.html), subtype="html")
    for one in parsed.attachments:
        main, _, sub = one.type.partition("/")
        try:
            content = base64.b64decode(one.content or "", validate=True)
        except ValueError as error:
            raise ValueError(f"attachment {one.name!r} is not base64: {error}") from None
        body.add_attachment(
            content,
            maintype="application" if main in ("text", "multipart", "message", "") else main,
            subtype=sub or "octet-stream",
            filename=one.name or None,
        )
    # The headers are written by hand: a hostile one must reach our parser as it was, not as the library would have it.
    lines = [f"{header.name}: {header.value}" for header in parsed.headers if header.name.lower() not in BODY_HEADERS]
    head = "\r\n".join(" ".join(line.splitlines()) for line in lines).encode("utf-8", "replace")
    return head + b"\r\n" + body.as_bytes()


def _plain(text: str) -> str:
    """Text that can be written as UTF-8."""
    return text.encode("utf-8", "replace").decode()
