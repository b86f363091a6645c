"""A page of raw mail becomes rows of columns and counted skips: the step from a source to the store, without either."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from detection.mail.batch import Row
from detection.mail.collector import collector_waits
from detection.mail.columns import Origin, row_of, rows_of
from detection.mail.message import Defect, Message, Skip, SkipReason
from detection.mail.organisation import Organisation
from detection.mail.parse import parse
from onboarding.sources.base import Listed, Page

EARLIEST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
"""Mail dated before this is not believed: clocks that were never set say 1970 or 1980."""

FUTURE_SLACK_SECONDS = 86_400
"""How far ahead of our clock a mail's own time may be: time zones written wrong, clocks a little off."""


@dataclass(frozen=True, slots=True)
class Belief:
    """Which times are believed and wanted: `now` is our clock, `since` where the lookback begins (None: anywhere)."""

    now: int
    since: int | None = None


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """What became of every message of a page: `len(rows) + skipped.total() == len(page.messages)`."""

    rows: list[Row]
    skipped: Counter[SkipReason]


def parse_page(page: Page, mailbox: str, organisation: Organisation, belief: Belief) -> ParsedPage:
    """Parses every message of a page."""
    read: list[tuple[Message, Origin, int | None]] = []
    skipped: Counter[SkipReason] = Counter()
    with collector_waits():
        for listed in page.messages:
            outcome = _read(listed, mailbox, belief)
            if isinstance(outcome, Skip):
                skipped[outcome.reason] += 1
            else:
                read.append(outcome)
        return ParsedPage(rows_of(read, organisation), skipped)


def parse_listed(listed: Listed, mailbox: str, organisation: Organisation, belief: Belief) -> Row | Skip:
    """One message as a row, or why it could not become one."""
    outcome = _read(listed, mailbox, belief)
    if isinstance(outcome, Skip):
        return outcome
    message, origin, time = outcome
    return row_of(message, organisation, origin, time)


def _read(listed: Listed, mailbox: str, belief: Belief) -> tuple[Message, Origin, int | None] | Skip:
    """One message parsed, with where it lies and when it came; or why it cannot be used."""
    message = listed.content if isinstance(listed.content, Skip) else parse(listed.content)
    if isinstance(message, Skip):
        return message
    if listed.body_unknown:
        message = replace(message, defects=message.defects | Defect.BODY_UNKNOWN)
    time = usable_time(message, listed.time_hint, belief.now)
    if time is None:
        return Skip(SkipReason.NO_USABLE_DATE, f"{listed.path}: neither the mail nor its source says when it arrived")
    if belief.since is not None and time < belief.since:
        return Skip(SkipReason.OUTSIDE_LOOKBACK)
    return message, Origin(mailbox=mailbox, path=listed.path, folder=listed.folder), time


def usable_time(message: Message, hint: int | None, now: int) -> int | None:
    """When the message happened, by the first of these that can be believed: Received, the source's word, Date.

    The receiving server's clock comes first since an attacker writes the Date.
    """
    for time in (message.received, hint, message.date):
        if time is not None and EARLIEST <= time <= now + FUTURE_SLACK_SECONDS:
            return time
    return None
