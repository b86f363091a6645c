"""Taking secrets out of what people and databases get to see.

Every secret that was looked up or issued is remembered here for the life of the process (`remember`); `redact` takes
these out of a text, and whatever looks like a credential besides. Errors of sources are redacted where they are made, and
loggers of the libraries that handle credentials where they write (`guard_logs`).
"""

from __future__ import annotations

import logging
import re
import threading
from urllib.parse import quote

SHORTEST = 6
"""Shorter values are not remembered: they would cut holes into ordinary words."""

MASK = "[secret]"

_PATTERNS = (
    # RFC 6750 section 2.1, RFC 7617 section 2
    re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"),
    # A JSON Web Token (RFC 7519): three parts in base64url, the first a JSON object
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"),
    re.compile(
        r"(?i)((?:client_secret|client_assertion|assertion|refresh_token|access_token|id_token|password)[\"']?\s*[=:]\s*)"
        r"[\"']?[^\s\"'&,}]+"
    ),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL),
)
_lock = threading.Lock()
_known: set[str] = set()
_longest_first: tuple[str, ...] = ()


def remember(value: str) -> None:
    """Counts a value as secret from now on, in this process; of several lines also each line by itself."""
    global _longest_first
    found = {value, *(line.strip() for line in value.splitlines() if not line.startswith("-----"))}
    forms = {form for one in found if len(one) >= SHORTEST for form in (one, quote(one, safe=""), repr(one)[1:-1])}
    with _lock:
        if not forms <= _known:
            _known.update(forms)
            _longest_first = tuple(sorted(_known, key=len, reverse=True))


def redact(text: object) -> str:
    """The text without remembered secrets and without what looks like a credential.

    >>> redact("refused: Authorization: Bearer abcdefgh12345678")
    'refused: Authorization: [secret]'
    >>> redact("POST /token client_secret=hunter2&scope=x")
    'POST /token client_secret=[secret]&scope=x'
    """
    shown = str(text)
    for value in _longest_first:
        if value in shown:
            shown = shown.replace(value, MASK)
    for pattern in _PATTERNS:
        shown = pattern.sub(_masked, shown)
    return shown


class Redacting(logging.Filter):
    """Takes secrets out of every record that passes."""

    def filter(self, record: logging.LogRecord) -> bool:
        shown = record.getMessage()
        clean = redact(shown)
        if clean != shown:
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1] is not None:
            said = logging.Formatter().formatException(record.exc_info)
            if redact(said) != said:
                record.exc_info, record.exc_text = None, redact(said)
        return True


_FILTER = Redacting()
_CHATTY = ("httpx", "httpcore", "msal", "urllib3", "requests", "google.auth", "imapclient")


def guard_logs() -> None:
    """Puts the filter before everything that speaks to providers, and quiets what tells each request."""
    for name in (*_CHATTY, "onboarding"):
        logger = logging.getLogger(name)
        if _FILTER not in logger.filters:
            logger.addFilter(_FILTER)
        if name in _CHATTY and logger.level == logging.NOTSET:
            # One line a request at INFO, and headers with the token at DEBUG.
            logger.setLevel(logging.WARNING)
    for handler in (*logging.getLogger().handlers, *logging.getLogger("onboarding").handlers):
        # Filters of a logger do not see what its children log; those of a handler see all.
        if _FILTER not in handler.filters:
            handler.addFilter(_FILTER)


def _masked(match: re.Match[str]) -> str:
    kept = match[1] if match.re.groups and match[1].lower() not in ("bearer", "basic") else ""
    return kept + MASK
