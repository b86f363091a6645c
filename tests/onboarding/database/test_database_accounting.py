"""Nothing lost, nothing twice: listed = stored + duplicates + skipped, whatever happens between pages."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import Process, race
from sqlalchemy import update
from sqlalchemy.exc import IntegrityError

from onboarding.database import mailboxes
from onboarding.database.connection import Database
from onboarding.database.mailboxes import AccountingError, Mailbox, PageRecord, Totals
from onboarding.database.runs import RunToken
from onboarding.lifecycle import MailboxState

REASONS = ("too-large", "unreadable", "no-usable-date")


def page(sequence: int, *, mailbox: str = "info", written: int = 3, **skipped: int) -> PageRecord:
    reasons = {reason.replace("_", "-"): count for reason, count in skipped.items()}
    return PageRecord(
        mailbox=mailbox,
        sequence=sequence,
        cursor=f"after {sequence}",
        listed=written + sum(reasons.values()),
        written=written,
        skipped=reasons,
        file=f"{mailbox}-{sequence}.parquet" if written else None,
        first_time=1_000 + sequence,
        last_time=2_000 + sequence,
    )


def record(database: Database, token: RunToken, one: PageRecord) -> bool:
    with database.transaction("acme") as session:
        return mailboxes.record_page(session, token, one)


def discover(database: Database, token: RunToken, *names: str) -> int:
    with database.transaction("acme") as session:
        return mailboxes.discover(session, token, [(name, 10) for name in names])


def totals(database: Database) -> Totals:
    with database.session("acme") as session:
        return mailboxes.totals(session, "acme")


def mailbox(database: Database, name: str = "info") -> Mailbox:
    with database.session("acme") as session:
        return mailboxes.get(session, "acme", name)


def test_a_page_moves_cursor_and_sums_together(database: Database, token: RunToken) -> None:
    discover(database, token, "info")
    assert record(database, token, page(0, written=5, too_large=2, unreadable=1))
    assert record(database, token, page(1, written=4, too_large=1))
    info, sums = mailbox(database), totals(database)
    assert (info.cursor, info.pages, info.listed, info.stored, info.skipped) == ("after 1", 2, 13, 9, 4)
    assert info.state is MailboxState.INGESTING
    assert sums.skipped == {"too-large": 3, "unreadable": 1}
    assert (sums.first_time, sums.last_time) == (1_000, 2_001)


def test_a_page_recorded_twice_counts_once(database: Database, token: RunToken) -> None:
    discover(database, token, "info")
    assert record(database, token, page(0, written=5, too_large=2))
    before = totals(database)
    assert not record(database, token, page(0, written=5, too_large=2))
    assert totals(database) == before


def test_a_page_that_does_not_follow_is_refused(database: Database, token: RunToken) -> None:
    discover(database, token, "info")
    with pytest.raises(AccountingError, match="page 0 is next"):
        record(database, token, page(1))


@pytest.mark.parametrize(
    "wrong",
    [
        PageRecord(mailbox="info", sequence=0, cursor="1", listed=3, written=2),
        PageRecord(mailbox="info", sequence=0, cursor="1", listed=2, written=2, skipped={"too-large": 1}),
        PageRecord(mailbox="info", sequence=0, cursor="1", listed=0, written=-1, skipped={"too-large": 1}),
        PageRecord(mailbox="info", sequence=0, cursor="1", listed=1, written=2, skipped={"too-large": -1}),
    ],
)
def test_a_page_that_does_not_add_up_is_refused(database: Database, token: RunToken, wrong: PageRecord) -> None:
    discover(database, token, "info")
    with pytest.raises(AccountingError, match="does not add up"):
        record(database, token, wrong)
    assert totals(database).listed == 0


def test_a_mailbox_that_was_not_discovered_is_refused(database: Database, token: RunToken) -> None:
    with pytest.raises(AccountingError, match="no mailbox info"):
        record(database, token, page(0))


def test_the_database_itself_refuses_sums_that_do_not_add_up(database: Database, token: RunToken) -> None:
    discover(database, token, "info")
    record(database, token, page(0))
    with pytest.raises(IntegrityError), database.transaction("acme") as session:
        session.execute(update(Mailbox).where(Mailbox.tenant == "acme").values(listed=99))


def test_discovering_again_keeps_progress_and_tries_failed_ones_again(database: Database, token: RunToken) -> None:
    assert discover(database, token, "info", "sales") == 2
    record(database, token, page(0))
    with database.transaction("acme") as session:
        mailboxes.fail(session, token, "sales", "permission denied")
    assert totals(database).failed == 1
    assert discover(database, token, "info", "sales", "hr") == 1
    assert mailbox(database).cursor == "after 0"
    assert mailbox(database, "sales").state is MailboxState.PENDING
    assert mailbox(database, "sales").reason is None


def test_duplicates_are_set_not_added(database: Database, token: RunToken) -> None:
    discover(database, token, "info", "sales")
    record(database, token, page(0, written=5))
    record(database, token, page(0, mailbox="sales", written=5))
    for counts in ({"info": 1, "sales": 2}, {"sales": 3}, {"sales": 3}):
        with database.transaction("acme") as session:
            mailboxes.record_duplicates(session, token, counts)
    assert mailbox(database).duplicates == 0
    assert (totals(database).stored, totals(database).duplicates) == (7, 3)


@pytest.mark.parametrize("counts", [{"info": 6}, {"info": -1}, {"nowhere": 1}])
def test_duplicates_that_cannot_be_are_refused(database: Database, token: RunToken, counts: dict[str, int]) -> None:
    discover(database, token, "info")
    record(database, token, page(0, written=5))
    with pytest.raises(AccountingError), database.transaction("acme") as session:
        mailboxes.record_duplicates(session, token, counts)
    assert totals(database).duplicates == 0


def test_parts_come_in_order(database: Database, token: RunToken) -> None:
    discover(database, token, "info", "abc")
    for sequence in range(11):
        record(database, token, page(sequence))
    record(database, token, page(0, mailbox="abc", written=0, too_large=1))
    with database.session("acme") as session:
        found = [(part.mailbox, part.sequence, part.file) for part in mailboxes.parts(session, "acme")]
    assert found == [("abc", 0, None), *(("info", n, f"info-{n}.parquet") for n in range(11))]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(
    deeds=st.lists(
        st.tuples(
            st.sampled_from(["a", "b", "c"]),
            st.sampled_from(["record", "again", "crash", "duplicates"]),
            st.integers(0, 9),
            st.dictionaries(st.sampled_from(REASONS), st.integers(1, 5)),
        ),
        max_size=25,
    )
)
def test_sums_hold_through_retries_and_crashes(
    database: Database, token: RunToken, deeds: list[tuple[str, str, int, dict[str, int]]]
) -> None:
    """What the database holds is what an abacus says that counts only what was committed."""
    with database.transaction("acme") as session:
        for one in mailboxes.all_of(session, "acme"):
            session.delete(one)
    discover(database, token, "a", "b", "c")
    recorded: dict[str, list[PageRecord]] = {"a": [], "b": [], "c": []}
    for name, deed, written, skipped in deeds:
        done = recorded[name]
        if deed == "record":
            done.append(page(len(done), mailbox=name, written=written, **skipped))
            assert record(database, token, done[-1])
        elif deed == "again" and done:
            assert not record(database, token, done[-1])
        elif deed == "crash":
            with suppress(ZeroDivisionError), database.transaction("acme") as session:
                mailboxes.record_page(session, token, page(len(done), mailbox=name, written=written, **skipped))
                raise ZeroDivisionError
        elif deed == "duplicates":
            with database.transaction("acme") as session:
                mailboxes.record_duplicates(
                    session, token, {n: sum(p.written for p in pages) // 2 for n, pages in recorded.items()}
                )
    sums, pages = totals(database), [page for pages in recorded.values() for page in pages]
    assert sums.listed == sums.stored + sums.duplicates + sum(sums.skipped.values()) == sum(p.listed for p in pages)
    for reason in REASONS:
        assert sums.skipped.get(reason, 0) == sum(p.skipped.get(reason, 0) for p in pages)
    for name, done in recorded.items():
        assert mailbox(database, name).cursor == (done[-1].cursor if done else None)


def test_killing_a_worker_inside_its_transaction_leaves_the_page_before(database: Database, token: RunToken) -> None:
    code = """
token = runs.RunToken("acme", arguments[0], int(arguments[1]))
def page(n):
    return PageRecord(mailbox="info", sequence=n, cursor=f"after {n}", listed=3, written=3)
with database.transaction("acme") as session:
    mailboxes.record_page(session, token, page(0))
with database.transaction("acme") as session:
    mailboxes.record_page(session, token, page(1))
    say("in the middle"); wait()
"""
    discover(database, token, "info")
    process = Process(database.url.render_as_string(hide_password=False), code, token.run, str(token.number))
    assert process.hear() == "in the middle"
    process.kill()
    assert mailbox(database).cursor == "after 0"
    assert record(database, token, page(1))
    assert totals(database).listed == 6


def test_two_workers_on_one_mailbox_record_each_page_once(database: Database, token: RunToken) -> None:
    code = """
token = runs.RunToken("acme", arguments[0], int(arguments[1]))
mine = 0
while True:
    with database.session("acme") as session:
        n = mailboxes.get(session, "acme", "info").pages
    if n >= 30:
        break
    with database.transaction("acme") as session:
        page = PageRecord(mailbox="info", sequence=n, cursor=str(n), listed=2, written=2)
        mine += mailboxes.record_page(session, token, page)
say(mine); wait()
"""
    discover(database, token, "info")
    url = database.url.render_as_string(hide_password=False)
    assert sum(int(mine) for mine in race(url, code, token.run, str(token.number), count=2)) == 30
    assert totals(database).listed == 60
