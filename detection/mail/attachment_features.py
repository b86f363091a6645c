"""What kind of file an attachment is, what harm the kind can do, and whether it pretends to be another."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from detection.mail.batch import AttachmentFlag
from detection.mail.confusables import fold
from detection.mail.keyring import recurring_key
from detection.mail.lists import grouped
from detection.mail.message import Attachment

_FLAGS: dict[str, AttachmentFlag] = {}
for _name, _extensions in grouped("extensions.txt").items():
    for _extension in _extensions:
        _FLAGS[_extension] = _FLAGS.get(_extension, AttachmentFlag(0)) | AttachmentFlag[_name]

_EXTENSION_OF_TYPE = {media_type: extension for media_type, (extension,) in grouped("media_types.txt").items()}
_CONTAINERS = {kind: frozenset(extensions) for kind, extensions in grouped("containers.txt").items()}
_SAME = {
    "jpeg": "jpg", "htm": "html", "shtml": "html", "xhtml": "html", "tiff": "tif", "tgz": "gz", "mhtml": "mht",
    "text": "txt", "log": "txt", "patch": "txt", "diff": "txt",
}  # fmt: skip
_OFFICE = _CONTAINERS["docx"] | _CONTAINERS["xlsx"] | _CONTAINERS["pptx"]
_OLE = "application/x-ole-storage"
_SAYS_NOTHING = frozenset(
    {"", "application/octet-stream", "application/x-download", "application/force-download", "application/unknown"}
    | {"binary/octet-stream"}
)
_BAIT = frozenset(
    extension for extension, flags in _FLAGS.items() if flags & (AttachmentFlag.DOCUMENT | AttachmentFlag.IMAGE)
) | {"zip", "mp3", "mp4", "wav"}
_DANGER = AttachmentFlag.EXECUTABLE | AttachmentFlag.SCRIPT | AttachmentFlag.HTML | AttachmentFlag.DISK_IMAGE


class AttachmentFeatures(NamedTuple):
    """One attachment as columns."""

    type_key: int
    flags: int


def features_of(attachment: Attachment) -> AttachmentFeatures:
    """The kind of an attachment as a key, and its flags."""
    kind = _kind(attachment.declared_type[:200], attachment.sniffed_type[:200], attachment.extension[:20])
    flags = kind.flags | (_INLINE if attachment.inline else 0)
    if _hides_extension(attachment.name, attachment.extension):
        flags |= _DOUBLE_EXTENSION
    if attachment.name and _LURE_NAME.search(fold(attachment.name[:200]).lower()):
        flags |= _NAME_LURE
    if attachment.unpacks:
        flags |= _UNPACKS
    if attachment.asks_password:
        flags |= _PASSWORD_FORM
    return AttachmentFeatures(recurring_key(kind.name), flags)


_INLINE, _DOUBLE_EXTENSION, _NAME_LURE, _UNPACKS, _PASSWORD_FORM = map(
    int,
    (
        *(AttachmentFlag.INLINE, AttachmentFlag.DOUBLE_EXTENSION, AttachmentFlag.NAME_LURE),
        *(AttachmentFlag.UNPACKS, AttachmentFlag.PASSWORD_FORM),
    ),
)
# What a file is called that wants to be opened: money, deliveries, voices and faxes, in the languages of business mail.
_LURE_NAME = re.compile(
    r"invoice|payment|remittance|statement|receipt|purchase.?order|\bpo[ _-]?\d|swift|wire|transfer|bank.?details"
    r"|voice.?(?:mail|message)|vm[ _-]\d"
    r"|fax|scan|shipping|shipment|delivery|tracking|awb|docusign|contract|agreement|payroll|salary|bonus|benefits|quotation|\brfq"
    r"|rechnung|mahnung|zahlung|lohn|gehalt|facture|paiement|virement|factura|pago|nomina|fatura|pagamento|fattura|bonifico|factuur|betaling"
    r"|faktura|platnosc|請求書|発票|发票|付款|見積"
)


class _Kind(NamedTuple):
    name: str
    flags: int


@lru_cache(maxsize=1 << 12)
def _kind(declared_type: str, sniffed_type: str, extension: str) -> _Kind:
    """Sniffed before declared before extension; a container's bytes leave it to the extension which kind it is."""
    sniffed_type, _, sniffed_remark = sniffed_type.partition(";")
    by_bytes = _extension_of(sniffed_type)
    by_header = _extension_of(declared_type.partition(";")[0].strip())
    by_name = _SAME.get(extension, extension)
    like_these_bytes = _CONTAINERS.get(by_bytes, frozenset())
    # A locked Office file is an OLE container around the real one (MS-OFFCRYPTO section 2.3.4).
    locked_office = by_bytes == "ole" and by_name in _OFFICE
    if by_bytes:
        name = next((other for other in (by_name, by_header) if other in like_these_bytes), by_bytes)
        name = by_name if locked_office else name
    else:
        name = by_header or by_name or "unknown"
    flags = _FLAGS.get(name, AttachmentFlag(0))
    if by_name in _FLAGS:
        # A program opens a file by its name's extension, whatever the bytes or the header say.
        flags |= _FLAGS[by_name] & (_DANGER | AttachmentFlag.MACRO)
    if by_bytes == "ole" and not sniffed_remark:
        # Bytes that were looked at and hold no macros are known not to; a name alone proves nothing.
        flags &= ~AttachmentFlag.MACRO
    if "macro" in sniffed_remark:
        flags |= AttachmentFlag.MACRO
    if locked_office or "encrypted" in sniffed_remark:
        flags |= AttachmentFlag.ENCRYPTED
    if by_name in _FLAGS and not locked_office and _contradicts(by_name, by_bytes, by_header):
        flags |= AttachmentFlag.TYPE_MISMATCH
    return _Kind(name, int(flags))


def _contradicts(by_name: str, by_bytes: str, by_header: str) -> bool:
    """Whether a name claims what bytes, or where these say nothing the header, deny."""
    if by_bytes:
        return by_name != by_bytes and by_name not in _CONTAINERS.get(by_bytes, ())
    if by_header not in _FLAGS or by_name in _CONTAINERS.get(by_header, ()):
        return False
    return not _FLAGS[by_name] & _FLAGS[by_header]


def _extension_of(media_type: str) -> str:
    if media_type == _OLE:
        return "ole"
    if media_type in _SAYS_NOTHING:
        return ""
    known = _EXTENSION_OF_TYPE.get(media_type)
    if known:
        return known
    main, _, sub = media_type.partition("/")
    return f"{main}/{sub.removeprefix('x-')}" if sub else ""


def _hides_extension(name: str, extension: str) -> bool:
    """Whether a name shows a harmless extension before the one that counts: `invoice.pdf.exe`, `scan.pdf      .js`."""
    if not _FLAGS.get(extension, AttachmentFlag(0)) & (_DANGER | AttachmentFlag.ARCHIVE):
        # A right-to-left override turns the visible end around (`gpj.exe` read backwards).
        return "\u202e" in name
    before = name[: -len(extension) - 1].rstrip(" .\u00a0_").lower()
    return (before.rpartition(".")[2] in _BAIT and "." in before) or "\u202e" in name
