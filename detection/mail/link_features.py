"""What is odd about a link: where it claims to lead, where it leads, and what its address carries."""

from __future__ import annotations

import re
from base64 import b64encode
from functools import lru_cache
from typing import NamedTuple

from detection.keys import NO_KEY
from detection.mail.batch import LinkFlag
from detection.mail.brands import brand_in_host
from detection.mail.domains import (
    FREE_HOSTING,
    LONGEST_DOMAIN,
    REDIRECTORS,
    SHORTENERS,
    domain_of,
    is_address_literal,
    listed_below,
    split_site,
)
from detection.mail.message import Link

_NOWHERE = ("mailto:", "tel:", "sms:", "callto:", "cid:", "mid:", "skype:", "webcal:", "about:", "#")
_SCRIPTS = ("data:", "javascript:", "vbscript:", "blob:", "file:", "ms-", "search-ms:")
# As substrings: a loop over them is faster on a short path than any automaton called from here.
_CREDENTIAL_WORDS = (
    "login", "log-in", "logon", "signin", "sign-in", "signon", "verif", "authent", "authoriz", "password", "passwd", "credential",
    "account", "secur", "webmail", "/owa", "wallet", "recover", "unlock", "suspend", "update", "confirm", "validat", "session",
    "banking", "identity", "office365", "o365", "outlook", "onedrive", "sharepoint", "docusign", "paypal", "icloud", "appleid",
    "microsoft", "netflix",
)  # fmt: skip
# An address inside the address: its scheme, written plainly, percent-encoded once or twice, or in base64.
_ANOTHER_INSIDE = re.compile(r"https?(?::|%3a|%253a)(?:/|%2f|%252f){2}|ahr0c(?:hm6ly|doi8v)|[?&/=]www\.")
_PORT = re.compile(r":(\d{1,5})$")
_USUAL_PORTS = frozenset({"80", "443"})
_MOST_NEEDLES = 6
_LOOKED_AT = 600
"""Characters of a path in which words and further addresses are looked for."""
_LONG_URL = 250
_DEEP = 5
"""Labels of a host from which it is deep: one more than a service's region and tenant need."""
_SHORTEST_NAME = 4
_DOWNLOAD_PATH = re.compile(
    r"\.(?:exe|scr|msi|js|jse|vbs|hta|bat|cmd|ps1|lnk|iso|img|zip|rar|7z|jar|apk|docm|xlsm|xlsb|dmg|one|html?\.zip)(?:[?#]|$)"
)
# What a button of a lure says, in the languages of business mail; "more", "here" and the like are everywhere.
_ACTION = re.compile(
    r"\b(?:log ?in|sign ?in|log ?on|verify|validate|confirm|unlock|re-?activate|release|restore|secure my"
    r"|keep (?:my |same |current )?password|update (?:now|account|payment)"
    r"|view (?:document|file|message|invoice|shared|voicemail)|open (?:document|file|in)"
    r"|review (?:document|file|now)|download (?:file|document|invoice)|play (?:voicemail|message)"
    r"|anmelden|bestatigen|bestätigen|verifizieren|aktualisieren|se connecter|connexion|confirmer|vérifier"
    r"|iniciar sesi[oó]n|verificar|confirmar|actualizar|acceder|entrar|accedi|conferma|verifica"
    r"|inloggen|bevestig|zaloguj|potwierd[zź])"
    r"|ログイン|確認する|登录|登錄|验证|驗證",
)
# Plain numbers: an operation on an IntFlag costs a hundred times one on an int.
_SHOWN_HOST_DIFFERS, _PLAIN_HTTP, _USERINFO, _ODD_PORT = map(
    int, (LinkFlag.SHOWN_HOST_DIFFERS, LinkFlag.PLAIN_HTTP, LinkFlag.USERINFO, LinkFlag.ODD_PORT)
)
_CREDENTIAL_WORD, _REDIRECTOR, _RECIPIENT_IN_URL, _DATA_OR_SCRIPT = map(
    int, (LinkFlag.CREDENTIAL_WORD, LinkFlag.REDIRECTOR, LinkFlag.RECIPIENT_IN_URL, LinkFlag.DATA_OR_SCRIPT)
)

_OWN_NAME, _LONG, _DOWNLOAD, _ACTION_WORDS, _FROM_QR_CODE = map(
    int,
    (LinkFlag.OWN_NAME_IN_URL, LinkFlag.LONG, LinkFlag.DOWNLOAD, LinkFlag.ACTION_WORDS, LinkFlag.FROM_QR_CODE),
)


OwnName = tuple[str, re.Pattern[str]]
"""A site of the recipients' organisation, and its label as a word of a URL."""


class LinkFeatures(NamedTuple):
    """One link as columns."""

    host: str
    site_key: int
    flags: int
    shown_site_key: int


def features_of(link: Link, needles: tuple[str, ...] = (), names: tuple[OwnName, ...] = ()) -> LinkFeatures | None:
    """A link's columns, or None for one that leads to no place on the web (mailto:, tel:, an anchor, a relative path).

    `needles` are what betrays that the address names a recipient (`recipient_needles`), `names` what betrays that it
    names the recipients' organisation (`own_names`).
    """
    url = link.url.strip()
    lower = url.lower()
    if not link.host:
        if lower.startswith(_SCRIPTS):
            return LinkFeatures("", NO_KEY, _DATA_OR_SCRIPT, NO_KEY)
        return None
    if lower.startswith(_NOWHERE):
        return None
    host = _host(link.host)
    shown_site_key = domain_of(link.shown_host).site_key if link.shown_host else NO_KEY
    flags = host.flags
    if shown_site_key != NO_KEY and shown_site_key != host.site_key:
        flags |= _SHOWN_HOST_DIFFERS
    scheme, _, rest = lower.partition("://")
    if scheme == "http":
        flags |= _PLAIN_HTTP
    elif scheme.startswith(_SCRIPTS):
        flags |= _DATA_OR_SCRIPT
    if link.from_code:
        flags |= _FROM_QR_CODE
    if len(lower) > _LONG_URL:
        flags |= _LONG
    if link.shown and _ACTION.search(link.shown.lower()):
        flags |= _ACTION_WORDS
    for site, name in names:
        if name.search(lower, 0, _LOOKED_AT) and not (link.host == site or link.host.endswith(f".{site}")):
            flags |= _OWN_NAME
            break
    authority, _, path = rest.partition("/") if "/" in rest else rest.partition("?")
    if "@" in authority:
        flags |= _USERINFO
    if (port := _PORT.search(authority)) and port.group(1) not in _USUAL_PORTS and authority[:1] != "[":
        flags |= _ODD_PORT
    if path:
        path = path[:_LOOKED_AT]
        if _speaks_of_credentials(path):
            flags |= _CREDENTIAL_WORD
        if _ANOTHER_INSIDE.search(path):
            flags |= _REDIRECTOR
        if _DOWNLOAD_PATH.search(path):
            flags |= _DOWNLOAD
        for needle in needles:
            if needle in lower:
                flags |= _RECIPIENT_IN_URL
                break
    return LinkFeatures(link.host, host.site_key, flags, shown_site_key)


def recipient_needles(addresses: list[str]) -> tuple[str, ...]:
    """How recipients' addresses look inside a lower-cased URL: plain, percent-encoded, base64 (RFC 4648)."""
    needles = []
    for address in addresses[:_MOST_NEEDLES]:
        if "@" in address:
            encoded = b64encode(address.encode("utf-8", "replace")).decode().lower()
            # The last characters of base64 depend on what follows.
            needles += [address, address.replace("@", "%40"), encoded.rstrip("=")[:-1]]
    return tuple(needles)


def own_names(domains: tuple[str, ...]) -> tuple[OwnName, ...]:
    """The recipients' own sites, each with what betrays its name inside a foreign URL: its label as a word."""
    return tuple(name for domain in domains[:_MOST_NEEDLES] if (name := _own_name(domain)))


@lru_cache(maxsize=1 << 10)
def _own_name(domain: str) -> OwnName | None:
    site = domain_of(domain).site
    label = split_site(site)[0]
    return (site, re.compile(rf"(?<![a-z0-9]){re.escape(label)}(?![a-z0-9])")) if len(label) >= _SHORTEST_NAME else None


def _speaks_of_credentials(text: str) -> bool:
    return any(word in text for word in _CREDENTIAL_WORDS)


class _Host(NamedTuple):
    site_key: int
    flags: int


def _host(host: str) -> _Host:
    return _host_features(host) if len(host) <= LONGEST_DOMAIN else _host_features.__wrapped__(host)


@lru_cache(maxsize=1 << 14)
def _host_features(host: str) -> _Host:
    site = domain_of(host)
    flags = LinkFlag(0)
    if is_address_literal(host):
        flags |= LinkFlag.IP_HOST
    if listed_below(host, SHORTENERS):
        flags |= LinkFlag.SHORTENER
    if listed_below(host, FREE_HOSTING):
        flags |= LinkFlag.FREE_HOSTING
    if listed_below(host, REDIRECTORS):
        flags |= LinkFlag.REDIRECTOR
    if "xn--" in host or not host.isascii():
        flags |= LinkFlag.PUNYCODE
    # In a subdomain such a word is bait ("login.example.com.evil.example"); the owner's own name may well hold it.
    below = host[: -len(site.site)] if host.endswith(site.site) else ""
    if below and _speaks_of_credentials(below):
        flags |= LinkFlag.CREDENTIAL_WORD
    if brand_in_host(host, site.site):
        flags |= LinkFlag.BRAND_IN_HOST
    literal = flags & LinkFlag.IP_HOST
    if host.count(".") >= _DEEP - 1 and not literal:
        flags |= LinkFlag.DEEP_HOST
    if host.count("-") >= 2 and not literal:
        flags |= LinkFlag.DASHED_HOST
    return _Host(site.site_key, int(flags))
