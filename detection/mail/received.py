"""The way a mail came: Received headers (RFC 5321 section 4.4), newest first."""

from __future__ import annotations

import re
from typing import NamedTuple

from detection.mail.dates import seconds_of
from detection.mail.domains import site_of
from detection.mail.headers import Headers, cleaned
from detection.mail.hosts import public_network

_FROM = re.compile(r"\s*from\s+\[?([^\s;()\[\],]{1,255})", re.IGNORECASE)
_BY = re.compile(r"\sby\s", re.IGNORECASE)
_ADDRESS = re.compile(r"[\[( ](?:IPv6:)?([0-9A-Fa-f.:]{7,45})(?=[\])\s]|\Z)")
_BY_ADDRESS = re.compile(r"\S{1,255}\s{1,9}\(\[?([0-9A-Fa-f.:]{3,45})\]?\)")
_BY_HTTPS = re.compile(r"(\S{1,255})\s{1,9}with\s{1,9}https", re.IGNORECASE)
LONGEST = 2_000


class Way(NamedTuple):
    """What the Received headers say."""

    received: int | None
    """Time of the topmost Received that has one, seconds since the epoch."""
    path: tuple[str, ...]
    network: str


def way_of(headers: Headers) -> Way:
    """Time, path and sending network of a mail.

    The network is that of the newest hop whose peer has a public address and is not the receiving server's own
    neighbour (large services hand mail on between public addresses of their own before it is delivered).
    X-Originating-IP and X-Sender-IP, which a sender may write himself, are used only when no Received gives one.
    """
    received: int | None = None
    path: list[str] = []
    network = neighbour = ""
    for raw in headers.values.get("received", ())[: headers.limits.received]:
        text = cleaned(raw[:LONGEST]).decode("latin-1")
        if received is None:
            received = seconds_of(text.rpartition(";")[2])
        match = _FROM.match(text)
        if match is None:
            continue
        path.append(match[1].lower())
        if network:
            continue
        by = _BY.search(text, match.end())
        # From the white space or bracket before the name on: an address may stand in its place.
        peer = text[max(0, match.start(1) - 1) : by.start() if by else len(text)]
        for address in reversed(_ADDRESS.findall(peer)):
            found = public_network(address)
            if found:
                if by is not None and _same_house(match[1], address, text, by.end()):
                    neighbour = neighbour or found
                else:
                    network = found
                break
    network = network or neighbour
    for name in ("x-originating-ip", "x-sender-ip"):
        if not network and name in headers.values:
            network = public_network(headers.raw(name).decode("latin-1").strip("[] "))
    return Way(received, tuple(path), network)


def _same_house(peer: str, address: str, text: str, by: int) -> bool:
    """Whether a hop stays within one service: judged by the receiver's own address where it is told.

    Names alone are the peer's to choose; they count only for the delivery by HTTPS within one service, as Exchange
    Online ends every way.
    """
    match = _BY_ADDRESS.match(text, by)
    if match is None:
        receiver = _BY_HTTPS.match(text, by)
        return receiver is not None and site_of(receiver[1].lower()) == site_of(peer.lower())
    if ":" in address:
        # /24: what one large provider is given (2603:1000::/24 and the like).
        return _first_24_bits(address) == _first_24_bits(match[1])
    return address.split(".")[:2] == match[1].split(".")[:2]


def _first_24_bits(address: str) -> str:
    first, _, rest = address.partition(":")
    return first.lower() + rest.partition(":")[0].zfill(4)[:2]
