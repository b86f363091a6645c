"""Links: where they go and what the reader is shown."""

from __future__ import annotations

import re

from detection.mail.hosts import ForeignHosts, is_plain_host, link_host
from detection.mail.limits import Limits
from detection.mail.message import Link

# Browsers take a backslash for a slash, any number of slashes, and none at all after these schemes
# (https://url.spec.whatwg.org/#url-parsing).
_SPECIAL = re.compile(r"(?:(https?|ftp|wss?):[/\\]*+|[/\\]{2,9}+)([^/\\?#\s]{0,400}+)", re.IGNORECASE)
_BLANKS = re.compile(r"[\t\r\n\x00]")
_URL_REST = re.compile(r"[^\s<>\"`{}|^\x00-\x1f\u3000\u201c\u201d\u00ab\u00bb]{1,2000}")
_SHOWN = re.compile(r"\W{0,5}(?:(https?|ftp)\s?:[/\\]{1,3}|(?=www\.))([^\s/\\?#<>\"']{1,255})", re.IGNORECASE)
_SHOWN_BARE = re.compile(r"([a-z0-9](?:[a-z0-9-]{0,62}\.){1,8}([a-z]{2,18}))(?:[/?#:][^\s]{0,400})?\Z", re.IGNORECASE)
_ENDINGS = (
    "pdf doc docx xls xlsx ppt pptx zip rar txt csv htm html xml png jpg jpeg gif svg exe js php asp aspx jsp "
    "mp3 mp4 wav msg eml rtf odt dll bat py sh mr ms mrs dr st inc ltd llc corp"
)
_FILE_NAMES = frozenset(_ENDINGS.split())
_CLOSING = {")": "(", "]": "["}
_MOST_BRACKETS = 5


def link_of(url: str, shown: str, limits: Limits, foreign: ForeignHosts) -> Link:
    """A link from its address as written (entities decoded) and its visible text."""
    url = url.strip()
    if not url.isprintable():
        url = _BLANKS.sub("", url)
    return Link(
        url[: limits.url_characters],
        host_of(url, foreign),
        shown[: limits.shown_characters],
        shown_host_of(shown, foreign) if shown else "",
    )


def host_of(url: str, foreign: ForeignHosts | None = None) -> str:
    """Lower-case ASCII host of a URL; empty where there is none.

    >>> host_of("https://user@Login.Example.com.:443/x"), host_of("mailto:a@example.com"), host_of("//cdn.example/x")
    ('login.example.com', '', 'cdn.example')
    """
    match = _SPECIAL.match(url)
    return link_host(match[2], foreign) if match else ""


def shown_host_of(shown: str, foreign: ForeignHosts | None = None) -> str:
    """The host that a visible text claims to lead to; empty when it does not look like an address.

    >>> shown_host_of("https://www.bank.example/login"), shown_host_of("bank.example"), shown_host_of("invoice.pdf")
    ('www.bank.example', 'bank.example', '')
    """
    if "." not in shown:
        return ""
    match = _SHOWN.match(shown)
    if match is not None:
        host = link_host(match[2], foreign)
        return host if is_plain_host(host) else ""
    bare = _SHOWN_BARE.match(shown.strip(" \u00a0.,;:!()[]<>\"'")[:500])
    if bare is None or bare[2].lower() in _FILE_NAMES:
        return ""
    host = link_host(bare[1])
    return host if is_plain_host(host) else ""


def urls_in(text: str, most: int) -> list[str]:
    """The web addresses in a text, in order: `http://`, `https://`, `ftp://` and bare `www.`; at most `most`."""
    found: list[tuple[int, str]] = []
    if "://" in text:
        at = text.find("://")
        hits = 0
        while at >= 0 and len(found) < most and hits < 10 * most:
            hits += 1
            scheme = text[max(0, at - 5) : at].lower()
            name = next((s for s in ("https", "http", "ftp") if scheme.endswith(s)), "")
            end = at + 3
            if name:
                rest = _URL_REST.match(text, end)
                if rest is not None:
                    end = rest.end()
                    found.append((at, name + "://" + _trimmed(rest[0])))
            at = text.find("://", end)
    for mark in ("www.", "WWW.", "Www."):
        at = text.find(mark)
        count = 0
        while at >= 0 and count < most:
            count += 1
            end = at + 4
            if at == 0 or text[at - 1] in " \t\n(<[\"':,;>\xa0":
                rest = _URL_REST.match(text, at)
                if rest is not None and rest[0].count(".") > 1:
                    end = rest.end()
                    found.append((at, "http://" + _trimmed(rest[0])))
            at = text.find(mark, end)
    found.sort()
    return [url for _, url in found[:most]]


def _trimmed(url: str) -> str:
    """Without the sentence's own punctuation, as mail programs cut it."""
    url = url.rstrip(".,;:!?'*_\u2019\u3002")
    for _ in range(_MOST_BRACKETS):
        if not url or url[-1] not in _CLOSING or _CLOSING[url[-1]] in url:
            break
        url = url[:-1].rstrip(".,;:!?'")
    return url
