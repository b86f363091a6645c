"""Bytes in, Message out.

Mail is hostile input: every step is linear in the bytes it reads, bounded by `Limits`, free of recursion, and uses only
what it needs. A header is decoded when its value is wanted; the tree of parts is a list of slices.
"""

from __future__ import annotations

import re

from detection.mail.addresses import mailbox_of, mailboxes, sender_of
from detection.mail.authentication import results_of
from detection.mail.body import body_of
from detection.mail.dates import seconds_of
from detection.mail.defects import Defects
from detection.mail.directory_names import names_in, single_name
from detection.mail.headers import Headers, split_block
from detection.mail.limits import DEFAULT_LIMITS, Limits
from detection.mail.message import Defect, Mailbox, Message, Recipient, Role, Skip, SkipReason
from detection.mail.mime import parts_of
from detection.mail.parameters import parameters_of
from detection.mail.received import way_of

# A text is a message when at least one field that only mail has stands in its header block. Prose and logs have lines
# that look like fields ("Note: ..."), but none of these.
_MAIL_FIELD_NAMES = (
    "from to cc bcc subject date message-id received return-path sender reply-to in-reply-to references mime-version "
    "content-type content-transfer-encoding delivered-to x-mailer resent-from resent-to resent-date"
)
_MAIL_FIELDS = frozenset(_MAIL_FIELD_NAMES.split())
# RFC 5322 section 3.6: at most once.
_ONCE = ("from", "sender", "reply-to", "to", "cc", "bcc", "message-id", "in-reply-to", "references", "subject", "date")
_MESSAGE_ID = re.compile(r"<\s*+([^<>\s]{1,998})\s*+>")
_CR_TO_LF = bytes.maketrans(b"\r", b"\n")
_SPACES = re.compile(r"\s+")


def parse(content: bytes, limits: Limits = DEFAULT_LIMITS) -> Message | Skip:
    """The message that `content` holds, or why it holds none. Never raises, whatever the bytes.

    Skips: `TOO_LARGE` above `limits.message_bytes`; `NOT_A_MESSAGE` when the header block has no field that only mail
    has (empty and binary content included); `UNREADABLE` when the parser itself fails, a mistake of ours.
    """
    if len(content) > limits.message_bytes:
        return Skip(SkipReason.TOO_LARGE, f"{len(content)} bytes, at most {limits.message_bytes} are read")
    try:
        return read_message(content, limits)
    except Exception as error:
        return Skip(SkipReason.UNREADABLE, f"{type(error).__name__}: {error}"[:200])


def read_message(content: bytes, limits: Limits) -> Message | Skip:
    """`parse` without its net: what it raises is a mistake of ours, and tests call it for that."""
    size = len(content)
    content = _clean_start(content)
    defects = Defects()
    block, body_at = split_block(content, 0, len(content), limits.header_bytes)
    if len(block) == limits.header_bytes:
        defects.add(Defect.CAPPED_HEADERS)
    headers = Headers(block, limits, defects)
    values = headers.values
    if _MAIL_FIELDS.isdisjoint(values):
        return Skip(SkipReason.NOT_A_MESSAGE, "empty" if not content.strip() else "no mail header in it")
    for name in _ONCE:
        if len(values.get(name, ())) > 1:
            defects.add(Defect.DUPLICATE_HEADER)
    headers.charset = parameters_of(headers.plain("content-type"), defects).get("charset", "").lower()

    sender = _sender(headers)
    way = way_of(headers)
    results = results_of(headers, sender.domain if sender else "")
    parts, content_types = parts_of(content, body_at, headers, limits, defects)
    body = body_of(parts, limits, defects)
    recipients = _recipients(headers)
    answered = _message_ids(headers, "in-reply-to")
    date = _date(headers)
    return Message(
        message_id=_first(_message_ids(headers, "message-id")),
        date=date,
        received=way.received,
        sender=sender,
        envelope_sender=mailbox_of(headers, "return-path"),
        reply_to=mailbox_of(headers, "reply-to"),
        recipients=recipients,
        subject=_SPACES.sub(" ", headers.text("subject")),
        in_reply_to=_first(answered),
        references=_references(headers),
        mailer=headers.text("user-agent") or headers.text("x-mailer"),
        list_id=_list_id(headers),
        bulk=_says_bulk(headers),
        received_path=way.path,
        sending_network=way.network,
        spf=results.spf,
        dkim=results.dkim,
        dmarc=results.dmarc,
        arc=results.arc,
        spf_domain=results.spf_domain,
        dkim_domain=results.dkim_domain,
        text=body.text,
        text_length=body.text_length,
        html_length=body.html_length,
        hidden_text_length=body.hidden_length,
        image_count=body.images,
        form_count=body.forms,
        links=tuple(body.links),
        attachments=tuple(body.attachments),
        content_types=tuple(content_types),
        charset=body.charset,
        size=size,
        defects=defects.bits,
        headers_present=frozenset(values),
    )


def _clean_start(content: bytes) -> bytes:
    """Without what stands before the first field: byte order mark, empty lines, an mbox "From " line."""
    if content.startswith((b"\xef\xbb\xbf", b"\n", b"\r", b" ", b"\t")):
        content = content.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n \t")
    if content.startswith((b"From ", b">From ")):
        content = content[content.find(b"\n") + 1 :] if b"\n" in content else content
    if b"\n" not in content and b"\r" in content:
        # Line ends of a single CR: an export of old, or a trick; without this it would be one header.
        content = content.translate(_CR_TO_LF)
    return content


def _sender(headers: Headers) -> Mailbox | None:
    sender = sender_of(headers)
    if sender is not None and not sender.name and "x-from" in headers.values:
        name = single_name(headers.text("x-from"))
        if name:
            return Mailbox(name, sender.address, sender.domain)
    return sender


def _recipients(headers: Headers) -> tuple[Recipient, ...]:
    """To, Cc and Bcc in order, an address once (in its first role)."""
    most = headers.limits.recipients
    found: dict[str, Recipient] = {}
    for field, role in (("to", Role.TO), ("cc", Role.CC), ("bcc", Role.BCC)):
        values = headers.values.get(field)
        if not values:
            continue
        boxes: list[Mailbox] = []
        text = headers.characters(b", ".join(values[:50]), headers.limits.address_bytes)
        for box, _ in mailboxes(text, headers):
            boxes.append(box)
            if len(boxes) > most:
                break
        if len(boxes) > most or len(text) >= headers.limits.address_bytes:
            headers.defects.add(Defect.CAPPED_RECIPIENTS)
        names = _directory_names(headers, "x-" + field, boxes)
        for position, box in enumerate(boxes):
            if box.address in found:
                continue
            if len(found) >= most:
                headers.defects.add(Defect.CAPPED_RECIPIENTS)
                break
            if names and not box.name:
                box = Mailbox(names[position], box.address, box.domain)
            found[box.address] = Recipient(box, role)
    return tuple(found.values())


def _directory_names(headers: Headers, field: str, boxes: list[Mailbox]) -> list[str]:
    """Names that an export keeps beside the addresses; nothing unless there is exactly one for each."""
    if field not in headers.values or len(boxes) > headers.limits.recipients:
        return []
    names = names_in(headers.text(field))
    return names if len(names) == len(boxes) else []


def _date(headers: Headers) -> int | None:
    written = headers.plain("date")
    if not written:
        headers.defects.add(Defect.NO_DATE)
        return None
    date = seconds_of(written)
    if date is None:
        headers.defects.add(Defect.BROKEN_DATE)
    return date


def _message_ids(headers: Headers, field: str) -> list[str]:
    written = headers.plain(field)
    if not written:
        return []
    found: list[str] = _MESSAGE_ID.findall(written)
    if not found and field != "in-reply-to":
        # Without its brackets: broken, but still the name by which answers call it.
        return written.strip("<> \t").split()[:1]
    return found


def _first(ids: list[str]) -> str:
    return ids[0] if ids else ""


def _references(headers: Headers) -> tuple[str, ...]:
    ids = _message_ids(headers, "references")
    most = headers.limits.references
    if len(ids) > most:
        headers.defects.add(Defect.CAPPED_HEADERS)
        ids = [ids[0], *ids[1 - most :]]
    return tuple(ids)


def _list_id(headers: Headers) -> str:
    """The identifier between the angle brackets (RFC 2919 section 3), lower case."""
    written = headers.text("list-id")
    if not written:
        return ""
    inside = written.rpartition("<")[2].partition(">")[0]
    return inside.strip().lower()[:255]


def _says_bulk(headers: Headers) -> bool:
    values = headers.values
    if "list-id" in values or "list-unsubscribe" in values:
        return True
    if "precedence" in values and headers.raw("precedence").lower() in (b"bulk", b"list", b"junk"):
        return True
    # RFC 3834 section 5.
    automatic = headers.raw("auto-submitted").lower() if "auto-submitted" in values else b"no"
    return automatic.partition(b";")[0].strip() not in (b"no", b"")
