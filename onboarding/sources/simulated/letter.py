"""A planned mail as RFC 5322 bytes: the headers its sender's program writes, and its MIME body."""

from __future__ import annotations

import base64
import re
import time
from binascii import b2a_base64, b2a_qp

from onboarding.sources.simulated.mail import Content, File, Mail
from onboarding.sources.simulated.parties import Address, Form, Way
from onboarding.sources.simulated.randomness import Draw

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def letter(mail: Mail, seed: int) -> str:
    """Everything below the transport headers, lines ended by LF: the same text in every mailbox the mail lies in."""
    draw = Draw(seed, "letter", mail.message_id)
    way = mail.sender.way
    content = mail.content()
    kind, body = _body(mail, content, way.form, draw)
    head = [
        ("From", _mailbox(mail.sender.mailbox)),
        ("To", _mailboxes(mail.to) if mail.to else "undisclosed-recipients:;"),
        ("Subject", encoded_subject(mail.subject)),
        ("Date", date_text(mail.time, way.offset)),
        ("Message-ID", f"<{mail.message_id}>"),
    ]
    if mail.cc:
        head.insert(2, ("Cc", _mailboxes(mail.cc)))
    if mail.references:
        head.append(("In-Reply-To", f"<{mail.references[-1]}>"))
        head.append(("References", "\n ".join(f"<{reference}>" for reference in mail.references)))
    answers = mail.reply_to or mail.sender.reply_to
    if answers is not None:
        head.append(("Reply-To", _mailbox(answers)))
    head.extend(mail.headers)
    head.extend(_programs_own(way, draw))
    if way.mailer.startswith("Microsoft"):
        head.insert(0, head.pop(3 if not mail.cc else 4))  # Outlook begins with the date's neighbours, others with From
    lines = [f"{name}: {value}" for name, value in head]
    lines.append("MIME-Version: 1.0")
    lines.extend(kind)
    return "\n".join(lines) + "\n\n" + body


def date_text(seconds: int, offset: int) -> str:
    """RFC 5322 date-time of a moment, in the zone `offset` minutes east of UTC.

    >>> date_text(1767603600, 60)
    'Mon, 05 Jan 2026 10:00:00 +0100'
    """
    t = time.gmtime(seconds + offset * 60)
    sign = "-" if offset < 0 else "+"
    hours, minutes = divmod(abs(offset), 60)
    return (
        f"{_DAYS[t.tm_wday]}, {t.tm_mday:02d} {_MONTHS[t.tm_mon - 1]} {t.tm_year} "
        f"{t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d} {sign}{hours:02d}{minutes:02d}"
    )


# --- headers -----------------------------------------------------------------------------------------------------


def _programs_own(way: Way, draw: Draw) -> list[tuple[str, str]]:
    """What the sending program adds of its own."""
    mailer = way.mailer
    if not mailer:
        return []
    if mailer.startswith("Microsoft"):
        index = base64.b64encode(bytes.fromhex("01" + draw.hex(26) + draw.hex(16))[:22]).decode()
        return [("X-Mailer", mailer), ("Thread-Index", index), ("Content-Language", "en-us")]
    if mailer.startswith(("Mozilla", "Roundcube")):
        return [("User-Agent", mailer)]
    return [("X-Mailer", mailer)]


_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+\Z")


def _mailbox(address: Address) -> str:
    return f"{encoded_phrase(address.name)} <{address.address}>" if address.name else address.address


def encoded_phrase(name: str) -> str:
    """A display name as a header holds it: as it is, quoted, or in encoded words."""
    if not name.isascii():
        return _encoded(name)
    if not _PLAIN_PHRASE.match(name):
        return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return name


def _mailboxes(addresses: tuple[Address, ...]) -> str:
    return ",\n ".join(map(_mailbox, addresses))


def encoded_subject(text: str) -> str:
    return text if text.isascii() else _encoded(text)


def _encoded(text: str) -> str:
    """RFC 2047 encoded words of at most 75 characters, never cutting a character."""
    words: list[str] = []
    piece = b""
    for character in text:
        more = character.encode()
        if len(piece) + len(more) > 45:
            words.append(piece.hex())
            piece = b""
        piece += more
    words.append(piece.hex())
    return "\n ".join(f"=?UTF-8?B?{base64.b64encode(bytes.fromhex(word)).decode()}?=" for word in words)


# --- body --------------------------------------------------------------------------------------------------------

_LINK = re.compile(r"\[\[([^|\]]*)\|([^\]]*)\]\]")


def _body(mail: Mail, content: Content, form: Form, draw: Draw) -> tuple[list[str], str]:
    """Content headers, and the body below them."""
    parts: list[tuple[list[str], str]] = []
    if content.html and form is Form.PLAIN:
        form = Form.BOTH
    if form is not Form.HTML:
        parts.append(text_part("plain", _plain(mail, content)))
    if form is not Form.PLAIN:
        parts.append(text_part("html", content.html or _page(mail, content)))
    kind, body = parts[0] if len(parts) == 1 else multipart("alternative", parts, draw)
    if content.files:
        return multipart("mixed", [(kind, body), *map(_attached, content.files)], draw)
    return kind, body


def text_part(subtype: str, text: str) -> tuple[list[str], str]:
    if text.isascii():
        return [f'Content-Type: text/{subtype}; charset="us-ascii"', "Content-Transfer-Encoding: 7bit"], text
    encoded = b2a_qp(text.encode(), istext=True).decode()
    return [f'Content-Type: text/{subtype}; charset="utf-8"', "Content-Transfer-Encoding: quoted-printable"], encoded


def multipart(subtype: str, parts: list[tuple[list[str], str]], draw: Draw) -> tuple[list[str], str]:
    boundary = f"----=_Part_{draw.hex(20)}"
    pieces = [f"--{boundary}\n" + "\n".join(kind) + "\n\n" + body + "\n" for kind, body in parts]
    return [f'Content-Type: multipart/{subtype};\n boundary="{boundary}"'], "".join(pieces) + f"--{boundary}--\n"


def _attached(file: File) -> tuple[list[str], str]:
    raw = b2a_base64(file.content, newline=False).decode()
    body = "\n".join([raw[i : i + 76] for i in range(0, len(raw), 76)])
    name = file.name if file.name.isascii() else _encoded(file.name)
    how = "inline" if file.inline else "attachment"
    head = [
        f'Content-Type: {file.declared_type};\n name="{name}"',
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: {how};\n filename="{name}"',
    ]
    if file.inline:
        head.append("Content-ID: <image001>")  # what `_page` refers to
    return head, body


def _shown(match: re.Match[str]) -> str:
    shown, target = match.group(1), match.group(2)
    return target if shown in ("", target) else f"{shown} <{target}>"


def _plain(mail: Mail, content: Content) -> str:
    text = content.text
    if "[[" in text:
        text = _LINK.sub(_shown, text)
    if content.signature:
        text += "\n\n" + content.signature
    if mail.previous is not None:
        text += "\n\n" + "\n".join(_quoted(mail.previous, 2))
    return text + "\n"


def _quoted(mail: Mail, levels: int) -> list[str]:
    """The answered mail as quoted lines, with what it quoted itself down to `levels`."""
    content = mail.content()
    text = content.text
    if "[[" in text:
        text = _LINK.sub(_shown, text)
    lines = [f"> {line}" if line else ">" for line in text.split("\n")]
    if levels > 1 and mail.previous is not None:
        lines += [">", *("> " + line for line in _quoted(mail.previous, levels - 1))]
    return [f"On {date_text(mail.time, mail.sender.way.offset)}, {_who(mail)} wrote:", *lines]


def _who(mail: Mail) -> str:
    return mail.sender.mailbox.name or mail.sender.mailbox.address


def _escaped(text: str) -> str:
    if "&" in text or "<" in text or ">" in text:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def _paragraphs(text: str) -> str:
    """HTML paragraphs of a text with link marks."""
    html = _escaped(text)
    if "[[" in html:
        html = _LINK.sub(lambda m: f'<a href="{m.group(2)}">{m.group(1) or m.group(2)}</a>', html)
    return "<p>" + html.replace("\n\n", "</p>\r<p>").replace("\n", "<br>\n").replace("\r", "\n") + "</p>\n"


def _page(mail: Mail, content: Content) -> str:
    page = [_PAGE_START, _paragraphs(content.text)]
    if content.signature:
        lines = _escaped(content.signature).replace("\n", "<br>\n")
        page.append(f'<p style="color:#555555">{lines}</p>\n')
    page.extend(f'<img src="{picture}" alt="">\n' for picture in content.pictures)
    page.extend('<img src="cid:image001">\n' for file in content.files if file.inline)
    if mail.previous is not None:
        page.append(_quotation(mail.previous, 2))
    page.append("</body></html>\n")
    return "".join(page)


def _quotation(mail: Mail, levels: int) -> str:
    deeper = _quotation(mail.previous, levels - 1) if levels > 1 and mail.previous is not None else ""
    when = date_text(mail.time, mail.sender.way.offset)
    return (
        f"<div>On {when}, {_escaped(_who(mail))} wrote:</div>\n"
        '<blockquote style="margin:0 0 0 .8ex;border-left:1px solid #ccc;padding-left:1ex">\n'
        f"{_paragraphs(mail.content().text)}{deeper}</blockquote>\n"
    )


_PAGE_START = (
    '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8">\n'
    "<style>body{font-family:Calibri,Arial,sans-serif;font-size:11pt}</style></head>\n<body>\n"
)
