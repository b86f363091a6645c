"""Why a tenant is held, and what helps: each reason with its sentence and its remedy. Pure values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from string import Formatter


class HoldReason(StrEnum):
    """Why a tenant cannot go on."""

    SOURCE_UNREACHABLE = "source-unreachable"
    PERMISSION_MISSING = "permission-missing"
    NO_MAILBOXES = "no-mailboxes"
    NO_MESSAGES = "no-messages"
    NOTHING_BUT_JUNK = "nothing-but-junk"
    NO_OWN_DOMAIN_SEEN = "no-own-domain-seen"
    TOO_LITTLE_HISTORY = "too-little-history"
    MAILBOX_FAILURES = "mailbox-failures"
    CERTIFICATE_INSUFFICIENT = "certificate-insufficient"
    GATE_FAILED = "gate-failed"
    DISK_FULL = "disk-full"
    PROMISE_BROKEN = "promise-broken"


@dataclass(frozen=True, slots=True)
class Hold:
    """One tenant's reason for being held, in words that fit it."""

    reason: HoldReason
    message: str
    remedy: str


def hold(reason: HoldReason, **values: object) -> Hold:
    """The reason's sentence and remedy with this tenant's values. Raises ValueError when one is not given.

    >>> hold(HoldReason.NO_MAILBOXES, tenant="acme", source="maildir:/mail/acme").message
    'the source maildir:/mail/acme lists no mailbox'
    """
    message, remedy = TEXTS[reason]
    missing = placeholders(reason) - values.keys()
    if missing:
        raise ValueError(f"the reason {reason} also needs: {', '.join(sorted(missing))}")
    return Hold(reason, message.format_map(values), remedy.format_map(values))


def placeholders(reason: HoldReason) -> frozenset[str]:
    """The names of the values that a reason's texts need."""
    return frozenset(name for text in TEXTS[reason] for _, name, _, _ in Formatter().parse(text) if name)


TEXTS: Mapping[HoldReason, tuple[str, str]] = {
    HoldReason.SOURCE_UNREACHABLE: (
        "the source {source} cannot be read: {detail}",
        "make it readable, or name another with `gatehouse tenant set {tenant} --source URI`, then "
        "run `gatehouse onboard {tenant}`",
    ),
    HoldReason.PERMISSION_MISSING: (
        "the source {source} does not grant: {missing}",
        "grant it ({detail}), look with `gatehouse source check {tenant}`, then run `gatehouse onboard {tenant}`",
    ),
    HoldReason.NO_MAILBOXES: (
        "the source {source} lists no mailbox",
        "check that the address of the source is the right one and that it holds mail, "
        "then run `gatehouse onboard {tenant}`",
    ),
    HoldReason.NO_MESSAGES: (
        "none of the {listed} messages listed in {mailboxes} mailboxes could be stored ({skipped})",
        "make unreadable ones readable; if they lie outside the lookback, widen it with `gatehouse tenant set {tenant} "
        "--lookback`; then run `gatehouse onboard {tenant}`",
    ),
    HoldReason.NOTHING_BUT_JUNK: (
        "all {stored} stored messages lie in junk or trash folders: nothing shows what normal mail looks like",
        "give the source access to inboxes and sent mail, then run `gatehouse onboard {tenant}`",
    ),
    HoldReason.NO_OWN_DOMAIN_SEEN: (
        "none of the {stored} messages is from or to {domains}",
        "correct the domains with `gatehouse tenant set {tenant} --domain DOMAIN`, then "
        "run `gatehouse onboard {tenant}`",
    ),
    HoldReason.TOO_LITTLE_HISTORY: (
        "{messages} messages over {days} days are too few to learn from; "
        "{needed_messages} over {needed_days} days are needed",
        "widen the lookback with `gatehouse tenant set {tenant} --lookback`, add mailboxes, "
        "or run `gatehouse onboard {tenant}` again when more mail has come",
    ),
    HoldReason.MAILBOX_FAILURES: (
        "{failed} of {discovered} mailboxes could not be read, first {mailbox}: {detail}",
        "see `gatehouse status {tenant}` for all of them, "
        "make them readable, then run `gatehouse onboard {tenant}`: only they are read again",
    ),
    HoldReason.CERTIFICATE_INSUFFICIENT: (
        "{n} benign messages cannot certify a false-positive rate of {alpha:g} with confidence "
        "{confidence:g}; {needed} are needed",
        "run `gatehouse onboard {tenant}` again when more mail has come, widen the lookback, "
        "or accept a larger budget, "
        "the smallest that this history "
        "can certify being {possible:g}: `gatehouse tenant set {tenant} --budget {possible:g}`",
    ),
    HoldReason.GATE_FAILED: (
        "not ready: {gate} is {value}, and {bar} is asked for",
        "{remedy}, then run `gatehouse onboard {tenant}`",
    ),
    HoldReason.PROMISE_BROKEN: (
        "{alarm}; it decides in shadow only",
        "look at what was flagged, label what is an attack with `gatehouse feedback {tenant}`, then run "
        "`gatehouse calibrate {tenant}` and promote what it makes",
    ),
    HoldReason.DISK_FULL: (
        "no space left while writing to {path}",
        "free space there or move it (GATEHOUSE_HOME, GATEHOUSE_STORE), then run `gatehouse onboard {tenant}`: it goes on "
        "where it stopped",
    ),
}
"""Sentence and remedy of every reason."""
