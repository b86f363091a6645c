"""Pictures cut down to what their pixels are made of, before any library decodes them.

A picture's container is where decoders waste time: compressed remarks, endless small pieces, colour profiles, a canvas
larger than memory. What is handed on here is the header, the palette and the first frame's data, with the size that the
header tells. Sources: PNG (W3C REC-png-3), ITU-T T.81 (JPEG), GIF89a, RFC 9649 (WebP).
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass

_MOST_PIECES = 1_000
"""Chunks, segments and extensions before and between a picture's data."""
_MOST_BLOCKS = 8_000
"""Blocks of 255 bytes at most in which a GIF keeps its data."""
_MOST_SCANS = 20
"""Passes over all pixels of a progressive JPEG; ten are usual, and each costs as much as the others."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture before it is decoded."""

    format: str
    """As Pillow calls it."""
    width: int
    height: int
    data: bytes

    @property
    def pixels(self) -> int:
        return self.width * self.height


def picture_of(data: bytes, media_type: str) -> Picture | None:
    """The first frame of a picture of one of `FORMATS`; None when its container is broken or made to waste time.

    >>> picture_of(b"GIF89a\\x02\\0\\x03\\0\\0\\0\\0,\\0\\0\\0\\0\\x02\\0\\x03\\0\\0\\x02\\x02\\x44\\x01\\0;", "image/gif").height
    3
    """
    try:
        picture = FORMATS[media_type](data)
    except (struct.error, IndexError):
        return None
    return picture if picture is not None and picture.width > 0 and picture.height > 0 else None


def _png(data: bytes) -> Picture | None:
    length, kind, width, height = struct.unpack_from(">I4sII", data, 8)
    if length != 13 or kind != b"IHDR":
        return None
    kept = [data[:33]]
    pixels = []
    at = 33
    for _ in range(_MOST_PIECES):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"IEND":
            break
        if kind == b"IDAT":
            pixels.append(data[at + 8 : at + 8 + length])
        elif kind in (b"PLTE", b"tRNS"):
            kept.append(data[at : at + 12 + length])
        at += 12 + length
    else:
        return None
    for kind, content in ((b"IDAT", b"".join(pixels)), (b"IEND", b"")):
        kept.append(struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content)))
    return Picture("PNG", width, height, b"".join(kept))


_FRAMES = (0xC0, 0xC1, 0xC2)
"""Start of a frame coded by Huffman; arithmetic and lossless coding are read by no mail program."""
_NEEDED = frozenset((0xC4, 0xDB, 0xDD, 0xEE, *_FRAMES))
"""Tables, restart interval, and Adobe's word on the colours."""
_START_OF_SCAN = 0xDA


def _jpeg(data: bytes) -> Picture | None:
    kept = [data[:2]]
    width = height = 0
    at = 2
    for _ in range(_MOST_PIECES):
        mark, marker, length = struct.unpack_from(">BBH", data, at)
        if mark != 0xFF:
            return None
        if marker == 0xFF:
            at += 1
            continue
        if marker == _START_OF_SCAN:
            break
        if marker in _FRAMES:
            if width:
                return None
            height, width = struct.unpack_from(">HH", data, at + 5)
        if marker in _NEEDED:
            kept.append(data[at : at + 2 + length])
        at += 2 + length
    else:
        return None
    kept.append(data[at:])
    # In a scan's own data a byte of 255 is never followed by a marker's (T.81, B.1.1.5).
    return Picture("JPEG", width, height, b"".join(kept)) if data.count(b"\xff\xda", at) <= _MOST_SCANS else None


def _gif(data: bytes) -> Picture | None:
    width, height, flags = struct.unpack_from("<HHB", data, 6)
    at = 13 + _colours(flags)
    kept = [data[:at]]
    for _ in range(_MOST_PIECES):
        if data[at] == 0x2C:
            break
        if data[at] != 0x21:
            return None
        end = _after_blocks(data, at + 2)
        if data[at + 1] == 0xF9:
            kept.append(data[at:end])
        at = end
    else:
        return None
    left, top, across, down, flags = struct.unpack_from("<HHHHB", data, at + 1)
    end = _after_blocks(data, at + 11 + _colours(flags))
    return Picture(
        "GIF", max(width, left + across), max(height, top + down), b"".join((*kept, data[at:end], b"\0\x3b"))
    )


def _colours(flags: int) -> int:
    """Bytes of the table of colours that `flags` announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    for _ in range(_MOST_BLOCKS):
        length = data[at]
        at += 1 + length
        if not length:
            return at
    raise IndexError


def _bmp(data: bytes) -> Picture | None:
    (header,) = struct.unpack_from("<I", data, 14)
    if header == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height, _, _, compression, _, _, _, colours = struct.unpack_from("<iiHHIIiiI", data, 18)
        # Run lengths are decoded slowly, and no mail program writes them.
        if compression not in (0, 3) or colours > 256:
            return None
    return Picture("BMP", width, abs(height), data)


def _webp(data: bytes) -> Picture | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    elif kind == b"VP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        width, height = 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    elif kind == b"VP8 ":
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    else:
        return None
    return Picture("WEBP", width, height, data)


FORMATS: dict[str, Callable[[bytes], Picture | None]] = {
    "image/png": _png,
    "image/jpeg": _jpeg,
    "image/gif": _gif,
    "image/bmp": _bmp,
    "image/webp": _webp,
}
"""Media types, as `detection.mail.attachments.sniffed` tells them, of the pictures that are read."""
