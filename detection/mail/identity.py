"""When two copies are the same mail: one message, however many mailboxes hold it.

The Message-ID alone does not decide. Archives and gateways write new ones into copies, and anybody can send other
content under an old one: taken for a duplicate, an attack would never be looked at. So a message is what it says:
who wrote it, when (the Date header, to the second), to whom, under which subject, with which text, links and files,
and where an answer would go. White space does not count, because every relay and archive breaks lines as it likes.
When in doubt two copies are two messages: that costs a count, the opposite would lose a mail.
"""

from __future__ import annotations

from hashlib import blake2b

from detection.mail.message import Defect, Message
from detection.mail.names import person_key

_BLANKS = b" \t\r\n\v\f"


def message_key(message: Message) -> int:
    """The identity of a message, the same for every copy of it; never `NO_KEY`.

    Reply marks and list tags stay in the subject: a list's copy has another text anyway, and "Re: x" sent in the same
    second as "x" is another mail.
    """
    parts = [
        message.sender.address if message.sender else "",
        # The name is part of it, or an attacker's harmless first mail would hide the same under a borrowed name.
        str(person_key(message.sender.name)) if message.sender else "",
        message.reply_to.address if message.reply_to else "",
        _when(message),
        "\n".join(sorted({recipient.mailbox.address for recipient in message.recipients})),
        "\n".join([link.url for link in message.links]),
        "\n".join(sorted([attachment.sha256 for attachment in message.attachments])),
        f"{message.form_count} {message.image_count}",
    ]
    if message.defects & Defect.CAPPED_TEXT:
        # What lies beyond the cap cannot be compared; its length can.
        parts.append(str(message.text_length))
    digest = blake2b("\0".join(parts).encode("utf-8", "surrogatepass"), digest_size=8)
    digest.update(b"\0\0")
    digest.update(_bare(message.subject))
    digest.update(b"\0\0")
    digest.update(_bare(message.text))
    return int.from_bytes(digest.digest(), "little") or 1


def _when(message: Message) -> str:
    if message.date is not None:
        return str(message.date)
    # Without a Date nothing of the sender's tells two mails of one wording apart but its Message-ID and arrival.
    return f"arrived {message.received} {message.message_id}"


def _bare(text: str) -> bytes:
    """Text without any white space."""
    raw = text.encode("utf-8", "surrogatepass").translate(None, _BLANKS)
    return raw if text.isascii() else raw.replace(b"\xc2\xa0", b"")
