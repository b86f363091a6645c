"""Files that rehearsed attacks carry: the outer form of harmful ones, with nothing in them that could be run."""

from __future__ import annotations

import io
import random
import struct
import zipfile
import zlib

from onboarding.rehearsal.recipe import File

_LONG_AGO = (2000, 1, 1, 0, 0, 0)


def double_extension(word: str) -> File:
    """A program that calls itself a document: the mark of an executable, and zeroes."""
    return File(f"Document_{word}.pdf.exe", "application/octet-stream", b"MZ" + bytes(4094))


def macro_sheet(word: str) -> File:
    """A spreadsheet whose archive names a project of macros, which is empty."""
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w") as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"):
            archive.writestr(zipfile.ZipInfo(name, _LONG_AGO), b"<x/>" if name.endswith("xml") else bytes(512))
    return File(f"Statement_{word}.xlsm", "application/vnd.ms-excel.sheet.macroEnabled.12", kept.getvalue())


def invoice(word: str) -> File:
    """A document of one empty page."""
    objects = (
        b"1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
        b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    )
    content = b"%PDF-1.4\n" + objects + b"trailer<</Root 1 0 R>>\n%%EOF " + word.encode() + b"\n"
    return File(f"Invoice_{word}.pdf", "application/pdf", content)


def form_page(word: str) -> File:
    """A page with a password field that sends nothing anywhere."""
    page = '<html><body><form action="#"><input type="password" name="p"></form></body></html>\n'
    return File(f"Remittance_{word}.html", "text/html", page.encode())


def qr_picture(draw: random.Random) -> File:
    """A PNG that looks like a QR code: finder patterns and noise. It encodes nothing."""
    size, scale = 29, 4
    dark = [[draw.random() < 0.5 for _ in range(size)] for _ in range(size)]
    for top, left in ((0, 0), (0, size - 7), (size - 7, 0)):
        for y in range(7):
            for x in range(7):
                ring = max(abs(y - 3), abs(x - 3))
                dark[top + y][left + x] = ring != 2
    rows = b"".join((b"\0" + bytes(0 if cell else 255 for cell in line for _ in range(scale))) * scale for line in dark)
    header = struct.pack(">IIBBBBB", size * scale, size * scale, 8, 0, 0, 0, 0)
    content = (
        b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", header) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")
    )
    return File("code.png", "image/png", content, inline=True)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
