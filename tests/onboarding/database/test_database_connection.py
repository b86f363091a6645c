"""Transactions are whole, several processes write at once, and every value comes back as it went in."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st
from processes import race
from sqlalchemy import select, text
from sqlalchemy.exc import OperationalError, StatementError
from sqlalchemy.orm import Session

from onboarding import clock
from onboarding.database import audit, decisions, tenants
from onboarding.database.connection import Database, DatabaseError
from onboarding.database.decisions import DecisionRow, Flagged
from onboarding.database.mailboxes import Mailbox
from onboarding.database.rows import AnyText
from onboarding.database.upgrade import open_database
from onboarding.lifecycle import MailboxState
from onboarding.settings import Settings


def test_a_transaction_that_raises_leaves_nothing(database: Database) -> None:
    with suppress(ZeroDivisionError), database.transaction("acme") as session:
        tenants.change(session, "acme", actor="ada", alpha=0.01)
        session.flush()
        raise ZeroDivisionError
    with database.session("acme") as session:
        assert tenants.get(session, "acme").alpha == 1e-3


def test_a_reading_session_does_not_write(database: Database) -> None:
    with database.session("acme") as session:
        audit.record(session, "acme", "ada", "something")
        with pytest.raises(RuntimeError, match="for reading"):
            session.flush()


def test_readers_do_not_wait_for_a_writer(database: Database) -> None:
    with database.transaction("acme") as writing:
        tenants.change(writing, "acme", actor="ada", alpha=0.01)
        writing.flush()
        with database.session("acme") as reading:
            assert tenants.get(reading, "acme").alpha == 1e-3


def test_times_come_back_in_utc(database: Database) -> None:
    there = datetime(2026, 3, 4, 5, 6, 7, 890, tzinfo=timezone(timedelta(hours=-7)))
    with clock.use(lambda: there), database.transaction("acme") as session:
        tenants.change(session, "acme", actor="ada", alpha=0.01)
    with database.session("acme") as session:
        updated = tenants.get(session, "acme").updated_at
    assert updated == there
    assert updated.tzinfo is UTC


def test_a_time_without_zone_is_refused(database: Database) -> None:
    with (
        clock.use(lambda: datetime(2026, 1, 1)),
        pytest.raises(StatementError, match="no time zone"),
        database.transaction("acme") as session,
    ):
        audit.record(session, "acme", "ada", "something")


@given(st.text() | st.text(alphabet=st.sampled_from("\\u005c0d\x00\ud800\udcffé")))
def test_any_text_comes_back_from_storable_text(value: str) -> None:
    dialect: object = None
    stored = AnyText().process_bind_param(value, dialect)  # type: ignore[arg-type]
    assert stored is not None
    assert "\x00" not in stored
    stored.encode("utf-8")
    assert AnyText().process_result_value(stored, dialect) == value  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name", ["a\x00b", "caf\udce9", "C:\\users\\u005cada", "Ω " * 500, "'; DROP TABLE tenants; --"]
)
def test_odd_mailbox_names_are_kept(database: Database, name: str) -> None:
    at = clock.now()
    counts = dict.fromkeys(("pages", "listed", "written", "duplicates", "skipped"), 0)
    with database.transaction("acme") as session:
        session.add(Mailbox(tenant="acme", name=name, state=MailboxState.PENDING, updated_at=at, **counts))
    with database.session("acme") as session:
        assert session.scalars(select(Mailbox.name).where(Mailbox.tenant == "acme", Mailbox.name == name)).one() == name


@examples(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10, deadline=None)
@given(key=st.sampled_from([0, 1, 2**63 - 1, 2**63, 2**64 - 1]) | st.integers(0, 2**64 - 1))
def test_keys_of_64_bits_come_back(database: Database, key: int) -> None:
    one = Flagged(message_key=key, message_id="x", path="p", time=1, verdict="attack", kind="k", tail_probability=1e-9)
    with database.transaction("acme") as session:
        decisions.record_live(session, "acme", 1, 1, [one])
    with database.session("acme") as session:
        chosen = select(DecisionRow.message_key).where(DecisionRow.tenant == "acme", DecisionRow.message_key == key)
        assert session.scalars(chosen).one() == key


@pytest.mark.parametrize("key", [-1, 2**64])
def test_what_is_no_key_is_refused(database: Database, key: int) -> None:
    one = Flagged(message_key=key, message_id="", path="", time=1, verdict="attack", kind="", tail_probability=0.0)
    with pytest.raises(StatementError, match="64-bit"), database.transaction("acme") as session:
        decisions.record_live(session, "acme", 1, 1, [one])


def test_a_number_that_is_no_json_is_refused(database: Database) -> None:
    with (
        pytest.raises((StatementError, ValueError), match="not JSON compliant"),
        database.transaction("acme") as session,
    ):
        audit.record(session, "acme", "ada", "something", {"rate": float("nan")})


def test_a_database_can_be_sent_to_another_process(database: Database) -> None:
    sent = pickle.loads(pickle.dumps(database))
    with sent.session("acme") as session:
        assert tenants.get(session, "acme").name == "acme"
    sent.close()


def test_processes_that_write_at_once_lose_nothing(database: Database) -> None:
    code = """
for n in range(40):
    with database.transaction("acme") as session:
        tenant = tenants.get(session, "acme", lock=True)
        tenants.change(session, "acme", actor="bob", overrides={"count": tenant.overrides.get("count", 0) + 1})
say("done"); wait()
"""
    race(database.url.render_as_string(hide_password=False), code, count=3)
    with database.session("acme") as session:
        assert tenants.get(session, "acme").overrides == {"count": 120}
        assert len(audit.entries(session, "acme", limit=1000)) == 121


def _failing(times: int, error: Callable[[], Exception]) -> tuple[list[int], Callable[[Session], str]]:
    attempts: list[int] = []

    def work(session: Session) -> str:
        attempts.append(1)
        if len(attempts) <= times:
            raise error()
        return "done"

    return attempts, work


def test_work_is_done_again_when_the_database_was_busy(database: Database) -> None:
    attempts, work = _failing(2, lambda: OperationalError("x", {}, sqlite3.OperationalError("database is locked")))
    assert database.write("acme", work) == "done"
    assert len(attempts) == 3


def test_work_that_cannot_succeed_is_not_repeated(database: Database) -> None:
    attempts, work = _failing(
        9, lambda: OperationalError("x", {}, sqlite3.OperationalError("database or disk is full"))
    )
    with pytest.raises(OperationalError):
        database.write("acme", work)
    assert len(attempts) == 1


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_work_survives_connections_that_the_server_ends(database: Database) -> None:
    ended: list[int] = []

    def work(session: Session) -> float:
        if not ended:
            ended.append(session.scalar(text("SELECT pg_backend_pid()")) or 0)
            with database.engine.begin() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": ended[0]})
        tenants.change(session, "acme", actor="ada", alpha=0.02)
        session.flush()
        return tenants.get(session, "acme").alpha

    assert database.write("acme", work) == 0.02
    assert ended


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("nonsense hunter2", "is not a database URL"),
        ("mysql://ada:hunter2@db/gatehouse", "a mysql database cannot be used"),
    ],
)
def test_a_wrong_url_is_refused_without_showing_its_password(url: str, said: str) -> None:
    with pytest.raises(DatabaseError, match=said) as refused:
        Database(url)
    assert "hunter2" not in str(refused.value)


def test_a_password_is_not_shown() -> None:
    assert "hunter2" not in repr(Database("postgresql://ada:hunter2@localhost/gatehouse"))


def test_a_database_in_a_folder_with_odd_letters(tmp_path: Path) -> None:
    home = tmp_path / "mail & müll?x=1#2 100%"
    open_database(Settings(home=home)).close()
    assert (home / "gatehouse.db").exists()
