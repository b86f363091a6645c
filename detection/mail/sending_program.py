"""Which program sent a mail: its product name, and the set of headers it writes."""

from __future__ import annotations

import re
from functools import lru_cache

from detection.mail.lists import lines_of

_VERSION = re.compile(
    r"[,;:]?\s*(?:(?:version|build|ver|v|release)\b\.?\s*)?(?:\d|\(|\[|/|\{|<).*", re.IGNORECASE | re.DOTALL
)
_MOZILLA = re.compile(
    r"^mozilla/.*?\b(thunderbird|seamonkey|postbox|betterbird|icedove|eudora|netscape|k-9)\b", re.IGNORECASE
)
_LONGEST = 200

_ENTRIES = lines_of("headers_of_the_way.txt")
_NOT_THE_PROGRAMS = frozenset(_ENTRIES)
_FAMILIES_ON_THE_WAY = tuple(entry[:-1] for entry in _ENTRIES if entry.endswith("*"))


def product_of(mailer: str) -> str:
    """The product name of a User-Agent or X-Mailer value, lower case, version and comments removed.

    >>> [product_of(m) for m in ("Apple Mail (2.3774)", "git-send-email 2.43.0", "Mozilla/5.0 (X11) Gecko/1 Thunderbird/115.0")]
    ['apple mail', 'git-send-email', 'thunderbird']
    """
    return _product_of(mailer[:_LONGEST]) if mailer else ""


@lru_cache(maxsize=1 << 12)
def _product_of(mailer: str) -> str:
    if named := _MOZILLA.search(mailer):
        return named.group(1).lower()
    product = " ".join(_VERSION.sub("", mailer).lower().split()).strip(" -.,;")
    return product or " ".join(mailer.lower().split())


def headers_of_program(names: frozenset[str]) -> str:
    """The headers that a sending program chose to write, sorted: alike for its mails, whatever way they came."""
    return _headers_of_program(names) if len(names) <= _LONGEST else ""


@lru_cache(maxsize=1 << 13)
def _headers_of_program(names: frozenset[str]) -> str:
    return " ".join(sorted(n for n in names - _NOT_THE_PROGRAMS if not n.startswith(_FAMILIES_ON_THE_WAY)))
