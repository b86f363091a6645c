"""Host names and addresses as mail and links write them, to one spelling."""

from __future__ import annotations

import ipaddress
import re
from functools import lru_cache
from socket import AF_INET6, inet_pton
from unicodedata import normalize

LONGEST = 255
_LABEL = 40
_MOST_FOREIGN = 4
_GROUP = re.compile(r"[0-9A-Fa-f]{1,4}\Z").match
_ORDINARY = (0x2003, 0x3FFE)
"""First groups of global unicast addresses without special ranges among them (2001:db8::, 2002:: and others)."""
_PARTLY_SPECIAL = frozenset({100, 169, 172, 192, 198, 203})
_PLAIN = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*+\Z")
# Full stops of other scripts count as dots (RFC 3490 section 3.1).
_DOTS = str.maketrans({"\u3002": ".", "\uff0e": ".", "\uff61": "."})


class ForeignHosts:
    """How many more host names of one mail may be converted from other scripts: each costs a tenth of a millisecond."""

    __slots__ = ("left",)

    def __init__(self, most: int) -> None:
        self.left = most


def ascii_host(host: str, foreign: ForeignHosts | None = None) -> str:
    """A domain or host in lower-case ASCII (IDNA), without trailing dots; cut to 255 characters. Never raises.

    When `foreign` is used up, a name in another script gets a stand-in: one spelling, but not the registered one.

    >>> ascii_host("MÜLLER.example.")
    'xn--mller-kva.example'
    """
    if host.isascii():
        return host[-LONGEST:].lower().strip(". \t")
    if foreign is not None:
        foreign.left -= 1
        if foreign.left < 0:
            return ".".join(map(_stand_in, host[-LONGEST:].lower().split(".")))[-LONGEST:]
    return _ascii_host(host[-LONGEST:])


@lru_cache(maxsize=1 << 12)
def _ascii_host(host: str) -> str:
    labels = host.lower().translate(_DOTS).split(".")
    # Longer or more manifold names cannot be registered; they need one spelling, not the costly right one.
    real = len(labels) - sum(map(str.isascii, labels)) <= _MOST_FOREIGN and all(len(x) <= _LABEL for x in labels)
    host = ".".join(_ascii_label(label) if real else _stand_in(label) for label in labels)
    return host.strip(". \t")[:LONGEST]


def _ascii_label(label: str) -> str:
    # Nameprep (RFC 3491) without its prohibitions: what it refuses, as newer scripts and emoji, still needs one name.
    label = normalize("NFKC", label).lower()
    if label.isascii():
        return label
    if len(label) > _LABEL:
        return _stand_in(label)
    return "xn--" + label.encode("punycode", "replace").decode("ascii").lower()


def _stand_in(label: str) -> str:
    return label if label.isascii() else "x-" + label.encode("utf-8", "replace").hex()[:60]


def link_host(authority: str, foreign: ForeignHosts | None = None) -> str:
    """The host of a URL's authority: userinfo and port removed, `%41` decoded, numeric addresses in dotted form.

    >>> link_host("user:pw@WWW.Example.com:8080")
    'www.example.com'
    >>> link_host("0x7f000001")
    '127.0.0.1'
    """
    host = authority.rpartition("@")[2]
    if host.startswith("["):
        return host.partition("]")[0][1:].lower()[:LONGEST]
    host = host.partition(":")[0]
    if "%" in host:
        host = _unquoted(host)
    host = ascii_host(host, foreign)
    if host and host[0].isdigit():
        return _dotted(host) or host
    return host


def public_network(address: str) -> str:
    """The network of a public address, IPv4 /24 or IPv6 /48, as "a.b.c.0/24"; empty for any other address or text.

    >>> public_network("8.8.4.4"), public_network("10.0.0.1"), public_network("2001:4860:4860::8888")
    ('8.8.4.0/24', '', '2001:4860:4860::/48')
    """
    return _network(address) if len(address) <= 45 else ""


@lru_cache(maxsize=1 << 13)
def _network(address: str) -> str:
    parts = address.split(".")
    if len(parts) == 4 and ":" not in address:
        return _network_of_four(parts)
    groups = address.split(":", 3)
    if (
        len(groups) == 4
        and all(map(_GROUP, groups[:3]))
        and groups[2].strip("0")
        and _ORDINARY[0] <= int(groups[0], 16) <= _ORDINARY[1]
    ):
        # Global unicast written in full, as mail servers do: no need to take it apart (RFC 4291 section 2.4).
        return ":".join(f"{int(group, 16):x}" for group in groups[:3]) + "::/48" if _is_address(address) else ""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return ""
    if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
        ip = ip.ipv4_mapped
    if not ip.is_global or ip.is_multicast:
        return ""
    return str(ipaddress.ip_network((int(ip), 24 if ip.version == 4 else 48), strict=False))


def _network_of_four(parts: list[str]) -> str:
    """As `ipaddress` judges, at a twentieth of its cost: the registry of special addresses, RFC 6890."""
    if not all(part.isascii() and part.isdigit() and len(part) <= 3 for part in parts):
        return ""
    a, b, c, d = map(int, parts)
    if max(a, b, c, d) > 255 or a in (0, 10, 127) or a >= 224:
        return ""
    if a in _PARTLY_SPECIAL and not ipaddress.IPv4Address(f"{a}.{b}.{c}.{d}").is_global:
        return ""
    return f"{a}.{b}.{c}.0/24"


def _is_address(text: str) -> bool:
    try:
        inet_pton(AF_INET6, text)
    except (OSError, ValueError):
        return False
    return True


def is_plain_host(host: str) -> bool:
    """Whether it is spelled like a host name of at least two labels, or an IPv4 address."""
    return "." in host and len(host) <= LONGEST and _PLAIN.match(host) is not None


def _unquoted(host: str) -> str:
    data = re.sub(rb"%([0-9A-Fa-f]{2})", lambda m: bytes([int(m[1], 16)]), host.encode("utf-8", "replace"))
    return data.decode("utf-8", "replace")


def _dotted(host: str) -> str:
    # Browsers read 1 to 4 numbers, decimal, octal or hexadecimal (https://url.spec.whatwg.org/#concept-ipv4-parser).
    pieces = host.split(".")
    if len(pieces) > 4 or len(host) > 60:
        return ""
    try:
        numbers = [_number(piece) for piece in pieces]
    except ValueError:
        return ""
    value = 0
    for number in numbers[:-1]:
        if number > 255:
            return ""
        value = value << 8 | number
    bits = 8 * (5 - len(numbers))
    if numbers[-1] >= 1 << bits:
        return ""
    return str(ipaddress.IPv4Address(value << bits | numbers[-1]))


def _number(text: str) -> int:
    if not text.isascii():
        raise ValueError(text)
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    if len(text) > 1 and text[0] == "0":
        return int(text, 8)
    if not text.isdigit():
        raise ValueError(text)
    return int(text)
