"""Well-known brands, and who claims to be one of them without being it.

`data/brands.txt` says what a brand is called and where it really writes from. A name counts as claimed when it stands
as a word; the sender is the brand itself when its registrable domain is listed, or is the brand's own label under a
country's suffix (`amazon.de`).
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

import re2

from detection.mail.confusables import fold
from detection.mail.domains import split_site
from detection.mail.lists import lines_of
from detection.mail.message import Mailbox


class Claims(NamedTuple):
    """Where a mail claims to be of a brand that its sender is not."""

    in_name: bool
    in_subject: bool
    in_text: bool
    in_domain: bool


class _Brand(NamedTuple):
    names: tuple[str, ...]
    sites: frozenset[str]
    labels: frozenset[str]
    common: bool
    """The name is an ordinary word as well, and says something only where a name is expected."""


def claims_of(sender: Mailbox | None, subject: str, opening: str, site: str) -> Claims:
    """The claims of a mail whose sender's registrable domain is `site`; `opening` is its beginning in small letters."""
    if sender is None:
        return Claims(False, False, False, False)
    in_name, in_domain = _of_sender(sender.name[:_LONGEST], sender.address[:_LONGEST], site)
    return Claims(
        in_name,
        any(not genuine(brand, site) for brand in _named(_IN_TEXT, fold(subject[:_LONGEST]).lower())),
        any(not genuine(brand, site) for brand in _named(_PRESENTS_ITSELF, opening)),
        in_domain,
    )


def genuine(brand: int, site: str) -> bool:
    """Whether a registrable domain is the brand's own."""
    label, suffix = split_site(site)
    return site in BRANDS[brand].sites or (label in BRANDS[brand].labels and (suffix in _GENERAL or _national(suffix)))


def brand_in_host(host: str, site: str) -> bool:
    """Whether a host holds a brand's name though its site is not the brand's: `paypal.com.secure-check.example`.

    >>> [brand_in_host(h, s) for h, s in (("paypal.login.example", "login.example"), ("www.paypal.com", "paypal.com"))]
    [True, False]
    """
    return any(not genuine(brand, site) for brand in _named(_IN_HOST, _letters(host)))


BRANDS: list[_Brand] = []
_LONGEST = 300
_GENERAL = frozenset({"com", "net", "org"})
_GAPS = re.compile(r"[ .-]")


def _national(suffix: str) -> bool:
    return len(suffix) == 2 or (suffix.startswith(("co.", "com.")) and len(suffix.rpartition(".")[2]) == 2)


@lru_cache(maxsize=1 << 14)
def _of_sender(name: str, address: str, site: str) -> tuple[bool, bool]:
    local, _, domain = address.rpartition("@")
    named = any(not genuine(brand, site) for brand in _named(_IN_NAME, fold(name).lower())) if name else False
    held = _named(_IN_HOST, _letters(f"{local}.{domain}"))
    return named, any(not genuine(brand, site) for brand in held)


def _named(pattern: re2._Regexp[str], text: str) -> set[int]:
    if not text:
        return set()
    if not text.isascii():
        # Half a surrogate pair is no character; RE2 reads UTF-8, which cannot hold one.
        text = text.encode("utf-8", "replace").decode("utf-8")
    return {_INDEX[_GAPS.sub("", match.group(1))] for match in pattern.finditer(text)}


def _letters(host: str) -> str:
    """A host as a reader takes it: digits that stand for letters inside a word are those letters."""
    return _AS_LETTER.sub(lambda match: _DIGITS[match.group()], host)


_DIGITS = {"0": "o", "1": "l", "3": "e", "5": "s"}
_AS_LETTER = re.compile(r"(?<=[a-z])[0135](?=[a-z])")


def _read() -> None:
    for line in lines_of("brands.txt"):
        names, _, sites = line.partition("=")
        common = names.startswith("~")
        called = tuple(name.strip() for name in names.removeprefix("~").split(","))
        real = frozenset(sites.split())
        BRANDS.append(_Brand(called, real, frozenset(split_site(site)[0] for site in real), common))


def _pattern(names: list[str], before: str = "(?:^|[^a-z0-9])", after: str = "(?:$|[^a-z0-9])") -> re2._Regexp[str]:
    words = "|".join(re.escape(name).replace(r"\ ", "[ .-]?") for name in sorted(names, key=lambda n: (-len(n), n)))
    return re2.compile(rf"{before}({words}){after}")


_read()
_INDEX = {_GAPS.sub("", name): at for at, brand in enumerate(BRANDS) for name in brand.names}
_DISTINCT = [name for brand in BRANDS if not brand.common for name in brand.names]
_IN_NAME = _pattern([name for brand in BRANDS for name in brand.names])
_IN_TEXT = _pattern(_DISTINCT)
_IN_HOST = _IN_TEXT
_PRESENTS_ITSELF = _pattern(
    [name for brand in BRANDS for name in brand.names],
    r"\b(?:your|my|from|the|ihre?[mnrs]?|von|votre|de|su|tu|seu|sua|da|il tuo|uw|twoje|dear) ",
    r" (?:account|security|support|team|customer|member|user|mailbox|password|wallet|subscription|storage|konto|kunde"
    r"|passwort|compte|client|cuenta|cliente|conta|utente|klant|services?\b|id\b|e-?mail)",
)
