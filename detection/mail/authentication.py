"""What the receiving server found out about the sender: SPF, DKIM, DMARC and ARC results.

Read from the topmost Authentication-Results (RFC 8601), with those of the same server right below it; a method that
they do not mention is looked for in the highest ARC-Authentication-Results (RFC 8617), then in Received-SPF (RFC 7208
section 9.1). What no header mentions is UNKNOWN.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from detection.mail.domains import site_of
from detection.mail.headers import Headers, cleaned
from detection.mail.hosts import ascii_host
from detection.mail.message import Authentication

LONGEST = 8_000
_RESULTS = 50

_COMMENT = re.compile(r"\([^()]*+\)")
_RESULT = re.compile(r"\s*+(spf|dkim|dmarc|arc)(?:\s*+/\s*+\d++)?+\s*+=\s*+([a-z]++)(.*+)", re.IGNORECASE | re.DOTALL)
_MAIL_FROM = re.compile(r"smtp\.(?:mailfrom|mail)\s*+=\s*+\"?([^\s;\"]++)", re.IGNORECASE)
_HELO = re.compile(r"smtp\.helo\s*+=\s*+\"?([^\s;\"]++)", re.IGNORECASE)
_SIGNER = re.compile(r"header\.[di]\s*+=\s*+\"?([^\s;\"]++)", re.IGNORECASE)
_INSTANCE = re.compile(r"\s*+i\s*+=\s*+(\d{1,3})", re.IGNORECASE)
_ENVELOPE = re.compile(r"(?:envelope-from|mailfrom)\s*+=\s*+\"?<?([^\s;\">]++)", re.IGNORECASE)

_WORDS = {
    "none": Authentication.NONE,
    "pass": Authentication.PASS,
    "neutral": Authentication.NEUTRAL,
    "policy": Authentication.NEUTRAL,
    "softfail": Authentication.SOFTFAIL,
    "fail": Authentication.FAIL,
    "hardfail": Authentication.FAIL,
    "temperror": Authentication.TEMPERROR,
    "error": Authentication.TEMPERROR,
    "permerror": Authentication.PERMERROR,
    "unknown": Authentication.PERMERROR,
    # Exchange Online: the domain publishes no DMARC policy, but would have passed the usual one.
    "bestguesspass": Authentication.NONE,
}
# Of several failed signatures the most telling one speaks for the mail.
_WORST = (
    Authentication.FAIL,
    Authentication.PERMERROR,
    Authentication.TEMPERROR,
    Authentication.SOFTFAIL,
    Authentication.NEUTRAL,
    Authentication.NONE,
)


class Results(NamedTuple):
    """Results by method, and the domains they speak of (lower-case ASCII, empty when not told)."""

    spf: Authentication = Authentication.UNKNOWN
    dkim: Authentication = Authentication.UNKNOWN
    dmarc: Authentication = Authentication.UNKNOWN
    arc: Authentication = Authentication.UNKNOWN
    spf_domain: str = ""
    dkim_domain: str = ""


NOTHING = Results()
_Found = list[tuple[str, Authentication, str]]
"""Method, result and domain, as written."""


def results_of(headers: Headers, from_domain: str) -> Results:
    """The results of a mail whose From has the domain `from_domain` (which decides between several signatures)."""
    values = headers.values
    found: _Found = []
    if "authentication-results" in values:
        found = _topmost(headers)
    told = {method for method, _, _ in found}
    if "arc-authentication-results" in values and len(told) < 4:
        found += [one for one in _highest_instance(values["arc-authentication-results"]) if one[0] not in told]
        told = {method for method, _, _ in found}
    if "spf" not in told and "received-spf" in values:
        found += _received_spf(values["received-spf"][0])
    return _summary(found, from_domain) if found else NOTHING


def _summary(found: _Found, from_domain: str) -> Results:
    first: dict[str, tuple[Authentication, str]] = {}
    signatures: list[tuple[Authentication, str]] = []
    for method, result, domain in found:
        first.setdefault(method, (result, domain))
        if method == "dkim":
            signatures.append((result, domain))
    unknown = (Authentication.UNKNOWN, "")
    spf, spf_domain = first.get("spf", unknown)
    dkim, dkim_domain = _speaking(signatures, from_domain) if signatures else unknown
    return Results(
        spf, dkim, first.get("dmarc", unknown)[0], first.get("arc", unknown)[0], _domain(spf_domain), dkim_domain
    )


def _speaking(signatures: list[tuple[Authentication, str]], from_domain: str) -> tuple[Authentication, str]:
    """A passing signature aligned with From (RFC 7489 section 3.1.1, relaxed), else any passing, else the worst."""
    signatures = [(result, _domain(domain)) for result, domain in signatures]
    passing = [one for one in signatures if one[0] is Authentication.PASS]
    if passing:
        if len(passing) > 1:
            site = site_of(from_domain)
            return next((one for one in passing if one[1] and site_of(one[1]) == site), passing[0])
        return passing[0]
    return min(signatures, key=lambda one: _WORST.index(one[0]))


def _topmost(headers: Headers) -> _Found:
    found: _Found = []
    server: str | None = None
    # Several methods may write a header each. They belong together while no Received stands between (another hop
    # begins there) and the server's name is the same: anything lower may be the sender's own invention.
    for name, value in headers.fields:
        if name == "authentication-results":
            this_server, results = _parsed(value)
            if server is None:
                server = this_server
            elif this_server != server:
                break
            found += results
        elif name == "received" and server is not None:
            break
    return found


def _highest_instance(values: list[bytes]) -> _Found:
    best, best_value = -1, b""
    for value in values[:_RESULTS]:
        match = _INSTANCE.match(cleaned(value[:200]).decode("latin-1"))
        instance = int(match[1]) if match else 0
        if instance > best:
            best, best_value = instance, value
    return _parsed(best_value)[1]


def _parsed(value: bytes) -> tuple[str, _Found]:
    text = cleaned(value[:LONGEST]).decode("latin-1")
    for _ in range(4):
        if "(" not in text:
            break
        text = _COMMENT.sub(" ", text)
    server = ""
    found: _Found = []
    for position, section in enumerate(text.split(";", _RESULTS)):
        match = _RESULT.match(section)
        if match is None:
            if position == 0:
                server = section.strip().lower()
            continue
        method = match[1].lower()
        result = _WORDS.get(match[2].lower())
        if result is None:
            continue
        found.append((method, result, _domain_told(method, match[3])))
    return server, found


def _domain_told(method: str, properties: str) -> str:
    if method == "spf":
        match = _MAIL_FROM.search(properties) or _HELO.search(properties)
    elif method == "dkim":
        match = _SIGNER.search(properties)
    else:
        return ""
    return match[1] if match else ""


def _received_spf(value: bytes) -> _Found:
    text = cleaned(value[:LONGEST]).decode("latin-1")
    result = _WORDS.get(text.split(None, 1)[0].lower().rstrip(";:")) if text.strip() else None
    if result is None:
        return []
    match = _ENVELOPE.search(text)
    return [("spf", result, match[1] if match else "")]


def _domain(text: str) -> str:
    domain = ascii_host(text.rpartition("@")[2].strip("<>'"))
    return "" if domain == "none" else domain
