"""One run a tenant; a dead one is replaced; one that was replaced writes nothing more."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from datetime import timedelta

import pytest
from processes import Process, race
from sqlalchemy import update

from onboarding import clock
from onboarding.database import fleet, mailboxes, runs, steps
from onboarding.database.connection import Database
from onboarding.database.heartbeat import beating
from onboarding.database.mailboxes import PageRecord
from onboarding.database.process import ProcessIdentity, _started, current, lives
from onboarding.database.runs import Fenced, Run, RunToken, TenantBusy
from onboarding.lifecycle import RunState, Step

BEGIN = """
with database.transaction("acme") as session:
    token = runs.begin(session, "acme", kind="onboard", actor="bob")
say(token.run)
"""


def begin(database: Database, **options: object) -> RunToken:
    with database.transaction("acme") as session:
        return runs.begin(session, "acme", kind="onboard", actor="ada", **options)  # type: ignore[arg-type]


def url(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


def move_elsewhere(database: Database, token: RunToken, *, silent_for: float) -> None:
    """Makes a run look as if another machine held it."""
    with database.transaction("acme") as session:
        at = clock.now() - timedelta(seconds=silent_for)
        session.execute(
            update(Run)
            .where(Run.tenant == "acme", Run.id == token.run)
            .values(host="far-away", place="another boot", heartbeat_at=at)
        )


def test_a_second_run_is_refused_and_told_of_the_first(database: Database, token: RunToken) -> None:
    with pytest.raises(TenantBusy) as busy:
        begin(database)
    assert busy.value.run_id == token.run
    assert str(os.getpid()) in str(busy.value)
    assert "ada" in str(busy.value)


def test_another_tenant_is_not_busy(database: Database, token: RunToken) -> None:
    with database.transaction("globex") as session:
        assert runs.begin(session, "globex", kind="onboard", actor="ada").number == 1


def test_fencing_numbers_rise_from_run_to_run(database: Database) -> None:
    numbers = []
    for _ in range(3):
        token = begin(database)
        numbers.append(token.number)
        with database.transaction("acme") as session:
            runs.finish(session, token, RunState.COMPLETED)
    assert numbers == [1, 2, 3]


def test_a_tenant_that_is_not_there_has_no_runs(database: Database) -> None:
    with pytest.raises(LookupError, match="no tenant nobody"), database.transaction("nobody") as session:
        runs.begin(session, "nobody", kind="onboard", actor="ada")


def test_a_killed_process_is_replaced_at_once(database: Database) -> None:
    process = Process(url(database), BEGIN + "wait()")
    first = process.hear()
    with pytest.raises(TenantBusy, match=str(process.pid)):
        begin(database)
    process.kill()
    token = begin(database)
    assert token.number == 2
    with database.session("acme") as session:
        assert runs.get(session, "acme", first).state is RunState.CRASHED
        newest = runs.latest(session, "acme")
    assert newest is not None
    assert newest.id == token.run


def test_a_zombie_is_not_alive() -> None:
    """It still has its process id until its parent asks for it."""
    child = subprocess.Popen(["sleep", "600"])
    here = current()
    identity = ProcessIdentity(here.host, here.place, child.pid, _started(child.pid) or "")
    assert lives(identity)
    child.kill()
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert lives(identity) is False
    child.wait()
    assert lives(identity) is False


def test_a_process_that_only_sleeps_is_not_replaced(database: Database) -> None:
    process = Process(url(database), BEGIN + "wait()")
    process.hear()
    process.stop_responding()
    with clock.use(lambda: clock._system() + timedelta(days=1)), pytest.raises(TenantBusy):
        begin(database)
    process.kill()


def test_a_reused_process_id_is_not_the_same_process(database: Database, token: RunToken) -> None:
    with database.transaction("acme") as session:
        session.execute(update(Run).where(Run.tenant == "acme", Run.id == token.run).values(process_started="1"))
    assert begin(database).number == 2


def test_a_run_elsewhere_counts_as_alive_by_its_heartbeat(database: Database, token: RunToken) -> None:
    move_elsewhere(database, token, silent_for=30)
    with pytest.raises(TenantBusy, match="far-away"):
        begin(database, silent_after=60)
    assert begin(database, silent_after=20).number == 2


def test_a_heartbeat_far_in_the_future_proves_nothing(database: Database, token: RunToken) -> None:
    move_elsewhere(database, token, silent_for=-86_400)
    assert begin(database).number == 2


def test_a_run_that_was_replaced_and_wakes_up_cannot_write(database: Database, token: RunToken) -> None:
    with database.transaction("acme") as session:
        mailboxes.discover(session, token, [("info", 10)])
    move_elsewhere(database, token, silent_for=3600)
    begin(database)
    page = PageRecord(mailbox="info", sequence=0, cursor="1", listed=1, written=1)
    for write in (
        lambda session: mailboxes.record_page(session, token, page),
        lambda session: mailboxes.finish(session, token, "info"),
        lambda session: mailboxes.record_duplicates(session, token, {}),
        lambda session: steps.start(session, token, Step.INGEST),
        lambda session: runs.beat(session, token),
        lambda session: runs.finish(session, token, RunState.COMPLETED),
    ):
        with pytest.raises(Fenced), database.transaction("acme") as session:
            write(session)
    with database.session("acme") as session:
        assert mailboxes.totals(session, "acme").listed == 0


def test_a_finished_run_cannot_write(database: Database, token: RunToken) -> None:
    with database.transaction("acme") as session:
        runs.finish(session, token, RunState.COMPLETED)
    with pytest.raises(Fenced), database.transaction("acme") as session:
        mailboxes.discover(session, token, [("info", None)])


def test_finishing_again_changes_nothing(database: Database, token: RunToken) -> None:
    for _ in range(2):
        with database.transaction("acme") as session:
            runs.finish(session, token, RunState.HELD, "no mailbox")
    with database.session("acme") as session:
        run = runs.get(session, "acme", token.run)
    assert (run.state, run.error) == (RunState.HELD, "no mailbox")
    assert begin(database).number == 2


def test_a_new_attempt_of_the_same_flow_run_takes_over(database: Database) -> None:
    first = begin(database, flow_run="f1")
    with pytest.raises(TenantBusy):
        begin(database, flow_run="f2")
    assert begin(database, flow_run="f1").number == first.number + 1
    with pytest.raises(Fenced), database.transaction("acme") as session:
        runs.beat(session, first)


def test_beginning_again_with_the_same_id_is_the_same_run(database: Database) -> None:
    assert begin(database, id="one") == begin(database, id="one")


def test_of_several_that_begin_at_once_one_gets_the_tenant(database: Database) -> None:
    code = """
try:
    with database.transaction("acme") as session:
        runs.begin(session, "acme", kind="onboard", actor="bob")
    say("got")
except runs.TenantBusy:
    say("busy")
wait()
"""
    assert sorted(race(url(database), code, count=3)) == ["busy", "busy", "got"]


def test_a_takeover_waits_for_what_the_old_run_is_just_writing(database: Database, token: RunToken) -> None:
    """Between the check of the token and the commit nothing may slip in."""
    move_elsewhere(database, token, silent_for=3600)
    order: list[str] = []
    with database.transaction("acme") as session:
        runs.fence(session, token)
        other = threading.Thread(target=lambda: (begin(database), order.append("taken over")))
        other.start()
        time.sleep(0.3)
        mailboxes.discover(session, token, [("info", None)])
        order.append("written")
    other.join(timeout=60)
    assert order == ["written", "taken over"]


def test_a_heartbeat_shows_and_stops_when_replaced(database: Database, token: RunToken) -> None:
    with beating(database, token, every=0.05) as heart:
        move_elsewhere(database, token, silent_for=3600)
        time.sleep(0.3)
        with database.session("acme") as session:
            age = clock.now() - runs.get(session, "acme", token.run).heartbeat_at
        assert age < timedelta(seconds=10)
        heart.check()
        with database.transaction("acme") as session:
            runs.finish(session, token, RunState.CANCELLED)
        assert heart.lost.wait(10)
        with pytest.raises(Fenced):
            heart.check()


def test_the_sweep_marks_runs_whose_process_is_gone(database: Database) -> None:
    process = Process(url(database), BEGIN)
    dead = process.hear()
    process.end()
    with database.transaction("globex") as session:
        runs.begin(session, "globex", kind="onboard", actor="ada")
    assert fleet.sweep(database) == [("acme", dead)]
    assert fleet.sweep(database) == []
    with pytest.raises(Fenced), database.transaction("acme") as session:
        runs.beat(session, RunToken("acme", dead, 1))
