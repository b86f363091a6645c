"""Bytes to text in the charset that a mail declares, whatever it declares.

Only real text encodings are used. `codecs` also knows `zlib`, `idna` or `unicode_escape`, which expand, raise or run
in quadratic time, and it remembers every name it is asked for: unknown names never reach it.
"""

from __future__ import annotations

import codecs
import re
from encodings.aliases import aliases

from detection.mail.defects import Defects
from detection.mail.message import Defect

LONGEST_NAME = 40
_BROKEN_BYTES = 100_000


def decode(data: bytes, charset: str, defects: Defects) -> str:
    """`data` as text: in `charset` if it is one, else UTF-8 if it is valid, else windows-1252. Never raises.

    >>> decode(b"caf\\xe9", "iso-8859-1", Defects())
    'café'
    >>> decode("café".encode(), "no-such-charset", Defects())
    'café'
    """
    if data.isascii() and charset.lower() in _ASCII_ALIKE:
        return data.decode("ascii")
    codec = codec_of(charset)
    if codec is None:
        if charset:
            defects.add(Defect.UNKNOWN_CHARSET)
        return decode_guessing(data, "")
    if codec == "utf-8":
        return _utf8(data, defects)
    if codec == "ascii":
        return decode_guessing(data, "")
    if codec == "cp1252":
        return windows_1252(data)
    try:
        return _without_surrogates(data.decode(codec))
    except (ValueError, LookupError):
        pass
    try:
        # Replacing calls back for every bad byte in most codecs: what is this broken is read only so far.
        text = data[:_BROKEN_BYTES].decode(codec, "replace")
    except (ValueError, LookupError):
        return decode_guessing(data, "")
    defects.add(Defect.BROKEN_ENCODING)
    return _without_surrogates(text)


def decode_guessing(data: bytes, likely: str) -> str:
    """Text of bytes that declare nothing: UTF-8 or else the charset `likely` where valid, else windows-1252."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        codec = codec_of(likely)
    if codec is not None and codec not in ("utf-8", "ascii"):
        try:
            return _without_surrogates(data.decode(codec))
        except (ValueError, LookupError):
            pass
    return windows_1252(data)


def windows_1252(data: bytes) -> str:
    """Text of any bytes, the five that windows-1252 leaves undefined as control characters.

    >>> windows_1252(bytes([0x93, 0x68, 0x69, 0x94]))
    '“hi”'
    """
    # Not `decode("cp1252", "replace")`: that calls back for every undefined byte, 0.3 s a megabyte.
    return codecs.charmap_decode(data, "strict", _WINDOWS_1252)[0]


def codec_of(charset: str) -> str | None:
    """The Python codec for a declared charset; None for what is not a text encoding.

    >>> codec_of("GB2312"), codec_of("zlib"), codec_of("idna")
    ('gb18030', None, None)
    """
    if charset in _known:
        return _known[charset]
    if len(charset) > LONGEST_NAME:
        return None
    codec = _look_up(charset)
    if len(_known) < 1000:
        _known[charset] = codec
    return codec


def _look_up(charset: str) -> str | None:
    name = _NOT_NAME.sub("_", charset.lower()).strip("_")
    name = _OVERRIDES.get(name, name)
    if name not in _PYTHON_NAMES:
        return None
    try:
        info = codecs.lookup(name)
    except (LookupError, ValueError):
        return None
    if not getattr(info, "_is_text_encoding", False) or info.name in _REFUSED:
        return None
    return _OVERRIDES.get(_NOT_NAME.sub("_", info.name.lower()), info.name)


def _utf8(data: bytes, defects: Defects) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        defects.add(Defect.BROKEN_ENCODING)
    text = data.decode("utf-8", "replace")
    # Mostly damage: then the label is likely wrong, and windows-1252 shows more of it.
    return windows_1252(data) if text.count("\ufffd") * 20 > len(text) else text


def _without_surrogates(text: str) -> str:
    # UTF-7 and a few East Asian codecs can yield lone surrogates, which nothing downstream can encode.
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
    return text


_WINDOWS_1252 = "".join(bytes([code]).decode("cp1252", "ignore") or chr(code) for code in range(256))
_NOT_NAME = re.compile(r"[^a-z0-9]+")
_ASCII_ALIKE = frozenset({"", "utf-8", "us-ascii", "ascii", "iso-8859-1", "windows-1252", "utf8", "iso-8859-15"})
_PYTHON_NAMES = (
    frozenset(aliases) | frozenset(aliases.values()) | frozenset({"utf-8", "utf_8_sig", "koi8_u", "koi8_t", "cp720"})
)
_REFUSED = frozenset({"idna", "punycode", "unicode_escape", "raw-unicode-escape", "unicode-escape", "undefined"})
# What senders mean by a label: the supersets of https://encoding.spec.whatwg.org/#names-and-labels.
_OVERRIDES = {
    "iso8859_1": "cp1252",
    "iso_8859_1": "cp1252",
    "latin_1": "cp1252",
    "latin1": "cp1252",
    "gb2312": "gb18030",
    "gbk": "gb18030",
    "euc_kr": "cp949",
    "ks_c_5601": "cp949",
    "ks_c_5601_1987": "cp949",
    "shift_jis": "cp932",
    "iso8859_9": "cp1254",
    "iso_8859_9": "cp1254",
    "iso8859_11": "cp874",
    "iso_8859_8_i": "iso8859_8",
    "iso_8859_6_i": "iso8859_6",
    "unicode_1_1_utf_7": "utf_7",
    "utf_8": "utf-8",
    "us_ascii": "ascii",
}
_known: dict[str, str | None] = {}
