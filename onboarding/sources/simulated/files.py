"""Attachments: small files that begin as their kind does."""

from __future__ import annotations

import zlib
from functools import lru_cache

from onboarding.sources.simulated.mail import File

_OFFICE = {
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "docm": "application/vnd.ms-word.document.macroEnabled.12",
    "xlsm": "application/vnd.ms-excel.sheet.macroEnabled.12",
}
_MAIN = {"doc": ("word", "document"), "xls": ("xl", "workbook"), "ppt": ("ppt", "presentation")}


def pdf(name: str, text: str) -> File:
    """A one-page PDF that shows one line."""
    shown = text.replace("(", "").replace(")", "").encode("ascii", "replace").decode()
    stream = f"BT /F1 12 Tf 72 720 Td ({shown}) Tj ET"
    content = (
        "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        "2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        "3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R"
        "/Resources<</Font<</F1 5 0 R>>>>>>endobj\n"
        f"4 0 obj<</Length {len(stream)}>>stream\n{stream}\nendstream endobj\n"
        "5 0 obj<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
    )
    return File(name, "application/pdf", content.encode())


def office(name: str, text: str) -> File:
    """An office document by its extension: a zip whose first entry is [Content_Types].xml, or one with macros."""
    extension = name.rpartition(".")[2]
    folder, main = _MAIN[extension[:3]]
    entries = [("[Content_Types].xml", b"<Types/>"), (f"{folder}/{main}.xml", f"<w>{text}</w>".encode())]
    if extension.endswith("m"):
        entries.append((f"{folder}/vbaProject.bin", b"\xd0\xcf\x11\xe0" + text.encode()))
    return File(name, _OFFICE[extension], archive(entries))


def archive(entries: list[tuple[str, bytes]], encrypted: bool = False) -> bytes:
    """A zip with stored entries (APPNOTE 4.3.7 local headers and a central directory); `encrypted` sets the flag."""
    flag = 1 if encrypted else 0
    local = b""
    central = b""
    for name, content in entries:
        raw = name.encode()
        size = len(content).to_bytes(4, "little")
        common = (
            b"\x14\x00"
            + flag.to_bytes(2, "little")
            + b"\x00\x00\x00\x00\x21\x5c"
            + zlib.crc32(content).to_bytes(4, "little")
            + size
            + size
            + len(raw).to_bytes(2, "little")
            + b"\x00\x00"
        )
        central += b"PK\x01\x02\x14\x00" + common + bytes(10) + len(local).to_bytes(4, "little") + raw
        local += b"PK\x03\x04" + common + raw + content
    count = len(entries).to_bytes(2, "little")
    end = count + count + len(central).to_bytes(4, "little") + len(local).to_bytes(4, "little") + b"\x00\x00"
    return local + central + b"PK\x05\x06\x00\x00\x00\x00" + end


@lru_cache(maxsize=256)
def png(width: int, height: int, rows: bytes) -> bytes:
    """A greyscale PNG from one byte a pixel, row by row (shape height x width)."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4, "big") + kind + body + zlib.crc32(kind + body).to_bytes(4, "big")

    lines = b"".join(b"\x00" + rows[y * width : (y + 1) * width] for y in range(height))
    head = width.to_bytes(4, "big") + height.to_bytes(4, "big") + b"\x08\x00\x00\x00\x00"
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines, 6)) + chunk(b"IEND", b"")


def logo(name: str, shade: int) -> File:
    """A small inline picture, such as stands in signatures."""
    return File(
        name, "image/png", png(32, 12, bytes((shade * 7 + x * y) % 256 for y in range(12) for x in range(32))), True
    )
