"""Attached HTML and SVG: pages that open in a browser, where no filter of links and forms looks.

Two signs are read off a page's source, for no script is run here: that it builds a page or a file out of encoded data in
itself (MITRE ATT&CK T1027.006, HTML smuggling), and that it asks for a password.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from detection.mail.message import Attachment

_TYPES = frozenset({"text/html", "image/svg+xml"})
_EXTENSIONS = frozenset({"html", "htm", "shtml", "shtm", "xhtml", "xht", "svg"})
# Scripts are case-sensitive, and so are these.
_DECODES = ("atob(", "fromCharCode", "unescape(", "decodeURIComponent(", "new Uint8Array", "new Blob")
_BUILDS = ("createObjectURL", "msSaveBlob", "msSaveOrOpenBlob", "document.write", "eval(", "new Function(", "srcdoc")
_CARRIES_FILE = re.compile(r"""href\s*+=\s*+["']?+data:(?!image/)[^,"'>]{0,100};base64,""", re.IGNORECASE)
_PASSWORD = re.compile(r"""\btype\s*+=\s*+["']?+password\b""", re.IGNORECASE)
_GOES = re.compile(
    r"""(?:location(?:\.href)?\s{0,5}=|location\.(?:replace|assign)\(|\bopen\(|xlink:href\s{0,5}=)\s{0,5}["'`]"""
    r"""((?:https?:)?//[^"'`\s<>]{1,2000})""",
    re.IGNORECASE,
)


class PageSigns(NamedTuple):
    """What an attached page does beyond showing text."""

    unpacks: bool
    asks_password: bool
    targets: list[str]
    """Addresses to which its scripts send the reader, or SVG anchors lead."""


def is_page(attachment: Attachment, declared_type: str) -> bool:
    """Whether a browser would open an attachment as a page: by its bytes, or where these say nothing by type or name."""
    if attachment.sniffed_type:
        return attachment.sniffed_type in _TYPES
    return declared_type in _TYPES or attachment.extension in _EXTENSIONS


def signs_of(page: str, most: int) -> PageSigns:
    """The signs in the source of a page, with at most `most` targets.

    >>> signs_of('<script>document.write(atob("PGI+"))</script>', 9).unpacks
    True
    """
    unpacks = any(word in page for word in _DECODES) and any(word in page for word in _BUILDS)
    targets: list[str] = []
    for match in _GOES.finditer(page):
        targets.append(match[1])
        if len(targets) == most:
            break
    return PageSigns(
        unpacks=unpacks or _CARRIES_FILE.search(page) is not None,
        asks_password=_PASSWORD.search(page) is not None,
        targets=targets,
    )
