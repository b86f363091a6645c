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
        return progress.of(session, "acme")


def test_the_end_is_expected_by_the_rate_since_reading_began(database: Database, token: RunToken) -> None:
    read(database, token, [("a", 900), ("b", 300)], a=600)
    now = at(database, 30)
    assert (now.listed, now.expected, now.per_second) == (600, 1200, 20.0)
    assert now.expected_end == NOON + timedelta(seconds=30 + 30)
    assert at(database, 599).per_second == 1.0, "and of the last ten minutes later, as that of a mailbox"


def test_nothing_read_lately_has_no_expected_end(database: Database, token: RunToken) -> None:
    read(database, token, [("a", 900)], a=600)
    assert at(database, 601).per_second == 0
    assert at(database, 601).expected_end is None


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


def test_mailboxes_have_rates_and_ends_of_their_own_and_the_slowest_are_told(
    database: Database, token: RunToken
) -> None:
    read(database, token, [("a", 100), ("b", 900), ("c", None), ("d", 5), ("e", 400)], a=50, b=50, c=50, e=50)
    with database.transaction("acme") as session:
        mailboxes.fail(session, token, "d", "permission denied")
    with clock.use(lambda: NOON + timedelta(minutes=9)), database.transaction("acme") as session:
        mailboxes.record_page(session, token, PageRecord(mailbox="e", sequence=1, cursor="2", listed=40, written=40))
    with clock.use(lambda: NOON + timedelta(seconds=100)), database.session("acme") as session:
        boxes = {box.name: one for box, one in progress.of_mailboxes(session, "acme")}
        assert (boxes["a"].per_second, boxes["a"].expected_end) == (0.5, NOON + timedelta(seconds=200))
        assert (boxes["c"].per_second, boxes["c"].expected_end) == (0.5, None)
        assert (boxes["d"].per_second, boxes["d"].expected) == (0.0, 0)
        assert [box.name for box, _ in progress.slowest(progress.of_mailboxes(session, "acme"))] == ["b", "e", "a", "c"]
    with clock.use(lambda: NOON + timedelta(minutes=15)), database.session("acme") as session:
        found = progress.of_mailboxes(session, "acme")
        assert {box.name: one.per_second for box, one in found}["e"] == round(40 / 600, 2)
        # What stands still keeps everybody waiting, the most to do first.
        assert [box.name for box, _ in progress.slowest(found, limit=3)] == ["b", "a", "c"]
