"""Rate and expected end come from what was recorded; what cannot be told is not guessed."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from onboarding import clock
from onboarding.database import mailboxes, progress
from onboarding.database.connection import Database
from onboarding.database.mailboxes import PageRecord
from onboarding.database.runs import RunToken

NOON = datetime(2026, 3, 4, 12, tzinfo=UTC)


def read(database: Database, token: RunToken, found: Iterable[tuple[str, int | None]], **listed: int) -> None:
    """Discovers mailboxes, then reads one page of some at noon."""
    with clock.use(lambda: NOON), database.transaction("acme") as session:
        mailboxes.discover(session, token, found)
        for name, n in listed.items():
            mailboxes.record_page(session, token, PageRecord(mailbox=name, sequence=0, cursor="1", listed=n, written=n))


def at(database: Database, seconds: float) -> progress.Progress:
    with clock.use(lambda: NOON + timedelta(seconds=seconds)), database.session("acme") as session:
        return progress.of(session, "acme", window=60)


def test_the_end_is_expected_by_the_rate_of_the_last_minute(database: Database, token: RunToken) -> None:
    read(database, token, [("a", 900), ("b", 300)], a=600)
    now = at(database, 30)
    assert (now.listed, now.expected, now.per_second) == (600, 1200, 10.0)
    assert now.expected_end == NOON + timedelta(seconds=30 + 60)


def test_nothing_read_lately_has_no_expected_end(database: Database, token: RunToken) -> None:
    read(database, token, [("a", 900)], a=600)
    assert at(database, 61).per_second == 0
    assert at(database, 61).expected_end is None


def test_a_mailbox_of_unknown_size_leaves_the_whole_unknown_until_it_is_read(
    database: Database, token: RunToken
) -> None:
    read(database, token, [("a", 900), ("b", None)], b=40)
    assert at(database, 1).expected is None
    with database.transaction("acme") as session:
        mailboxes.finish(session, token, "b")
    assert at(database, 1).expected == 940


def test_a_mailbox_that_holds_more_than_estimated_is_never_less_than_nothing(
    database: Database, token: RunToken
) -> None:
    read(database, token, [("a", 10)], a=600)
    assert at(database, 1).expected == 600
    assert at(database, 1).expected_end == NOON + timedelta(seconds=1)


def test_a_tenant_without_mailboxes(database: Database) -> None:
    assert at(database, 0) == progress.Progress(listed=0, expected=0, per_second=0.0, expected_end=None)


def test_the_slowest_and_the_failed_are_shown(database: Database, token: RunToken) -> None:
    read(database, token, [("a", 100), ("b", 900), ("c", None), ("d", 5)], a=50, b=50, c=50)
    with database.transaction("acme") as session:
        mailboxes.fail(session, token, "d", "permission denied")
    with database.session("acme") as session:
        assert [one.name for one in progress.slowest(session, "acme")] == ["b", "a", "c"]
        assert [(one.name, one.reason) for one in progress.failed(session, "acme")] == [("d", "permission denied")]
