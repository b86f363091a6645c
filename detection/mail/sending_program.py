"""Which program sent a mail: its product name, and the set of headers it writes."""

from __future__ import annotations

import re
from functools import lru_cache

_VERSION = re.compile(
    r"[,;:]?\s*(?:(?:version|build|ver|v|release)\b\.?\s*)?(?:\d|\(|\[|/|\{|<).*", re.IGNORECASE | re.DOTALL
)
_MOZILLA = re.compile(
    r"^mozilla/.*?\b(thunderbird|seamonkey|postbox|betterbird|icedove|eudora|netscape|k-9)\b", re.IGNORECASE
)
_LONGEST = 200

# Written on the way or by the receiver, or there only when a mail answers, is copied, belongs to a list, or is signed.
_NOT_THE_PROGRAMS = frozenset(
    "received return-path delivered-to envelope-to x-original-to x-envelope-from x-envelope-to delivery-date x-received "
    "authentication-results received-spf dkim-signature domainkey-signature arc-seal arc-message-signature arc-authentication-results "
    "x-spam-status x-spam-level x-spam-flag x-spam-score x-spam-checker-version x-virus-scanned x-google-dkim-signature x-gm-message-state "
    "x-google-smtp-source cc bcc in-reply-to references reply-to sender resent-from resent-to resent-date resent-message-id "
    "list-id list-post list-help list-archive list-subscribe list-owner errors-to x-beenthere x-mailman-version precedence x-mailman-original "
    "content-transfer-encoding content-length lines status x-status x-uid x-keywords x-mozilla-status x-mozilla-status2 importance x-priority "
    "x-folder x-origin x-filename x-uidl x-loop x-sieve".split()
)
_FAMILIES_ON_THE_WAY = ("x-ms-exchange-", "x-microsoft-antispam", "x-forefront-", "x-spam-", "x-proofpoint-", "x-mimecast-", "x-barracuda-", "x-ironport-", "arc-", "x-ms-office365-", "x-eop", "x-sender-", "x-incoming", "x-store-info", "x-message-", "x-sid-")  # fmt: skip


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
