"""What a label says of a mail, as far as training can use it."""

from __future__ import annotations

from enum import IntEnum


class Nature(IntEnum):
    """The natures of mail that models tell apart."""

    BENIGN = 0
    PHISHING = 1
    FRAUD = 2
    SPAM = 3


_PHISHING = (
    "phishing",
    "credential-phishing",
    "brand-impersonation",
    "qr-phishing",
    "malicious-attachment",
    "internal-compromise",
    "spoofed-internal",
    "malware",
)
"""Kinds that want something opened, followed or logged in to; all other kinds of attack talk people into something."""
_BENIGN = ("benign", "ham", "safe", "inbox", "sent", "legitimate", "good")
_SPAM = ("spam", "junk", "unsolicited")


def nature_of(label: str, kinds: frozenset[str] = frozenset()) -> Nature | None:
    """What a label or the name of a folder says; None when it says nothing. `kinds` are further names of frauds.

    >>> [nature_of(label) for label in ("easy-ham-1", "spam_2", "credential-phishing", "2023")]
    [<Nature.BENIGN: 0>, <Nature.SPAM: 3>, <Nature.PHISHING: 1>, None]
    """
    name = label.strip().lower().replace("_", "-")
    words = set(name.split("-"))
    if name in _PHISHING or "phishing" in words:
        return Nature.PHISHING
    if name in kinds or name in ("fraud", "scam", "bec", "advance-fee") or "fraud" in words:
        return Nature.FRAUD
    if words & set(_SPAM):
        return Nature.SPAM
    return Nature.BENIGN if words & set(_BENIGN) else None
