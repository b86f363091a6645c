"""What kind of file an attachment is, what harm the kind can do, and whether it pretends to be another."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from detection.mail.batch import AttachmentFlag
from detection.mail.keyring import recurring_key
from detection.mail.message import Attachment

_EXECUTABLE = (
    "exe scr com pif msi msp cpl dll sys jar apk app dmg pkg deb rpm bin run elf gadget appx msix application xll wll"
)
_SCRIPT = "js jse vbs vbe wsf wsh ps1 psm1 psd1 bat cmd sh bash hta sct wsc lnk url scf reg inf py pl rb php msc chm iqy slk appref-ms settingcontent-ms library-ms search-ms rdp one onepkg ade adp"
_MACRO = "docm dotm xlsm xltm xlam xlsb pptm potm ppam ppsm sldm doc xls ppt dot xlt pot"
_ARCHIVE = "zip rar 7z gz tgz tar bz2 xz z ace arj cab lzh lha zipx tbz2 uue r00 001 jar"
_DISK_IMAGE = "iso img vhd vhdx udf dmg bin cue nrg mdf wim"
_HTML = "html htm shtml xhtml xht mht mhtml svg svgz hta"
_IMAGE = "png jpg jpeg gif bmp tif tiff webp heic svg ico avif"
_DOCUMENT = "pdf doc docx docm rtf odt xls xlsx xlsm xlsb ods csv ppt pptx pptm odp txt pages numbers key xps one pub vsd vsdx wpd"
_CALENDAR = "ics vcs ical ifb"

_FLAGS: dict[str, AttachmentFlag] = {}
for _flag, _extensions in (
    (AttachmentFlag.EXECUTABLE, _EXECUTABLE),
    (AttachmentFlag.SCRIPT, _SCRIPT),
    (AttachmentFlag.MACRO, _MACRO),
    (AttachmentFlag.ARCHIVE, _ARCHIVE),
    (AttachmentFlag.DISK_IMAGE, _DISK_IMAGE),
    (AttachmentFlag.HTML, _HTML),
    (AttachmentFlag.IMAGE, _IMAGE),
    (AttachmentFlag.DOCUMENT, _DOCUMENT),
    (AttachmentFlag.CALENDAR, _CALENDAR),
):
    for _extension in _extensions.split():
        _FLAGS[_extension] = _FLAGS.get(_extension, AttachmentFlag(0)) | _flag

# Media types by the extension they usually have; several types of one file share it.
_EXTENSION_OF_TYPE = {
    "application/pdf": "pdf", "application/x-pdf": "pdf",
    "application/msword": "doc", "application/rtf": "rtf", "text/rtf": "rtf",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.ms-excel": "xls", "application/excel": "xls", "application/x-excel": "xls",
    "application/vnd.ms-powerpoint": "ppt", "application/vnd.ms-word.document.macroenabled.12": "docm",
    "application/vnd.ms-excel.sheet.macroenabled.12": "xlsm", "application/vnd.ms-excel.sheet.binary.macroenabled.12": "xlsb",
    "application/vnd.oasis.opendocument.text": "odt", "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/zip": "zip", "application/x-zip-compressed": "zip", "application/x-zip": "zip",
    "application/x-rar-compressed": "rar", "application/vnd.rar": "rar", "application/x-rar": "rar",
    "application/x-7z-compressed": "7z", "application/gzip": "gz", "application/x-gzip": "gz", "application/x-tar": "tar",
    "application/x-bzip2": "bz2", "application/x-xz": "xz", "application/vnd.ms-cab-compressed": "cab",
    "application/x-iso9660-image": "iso", "application/x-cd-image": "iso", "application/x-msdownload": "exe",
    "application/x-dosexec": "exe", "application/vnd.microsoft.portable-executable": "exe", "application/x-executable": "elf",
    "application/x-elf": "elf", "application/java-archive": "jar", "application/x-ms-shortcut": "lnk", "application/x-mach-binary": "bin",
    "application/vnd.android.package-archive": "apk", "application/x-msi": "msi", "application/hta": "hta",
    "application/javascript": "js", "text/javascript": "js", "application/x-javascript": "js", "text/vbscript": "vbs",
    "application/x-sh": "sh", "text/x-shellscript": "sh", "application/x-msdos-program": "exe",
    "text/html": "html", "application/xhtml+xml": "html", "image/svg+xml": "svg", "message/rfc822": "eml",
    "text/plain": "txt", "text/csv": "csv", "text/calendar": "ics", "application/ics": "ics", "text/x-patch": "txt", "text/x-diff": "txt",
    "image/jpeg": "jpg", "image/jpg": "jpg", "image/pjpeg": "jpg", "image/png": "png", "image/gif": "gif", "image/bmp": "bmp",
    "image/tiff": "tif", "image/webp": "webp", "image/heic": "heic", "image/x-icon": "ico", "image/vnd.microsoft.icon": "ico",
    "application/onenote": "one", "application/msonenote": "one", "application/pkcs7-signature": "p7s",
    "application/x-pkcs7-signature": "p7s", "application/pgp-signature": "asc", "application/pgp-keys": "asc", "text/vcard": "vcf", "text/x-vcard": "vcf",
    "application/vnd.ms-outlook": "msg", "application/ms-tnef": "tnef", "application/json": "json", "text/xml": "xml", "application/xml": "xml",
}  # fmt: skip
_SAME = {"jpeg": "jpg", "htm": "html", "shtml": "html", "xhtml": "html", "tiff": "tif", "tgz": "gz", "mhtml": "mht", "text": "txt", "log": "txt", "patch": "txt", "diff": "txt"}  # fmt: skip

# What the first bytes of a container say fits many kinds of file.
_CONTAINERS = {
    "zip": frozenset(
        "zip docx docm dotx dotm xlsx xlsm xlsb xltx xltm xlam pptx pptm potx ppsx ppsm odt ods odp odg epub jar apk xps vsdx "
        "pages numbers key kmz 3mf whl nupkg msix appx zipx ora sketch xpi crx".split()
    ),
    "doc": frozenset("doc dot xls xlt xla ppt pot pps msg msi vsd pub mpp wps db".split()),
    "ole": frozenset("doc dot xls xlt xla ppt pot pps msg msi vsd pub mpp wps db".split()),
    "txt": frozenset(
        "txt csv tsv html js vbs ps1 bat cmd sh py c h cpp java xml json yml yaml ini cfg conf log md rst eml ics vcf asc sql rtf "
        "tex patch diff pem key crt css svg hta wsf reg url srt dat dts dtsi mk am in spec php pl rb".split()
    ),
    "xml": frozenset(
        "xml svg html xhtml kml gpx rss xsd xsl xslt plist wsf docx xlsx sct config vcxproj csproj".split()
    ),
    "html": frozenset("html mht hta svg xml xls doc eml".split()),
    "gz": frozenset("gz svgz z emz".split()),
    "exe": frozenset("exe dll scr sys com cpl ocx pif xll ax".split()),
    "jpg": frozenset({"jpg", "jfif", "jpe"}),
    "tif": frozenset("tif dng nef cr2 arw".split()),
}
_CONTAINERS["xls"] = _CONTAINERS["ppt"] = _CONTAINERS["msg"] = _CONTAINERS["doc"]
_SAYS_NOTHING = frozenset({"", "application/octet-stream", "application/x-ole-storage", "application/x-download", "application/force-download", "application/unknown", "binary/octet-stream"})  # fmt: skip
_OLE = "application/x-ole-storage"
_BAIT = frozenset((_DOCUMENT + " " + _IMAGE + " zip mp3 mp4 wav").split())
_DANGER = AttachmentFlag.EXECUTABLE | AttachmentFlag.SCRIPT | AttachmentFlag.HTML | AttachmentFlag.DISK_IMAGE


class AttachmentFeatures(NamedTuple):
    """One attachment as columns."""

    type_key: int
    flags: int


def features_of(attachment: Attachment) -> AttachmentFeatures:
    """The kind of an attachment as a key, and its flags."""
    kind = _kind(attachment.declared_type[:200], attachment.sniffed_type[:200], attachment.extension[:20])
    flags = kind.flags
    if attachment.inline:
        flags |= AttachmentFlag.INLINE
    if _hides_extension(attachment.name, attachment.extension):
        flags |= AttachmentFlag.DOUBLE_EXTENSION
    return AttachmentFeatures(recurring_key(kind.name), int(flags))


class _Kind(NamedTuple):
    name: str
    flags: AttachmentFlag


@lru_cache(maxsize=1 << 12)
def _kind(declared_type: str, sniffed_type: str, extension: str) -> _Kind:
    """Sniffed before declared before extension; a container's bytes leave it to the extension which kind it is."""
    by_bytes = _extension_of(sniffed_type)
    by_header = _extension_of(declared_type)
    by_name = _SAME.get(extension, extension)
    if by_bytes:
        name = by_name if by_name in _CONTAINERS.get(by_bytes, ()) else by_bytes
        if name == by_bytes and not by_name and by_header in _CONTAINERS.get(by_bytes, ()):
            name = by_header
    else:
        name = by_header or by_name or declared_type or "unknown"
    flags = _FLAGS.get(name, AttachmentFlag(0))
    if by_name in _FLAGS:
        # A program opens a file by its name's extension, whatever the bytes or the header say.
        flags |= _FLAGS[by_name] & (_DANGER | AttachmentFlag.MACRO)
    if (
        by_bytes
        and by_name
        and by_name in _FLAGS
        and by_name != by_bytes
        and by_name not in _CONTAINERS.get(by_bytes, ())
    ):
        flags |= AttachmentFlag.TYPE_MISMATCH
    elif (
        by_name in _FLAGS
        and by_header in _FLAGS
        and not _FLAGS[by_name] & _FLAGS[by_header]
        and by_name not in _CONTAINERS.get(by_header, ())
    ):
        flags |= AttachmentFlag.TYPE_MISMATCH
    if "encrypted" in sniffed_type or "encrypted" in declared_type:
        flags |= AttachmentFlag.ENCRYPTED
    return _Kind(name, flags)


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
    return before.rpartition(".")[2] in _BAIT and "." in before or "\u202e" in name
