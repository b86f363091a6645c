"""Source URIs as they may be stored: an address, never a secret."""

from __future__ import annotations

import re
from urllib.parse import unquote


class SecretInSourceError(Exception):
    """A source URI holds what looks like a secret. The message names where, never what."""


_NAMES = (
    r"pass(?:word|wd|phrase)?|pwd|secret|token|api[-_]?key|access[-_]?key|client[-_]?secret|credential|sig(?:nature)?"
    r"|auth(?:orization)?|bearer"
)
_NAMED = re.compile(rf"(?:^|[?&;#])(?:[\w.-]*[-_.])?({_NAMES})s?=", re.IGNORECASE)
# Of the source itself, and of an address in one of its options.
_USERINFO = re.compile(r"(?:^[a-z][a-z0-9+.-]*:(?://)?|://)[^/?#&@]*:[^/?#&@]*@", re.IGNORECASE)


def refuse_secret(uri: str) -> None:
    """Raises SecretInSourceError for a URI with a password before a host, or a parameter named like a secret."""
    remedy = "leave it out and give it by the environment or a file, as the source's page in the documentation says"
    for text in (uri, unquote(uri)):
        if _USERINFO.search(text):
            raise SecretInSourceError(f"the source URI holds a password before a host: {remedy}")
        if named := _NAMED.search(text):
            raise SecretInSourceError(f"the source URI holds a secret in `{named[1]}`: {remedy}")
