"""Bytes of a rehearsed mail (RFC 5322, MIME by RFC 2045 to 2047), with no more headers than it is told to carry."""

from __future__ import annotations

import random
import re
from base64 import b64encode
from binascii import b2a_qp
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import format_datetime
from html import escape

from onboarding.rehearsal.recipe import File

_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9 !#$%&'*+/=?^_`{|}~-]+\Z")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """What stands in a mail. `above` are the headers that servers wrote on it, topmost first."""

    sender: tuple[str, str]
    to: tuple[tuple[str, str], ...]
    cc: tuple[tuple[str, str], ...] = ()
    reply_to: str = ""
    subject: str
    time: int
    message_id: str
    references: tuple[str, ...] = ()
    text: str
    link: str = ""
    shown: str = ""
    html: bool = False
    files: tuple[File, ...] = ()
    above: tuple[tuple[str, str], ...] = ()


def written(letter: Letter, draw: random.Random) -> bytes:
    """The mail. `{link}` in its text becomes the link: as an anchor in HTML, as an address in plain text."""
    head = [
        *letter.above,
        ("From", _mailbox(*letter.sender)),
        ("To", ",\r\n ".join(_mailbox(*each) for each in letter.to)),
        *([("Cc", ",\r\n ".join(_mailbox(*each) for each in letter.cc))] if letter.cc else []),
        *([("Reply-To", letter.reply_to)] if letter.reply_to else []),
        ("Subject", _encoded(letter.subject)),
        ("Date", format_datetime(datetime.fromtimestamp(letter.time, UTC))),
        ("Message-ID", f"<{letter.message_id}>"),
    ]
    if letter.references:
        head.append(("In-Reply-To", f"<{letter.references[-1]}>"))
        head.append(("References", "\r\n ".join(f"<{each}>" for each in letter.references)))
    kind, body = _body(letter, draw)
    lines = [f"{name}: {value}" for name, value in (*head, ("MIME-Version", "1.0"))]
    return ("\r\n".join([*lines, *kind]) + "\r\n\r\n").encode() + body.replace("\n", "\r\n").encode()


def _mailbox(name: str, address: str) -> str:
    if not name:
        return address
    if not name.isascii():
        name = _encoded(name)
    elif not _PLAIN_PHRASE.match(name):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{name} <{address}>"


def _encoded(text: str) -> str:
    """RFC 2047 encoded words of at most 75 characters; ASCII stays as it is."""
    if text.isascii():
        return text
    pieces = [text[i : i + 11] for i in range(0, len(text), 11)]
    return "\r\n ".join(f"=?UTF-8?B?{b64encode(piece.encode()).decode()}?=" for piece in pieces)


Part = tuple[list[str], str]


def _body(letter: Letter, draw: random.Random) -> Part:
    plain = letter.link if not letter.shown else f"{letter.shown} <{letter.link}>"
    part = _text("plain", letter.text.replace("{link}", plain) + "\n")
    if letter.html:
        part = _multipart("alternative", [part, _text("html", _page(letter))], draw)
    if letter.files:
        part = _multipart("mixed", [part, *map(_attached, letter.files)], draw)
    return part


def _text(subtype: str, text: str) -> Part:
    if text.isascii() and max(map(len, text.split("\n"))) < 900:
        return [f'Content-Type: text/{subtype}; charset="us-ascii"', "Content-Transfer-Encoding: 7bit"], text
    encoded = b2a_qp(text.encode(), istext=True).decode()
    return [f'Content-Type: text/{subtype}; charset="utf-8"', "Content-Transfer-Encoding: quoted-printable"], encoded


def _page(letter: Letter) -> str:
    anchor = f'<a href="{escape(letter.link)}">{escape(letter.shown or letter.link)}</a>'
    paragraphs = [
        escape(each, quote=False).replace("{link}", anchor).replace("\n", "<br>\n")
        for each in letter.text.split("\n\n")
    ]
    pictures = "".join(f'<img src="cid:{file.name}">\n' for file in letter.files if file.inline)
    return "<html><body>\n" + "".join(f"<p>{each}</p>\n" for each in paragraphs) + pictures + "</body></html>\n"


def _multipart(subtype: str, parts: list[Part], draw: random.Random) -> Part:
    boundary = f"----=_Part_{draw.getrandbits(80):020x}"
    pieces = [f"--{boundary}\n" + "\n".join(kind) + "\n\n" + body + "\n" for kind, body in parts]
    return [f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"'], "".join(pieces) + f"--{boundary}--\n"


def _attached(file: File) -> Part:
    raw = b64encode(file.content).decode()
    head = [
        f'Content-Type: {file.declared_type}; name="{file.name}"',
        "Content-Transfer-Encoding: base64",
        f'Content-Disposition: {"inline" if file.inline else "attachment"}; filename="{file.name}"',
    ]
    if file.inline:
        head.append(f"Content-ID: <{file.name}>")
    return head, "\n".join(raw[i : i + 76] for i in range(0, len(raw), 76))
