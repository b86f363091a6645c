"""RFC 2047 encoded words in headers, as senders really write them."""

from __future__ import annotations

import binascii
import re

from detection.mail import charsets
from detection.mail.defects import Defects
from detection.mail.message import Defect

# The text may hold spaces and a few bare question marks: not allowed, but common and shown by every mail program.
# Possessive and bounded, so that the search is linear in the header whatever it holds.
_WORD = re.compile(r"=\?([^?\s*]{1,64}+)(?:\*[^?\s]{0,40}+)?\?([bBqQ])\?([^?]*+(?:\?(?!=)[^?]*+){0,8}+)\?=")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


def decode(text: str, defects: Defects, most: int) -> str:
    """`text` with its encoded words decoded, at most `most` of them; control characters become spaces.

    Neighbouring words of one charset are joined before decoding: many programs cut words within a character.

    >>> decode("=?utf-8?Q?caf=C3?= =?utf-8?Q?=A9?= au lait", Defects(), 10)
    'café au lait'
    """
    pieces: list[str] = []
    charset, pending = "", b""
    at = 0
    for count, match in enumerate(_WORD.finditer(text)):
        if count == most:
            defects.add(Defect.CAPPED_HEADERS)
            break
        gap = text[at : match.start()]
        if gap.isspace() and at:
            gap = ""
        word_charset = match[1].lower()
        if pending and (gap or word_charset != charset):
            pieces.append(charsets.decode(pending, charset, defects))
            pending = b""
        if gap:
            pieces.append(gap)
        charset = word_charset
        pending += _bytes_of(match[2], match[3], word_charset, defects)
        at = match.end()
    if pending:
        pieces.append(charsets.decode(pending, charset, defects))
    rest = text[at:]
    if "=?" in rest:
        defects.add(Defect.BROKEN_ENCODED_WORD)
    pieces.append(rest)
    joined = "".join(pieces)
    return joined if joined.isprintable() else _CONTROL.sub(" ", joined)


def _bytes_of(encoding: str, text: str, charset: str, defects: Defects) -> bytes:
    raw = text.encode() if text.isascii() else _raw(text, charset)
    if encoding in "qQ":
        return binascii.a2b_qp(raw, header=True)
    try:
        return binascii.a2b_base64(raw + b"=" * (-len(raw) % 4))
    except binascii.Error:
        defects.add(Defect.BROKEN_ENCODED_WORD)
    letters = _NOT_BASE64.sub("", text)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + "=" * (-len(letters) % 4))


def _raw(text: str, charset: str) -> bytes:
    """The bytes of a word that holds characters undecoded, which it must not: in its own charset if they are of it."""
    try:
        return text.encode(charsets.codec_of(charset) or "utf-8")
    except (ValueError, LookupError):
        return text.encode("utf-8", "replace")
