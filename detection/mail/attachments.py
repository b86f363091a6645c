"""Attached files by what they say of themselves and what their first bytes say."""

from __future__ import annotations

import re
from hashlib import sha256

from detection.mail.message import Attachment

ZIP = "application/zip"
ZIP_ENCRYPTED = "application/zip; encrypted"
OLE = "application/x-ole-storage"
"""The container of old Office files and MSI packages."""
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
POWERPOINT = "application/vnd.openxmlformats-officedocument.presentationml.presentation"
WORD_MACRO = "application/vnd.ms-word.document.macroenabled.12"
EXCEL_MACRO = "application/vnd.ms-excel.sheet.macroenabled.12"
POWERPOINT_MACRO = "application/vnd.ms-powerpoint.presentation.macroenabled.12"
OLE_MACRO = "application/x-ole-storage; macro"

_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"%PDF-", "application/pdf"),
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF8", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"PK\x03\x04", ZIP),
    (b"PK\x05\x06", ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", OLE),
    (b"Rar!\x1a\x07", "application/vnd.rar"),
    (b"7z\xbc\xaf\x27\x1c", "application/x-7z-compressed"),
    (b"\x1f\x8b", "application/gzip"),
    (b"BZh", "application/x-bzip2"),
    (b"\xfd7zXZ\0", "application/x-xz"),
    (b"MSCF", "application/vnd.ms-cab-compressed"),
    (b"ITSF", "application/vnd.ms-htmlhelp"),
    (b"MZ", "application/vnd.microsoft.portable-executable"),
    (b"\x7fELF", "application/x-elf"),
    (b"\xfe\xed\xfa\xce", "application/x-mach-binary"),
    (b"\xfe\xed\xfa\xcf", "application/x-mach-binary"),
    (b"\xcf\xfa\xed\xfe", "application/x-mach-binary"),
    (b"\xca\xfe\xba\xbe", "application/java-vm"),
    (b"L\0\0\0\x01\x14\x02\0", "application/x-ms-shortcut"),
    (b"{\\rt", "application/rtf"),
    (b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d", "application/onenote"),
    (b"\x78\x9f\x3e\x22", "application/ms-tnef"),
    (b"vhdxfile", "application/x-vhdx"),
    (b"conectix", "application/x-vhd"),
    (b"#!", "text/x-shellscript"),
    (b"OggS", "application/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\0asm", "application/wasm"),
    (b"BEGIN:VCALENDAR", "text/calendar"),
    (b"BEGIN:VCARD", "text/vcard"),
)
_BY_FIRST_BYTE: dict[int, list[tuple[bytes, str]]] = {}
for _magic, _type in _MAGIC:
    _BY_FIRST_BYTE.setdefault(_magic[0], []).append((_magic, _type))

# What attackers open with is padded with blanks and comments.
_HTML = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,200}(?:<!--.{0,300}?-->\s{0,100}|<\?xml[^>]{0,200}>\s{0,100})?"
    rb"<(?:!doctype\s{1,9}html|html|head|body|script|title|meta|div|table|form|iframe)[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_SVG = re.compile(
    rb"(?:\xef\xbb\xbf)?\s{0,200}(?:<\?xml[^>]{0,200}>\s{0,100})?(?:<!--.{0,300}?-->\s{0,100}|<!DOCTYPE[^>]{0,200}>\s{0,100})?<svg[\s>]",
    re.IGNORECASE | re.DOTALL,
)
_HEAD = 1_024
_ISO_9660 = 32_769
_OFFICE_NAMES = 4_096
_EXTENSION = re.compile(r"[a-z0-9_~-]{1,16}\Z")


def attachment_of(name: str, declared_type: str, data: bytes, inline: bool) -> Attachment:
    """An attachment from its decoded bytes."""
    return Attachment(
        name=name,
        extension=extension_of(name),
        declared_type=declared_type,
        sniffed_type=sniffed(data),
        size=len(data),
        sha256=sha256(data).hexdigest(),
        inline=inline,
    )


def extension_of(name: str) -> str:
    """The last extension, lower case, as Windows would take it; empty when there is none.

    >>> extension_of("Invoice.PDF.exe .")
    'exe'
    """
    base, dot, extension = name.rstrip(". \t").rpartition(".")
    extension = extension.strip().lower()
    return extension if dot and base and _EXTENSION.match(extension) else ""


def sniffed(data: bytes) -> str:
    """The media type that the first bytes tell, or empty. Office files with macros and locked archives have types of
    their own (`*_MACRO`, `ZIP_ENCRYPTED`).

    >>> sniffed(b"%PDF-1.7")
    'application/pdf'
    """
    if not data:
        return ""
    for magic, kind in _BY_FIRST_BYTE.get(data[0], ()):
        if data.startswith(magic):
            if kind is ZIP:
                return _zip(data)
            if kind is OLE:
                return OLE_MACRO if _ole_has_macro(data) else OLE
            return kind
    head = data[:_HEAD]
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "image/heic" if head[8:11] in (b"hei", b"mif") else "video/mp4"
    if data[_ISO_9660 : _ISO_9660 + 5] == b"CD001":
        return "application/x-iso9660-image"
    if b"<" in head:
        if _SVG.match(head):
            return "image/svg+xml"
        if _HTML.match(head):
            return "text/html"
    if b"%PDF-" in head:
        # Readers accept the mark anywhere in the first kilobyte (ISO 32000-1, Annex H).
        return "application/pdf"
    return ""


def _zip(data: bytes) -> str:
    first_names = data[:_OFFICE_NAMES]
    if b"[Content_Types].xml" in first_names or b"_rels/.rels" in first_names:
        macro = b"vbaProject.bin" in data
        for folder, plain, with_macro in (
            (b"word/", WORD, WORD_MACRO),
            (b"xl/", EXCEL, EXCEL_MACRO),
            (b"ppt/", POWERPOINT, POWERPOINT_MACRO),
        ):
            if folder in data:
                return with_macro if macro else plain
    if b"META-INF/MANIFEST.MF" in first_names:
        return "application/java-archive"
    # General purpose bit 0 of the first entry (APPNOTE.TXT section 4.4.4).
    return ZIP_ENCRYPTED if len(data) > 6 and data[6] & 1 and data[2] == 3 else ZIP


def _ole_has_macro(data: bytes) -> bool:
    return "_VBA_PROJECT".encode("utf-16-le") in data
