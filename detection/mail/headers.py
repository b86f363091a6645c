"""The header block: where it ends, its fields, and their values as text."""

from __future__ import annotations

import re

from detection.mail import charsets, encoded_words
from detection.mail.defects import Defects
from detection.mail.hosts import ForeignHosts
from detection.mail.limits import Limits
from detection.mail.message import Defect

# RFC 5322 section 2.2: printable ASCII but the colon; the space before the colon is obsolete syntax (section 4.5).
# Lines that are no field, whatever they are, are passed over.
_FIELD = re.compile(rb"^([!-9;-~]++)[ \t]*+:(.*+(?:\n[ \t].*+)*+)", re.MULTILINE)
_BLOCK = re.compile(rb"(?:(?:[!-9;-~]++[ \t]*+:|[ \t]|>?From ).*+(?:\n|\Z))*+")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


class Headers:
    """The fields of one header block, in order; a value is decoded when it is asked for."""

    __slots__ = ("charset", "defects", "fields", "foreign", "limits", "values")

    def __init__(self, block: bytes, limits: Limits, defects: Defects) -> None:
        self.limits = limits
        self.defects = defects
        self.foreign = ForeignHosts(limits.foreign_hosts)
        self.charset = ""
        """What raw 8-bit values are tried in, after UTF-8: the charset that the body declares."""
        self.fields: list[tuple[str, bytes]] = []
        self.values: dict[str, list[bytes]] = {}
        known, fields, values = _names, self.fields, self.values
        found = _FIELD.findall(block)
        if len(found) > limits.header_fields:
            defects.add(Defect.CAPPED_HEADERS)
            del found[limits.header_fields :]
        for raw_name, value in found:
            name = known.get(raw_name) or _name_of(raw_name)
            fields.append((name, value))
            if name in values:
                values[name].append(value)
            else:
                values[name] = [value]

    def raw(self, name: str) -> bytes:
        """The topmost value of a field; empty when there is none."""
        found = self.values.get(name)
        return cleaned(found[0]) if found else b""

    def text(self, name: str) -> str:
        """The topmost value of a field as a reader sees it, cut at `value_bytes`; empty when there is none."""
        found = self.values.get(name)
        return self.decoded(self.characters(found[0], self.limits.value_bytes)).strip() if found else ""

    def plain(self, name: str) -> str:
        """The topmost value of a field, its encoded words left alone; empty when there is none."""
        found = self.values.get(name)
        return self.characters(found[0], self.limits.value_bytes) if found else ""

    def characters(self, raw: bytes, most: int) -> str:
        """A value as characters, its encoded words left alone."""
        if len(raw) > most:
            self.defects.add(Defect.CAPPED_HEADERS)
            raw = raw[:most]
        raw = cleaned(raw)
        if raw.isascii():
            text = raw.decode("ascii")
        else:
            self.defects.add(Defect.RAW_8BIT_HEADER)
            text = charsets.decode_guessing(raw, self.charset)
        return text if text.isprintable() else _CONTROL.sub(" ", text)

    def decoded(self, text: str) -> str:
        """Encoded words decoded."""
        return encoded_words.decode(text, self.defects, self.limits.encoded_words) if "=?" in text else text


def cleaned(raw: bytes) -> bytes:
    """A raw value unfolded (RFC 5322 section 2.2.3: the fold's white space stays), without NUL and outer white space."""
    if b"\n" in raw:
        raw = raw.replace(b"\r", b"").replace(b"\n", b"")
    if b"\0" in raw:
        raw = raw.replace(b"\0", b"")
    return raw.strip()


def split_block(content: bytes, start: int, end: int, most: int) -> tuple[bytes, int]:
    """The header block that begins at `start`, cut to `most` bytes, and where the body begins.

    The block ends at the first empty line; without one, before the first line that is no field.
    """
    if content.startswith(b"\n", start, end):
        return b"", start + 1
    if content.startswith(b"\r\n", start, end):
        return b"", start + 2
    # A block this much longer than what is read of it is no header any more.
    whole, end = end, min(end, start + 16 * most)
    # The line end of the first line is looked for first, the other only before it.
    first = content.find(b"\n", start, end)
    endings = (b"\n\r\n", b"\n\n") if first > start and content[first - 1] == 13 else (b"\n\n", b"\n\r\n")
    found = content.find(endings[0], start, end)
    other = content.find(endings[1], start, end if found < 0 else found + 1)
    if other >= 0:
        block_end, body = other, other + len(endings[1])
    elif found >= 0:
        block_end, body = found, found + len(endings[0])
    else:
        match = _BLOCK.match(content, start, end)
        block_end = body = match.end() if match else start
        if body == end:
            body = whole if end == whole else body
    return content[start : min(block_end, start + most)], body


def _name_of(raw: bytes) -> str:
    name = raw[:100].decode("ascii").lower()
    if len(_names) < _MOST_NAMES and len(raw) <= 100:
        _names[raw] = name
    return name


_MOST_NAMES = 5_000
_names: dict[bytes, str] = {}
"""Field names met before, lower case: decoding them anew costs more than the look-up."""
