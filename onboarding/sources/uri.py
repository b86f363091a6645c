"""Paths of local mail: in URIs, and as text that a person, a database and an Arrow column can hold.

A file name on disk is bytes, and mail archives hold names in every encoding. Inside a source's tree a name becomes
text reversibly: what is printable UTF-8 stays as it is, everything else (and `%`) becomes `%XX`. The path in a URI is
a person's to choose and has to be plain text from the start.
"""

from __future__ import annotations

import os
from urllib.parse import unquote_to_bytes

from onboarding.sources.base import SourceError


def absolute_path(scheme: str, rest: str) -> str:
    """The absolute path that stands behind `scheme:`, `~` expanded, relative ones taken from the working directory.

    `eml:mail/acme`, `eml:/mail/acme`, `eml:///mail/acme` and `eml:~/acme` are understood; links in the path are kept.
    Raises SourceError for an empty path and for one that is not printable text.
    """
    if rest.startswith("//"):
        rest = "/" + rest.lstrip("/") if rest.startswith("///") else rest[2:]
    if not rest:
        raise SourceError(f"the source '{scheme}:' names no path: write {scheme}:PATH, for example {scheme}:/mail/acme")
    path = os.path.abspath(os.path.expanduser(rest))
    if not path.isprintable():
        raise SourceError(
            f"the source path {path!r} holds bytes that are not printable text: give it by a path that is, for "
            "example through a symbolic link (names further down may be anything)"
        )
    return path


def text_of(name: bytes) -> str:
    r"""A file name or relative path as printable text; reversed by `name_of`.

    >>> text_of("inbox/Grüße 1.eml".encode())
    'inbox/Grüße 1.eml'
    >>> text_of(b"a\nb%\xff")
    'a%0Ab%25%FF'
    """
    text = name.decode("utf-8", "surrogateescape")
    if text.isprintable() and "%" not in text:
        return text
    return "".join(char if char.isprintable() and char != "%" else _escaped(char) for char in text)


def name_of(text: str) -> bytes:
    r"""The file name or relative path that `text_of` made this text of.

    >>> name_of("a%0Ab%25%FF")
    b'a\nb%\xff'
    """
    return unquote_to_bytes(text)


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode("utf-8", "surrogateescape"))
