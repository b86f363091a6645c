"""Content-Transfer-Encoding (RFC 2045 section 6): a part's bytes as they were before the mail."""

from __future__ import annotations

import binascii

from detection.mail.defects import Defects
from detection.mail.message import Defect

_BASE64 = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_NOT_BASE64 = bytes(set(range(256)) - set(_BASE64))
_UU_LINES = 100_000


def decode(data: bytes, encoding: str, defects: Defects) -> bytes:
    """`data` decoded; what cannot be decoded stays as it is, with BROKEN_ENCODING recorded. Never raises."""
    if encoding == "base64":
        return _base64(data, defects)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(data)
    if encoding in ("x-uuencode", "uuencode", "x-uue", "uue"):
        return _uu(data, defects)
    if encoding not in ("", "7bit", "8bit", "binary"):
        defects.add(Defect.BROKEN_ENCODING)
    return data


def _base64(data: bytes, defects: Defects) -> bytes:
    try:
        return binascii.a2b_base64(data)
    except binascii.Error:
        defects.add(Defect.BROKEN_ENCODING)
    letters = data.translate(None, _NOT_BASE64)
    letters = letters[: len(letters) - (len(letters) % 4 == 1)]
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def _uu(data: bytes, defects: Defects) -> bytes:
    start = data.find(b"begin ")
    if start < 0:
        defects.add(Defect.BROKEN_ENCODING)
        return data
    out = []
    lines = data[start:].split(b"\n", _UU_LINES)
    if len(lines) > _UU_LINES:
        defects.add(Defect.BROKEN_ENCODING)
    for line in lines[1:_UU_LINES]:
        line = line.rstrip(b"\r")
        if line == b"end":
            break
        try:
            out.append(binascii.a2b_uu(line))
        except binascii.Error:
            # The length byte counts more than is there, or less: what the line should hold (as the standard library's
            # own decoder does).
            count = (((line[0] - 32) & 63) * 4 + 5) // 3 if line else 0
            try:
                out.append(binascii.a2b_uu(line[:count]))
            except binascii.Error:
                defects.add(Defect.BROKEN_ENCODING)
    return b"".join(out)
