"""Content-Type and Content-Disposition: the value and its parameters, RFC 2045 section 5.1 and RFC 2231."""

from __future__ import annotations

import re

from detection.mail import charsets
from detection.mail.defects import Defects

_PARAMETER = re.compile(
    r"""(?:;\s*+|(?<!\s)\s++)([^\s=;"<>(]{1,100}+)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"?+|([^;\s"][^;]*+)?+)""", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})")
_MOST = 50


def value_of(text: str) -> str:
    """The value before the first parameter, lower case.

    >>> value_of('Text/HTML; charset="utf-8"')
    'text/html'
    """
    value = text.partition(";")[0].strip().lower()
    return value.split(None, 1)[0] if " " in value else value


def parameters_of(text: str, defects: Defects) -> dict[str, str]:
    """Parameters by lower-case name; continued and encoded ones (RFC 2231) joined and decoded.

    >>> parameters_of("attachment; filename*0*=utf-8''caf%C3%A9; filename*1=.pdf", Defects())
    {'filename': 'café.pdf'}
    """
    if "=" not in text:
        return {}
    plain: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for count, match in enumerate(_PARAMETER.finditer(text)):
        if count == _MOST:
            break
        name, quoted, bare = match.groups()
        name = name.lower()
        value = (
            (_ESCAPED.sub(r"\1", quoted) if "\\" in quoted else quoted) if quoted is not None else (bare or "").strip()
        )
        if "*" not in name:
            plain.setdefault(name, value)
            continue
        base, _, rest = name.partition("*")
        encoded = rest.endswith("*") or not rest
        number = rest.rstrip("*")
        position = int(number) if number.isascii() and number.isdigit() and len(number) < 5 else 0
        pieces.setdefault(base, []).append((position, encoded, value))
    for name, found in pieces.items():
        plain[name] = _joined(found, defects)
    return plain


def _joined(pieces: list[tuple[int, bool, str]], defects: Defects) -> str:
    pieces.sort(key=lambda piece: piece[0])
    charset = ""
    data = b""
    for position, encoded, value in pieces:
        if encoded and position == 0 and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        raw = value.encode("utf-8", "replace")
        data += _PERCENT.sub(lambda match: bytes([int(match[1], 16)]), raw) if encoded else raw
    return charsets.decode(data, charset, defects)
