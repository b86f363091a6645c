"""What a domain name says: whose it is by the public suffix list, and which kind of place it is.

The whole list is used, its private section included: `a.github.io` and `b.github.io` are two customers of one host,
as different as two companies, and must not vouch for each other.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

from publicsuffixlist import PublicSuffixList

from detection.keys import NO_KEY, key_of
from detection.mail.lists import names_of

FREE_MAIL = names_of("free_mail.txt")
SHORTENERS = names_of("shorteners.txt")
FREE_HOSTING = names_of("free_hosting.txt")
REDIRECTORS = names_of("redirectors.txt")
SHARED_PARENTS = names_of("shared_parents.txt")

LONGEST_DOMAIN = 255
"""RFC 1035 section 2.3.4. What is longer is no domain, and must not fill the caches."""

_SUFFIXES = PublicSuffixList()


class Domain(NamedTuple):
    """A domain name's keys and kind."""

    key: int
    site: str
    """Registrable domain, or the name itself where there is none (an address literal, a bare host, a public suffix)."""
    site_key: int
    is_free_mail: bool


NO_DOMAIN = Domain(NO_KEY, "", NO_KEY, False)


def domain_of(name: str) -> Domain:
    """Keys and kind of a lower-case ASCII domain name; `NO_DOMAIN` for the empty one.

    >>> domain_of("mail.acme.co.uk").site
    'acme.co.uk'
    >>> domain_of("shop.github.io").site
    'shop.github.io'
    """
    return _domain(name) if len(name) <= LONGEST_DOMAIN else _domain.__wrapped__(name[-LONGEST_DOMAIN:])


def site_of(name: str) -> str:
    """The registrable domain of a domain name, or the name itself where there is none."""
    return domain_of(name).site


@lru_cache(maxsize=1 << 15)
def _domain(name: str) -> Domain:
    name = name.strip(".")
    if not name:
        return NO_DOMAIN
    site = name if is_address_literal(name) else (_SUFFIXES.privatesuffix(name) or name)
    if site in SHARED_PARENTS and len(name) > len(site):
        site = name[: -len(site) - 1].rpartition(".")[2] + "." + site
    return Domain(key_of(name), site, key_of(site), name in FREE_MAIL or site in FREE_MAIL)


@lru_cache(maxsize=1 << 12)
def split_site(site: str) -> tuple[str, str]:
    """A registrable domain's own label and its public suffix.

    >>> split_site("acme.co.uk")
    ('acme', 'co.uk')
    """
    label, _, suffix = site.partition(".")
    return label, suffix


def is_address_literal(host: str) -> bool:
    """Whether a host is an IP address, in any of the forms a browser takes: dotted, bracketed IPv6, hexadecimal or one number.

    >>> [is_address_literal(h) for h in ("10.0.0.1", "[2001:db8::1]", "0x7f000001", "2130706433", "acme.com")]
    [True, True, True, True, False]
    """
    if not host:
        return False
    if host[0] == "[" or ":" in host:
        return True
    # RFC 3986 section 7.4: browsers read every dotted run of numbers as an address; the last label of a name is never one.
    last = host.rpartition(".")[2]
    return last.isdigit() or (last[:2] == "0x" and all(c in "0123456789abcdef" for c in last[2:]))


@lru_cache(maxsize=1 << 15)
def listed_below(host: str, names: frozenset[str]) -> bool:
    """Whether a host is one of the names or lies below one."""
    while host:
        if host in names:
            return True
        _, _, host = host.partition(".")
    return False
