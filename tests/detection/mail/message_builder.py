"""Messages made by hand for tests of what becomes of a `Message`."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from detection.mail.message import Attachment, Authentication, Link, Mailbox, Message, Recipient, Role


def mailbox(address: str, name: str = "") -> Mailbox:
    return Mailbox(name, address, address.rpartition("@")[2])


def to(*addresses: str) -> tuple[Recipient, ...]:
    return tuple(Recipient(mailbox(address), Role.TO) for address in addresses)


def link(url: str, shown: str = "", shown_host: str = "") -> Link:
    host = url.partition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")[0] if "://" in url else ""
    return Link(url, host.lower(), shown, shown_host)


def attachment(name: str, declared: str = "", sniffed: str = "", **changes: Any) -> Attachment:
    extension = name.rpartition(".")[2].lower() if "." in name else ""
    made = Attachment(name, extension, declared, sniffed, 1_000, "ab" * 32)
    return replace(made, **changes)


_PLAIN = Message(
    message_id="m1@example.com",
    date=1_700_000_000,
    received=1_700_000_060,
    sender=mailbox("ann.lee@example.com", "Ann Lee"),
    envelope_sender=None,
    reply_to=None,
    recipients=to("bob@acme.example"),
    subject="Lunch",
    in_reply_to="",
    references=(),
    mailer="",
    list_id="",
    bulk=False,
    received_path=(),
    sending_network="",
    spf=Authentication.UNKNOWN,
    dkim=Authentication.UNKNOWN,
    dmarc=Authentication.UNKNOWN,
    arc=Authentication.UNKNOWN,
    spf_domain="",
    dkim_domain="",
    text="Shall we have lunch on Tuesday?",
    text_length=31,
    html_length=0,
    hidden_text_length=0,
    image_count=0,
    form_count=0,
    links=(),
    attachments=(),
    content_types=("text/plain",),
    charset="utf-8",
    size=1_000,
    defects=0,
    headers_present=frozenset({"from", "to", "date", "subject", "message-id"}),
)


def message(**changes: Any) -> Message:
    """An ordinary mail from outside to one person of acme.example, changed as told; addresses may be given as text."""
    if isinstance(changes.get("sender"), str):
        changes["sender"] = mailbox(changes["sender"], changes.pop("sender_name", ""))
    if isinstance(changes.get("reply_to"), str):
        changes["reply_to"] = mailbox(changes["reply_to"])
    return replace(_PLAIN, **changes)
