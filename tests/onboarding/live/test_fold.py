"""Live mail becomes history once, decisions become Parquet by day, and counts by day are counted anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import numpy as np
import pytest
from tenants_at_hand import onboard, register
from test_live_tenant import DAY, mail

from detection.mail.batch import MessageBatch
from detection.mail.message import Folder
from onboarding import clock, frames, store
from onboarding.baseline import make_baseline
from onboarding.database import canary, labels, mailboxes
from onboarding.database.mailboxes import PageRecord
from onboarding.layout import LIVE
from onboarding.live.arrivals import segments
from onboarding.live.decision_log import forget_before
from onboarding.live.fold import fold
from onboarding.live.metrics import metrics
from onboarding.live.tally import tally
from onboarding.live.tenant import LiveTenant
from onboarding.refresh import refresh_baseline
from onboarding.run import running
from onboarding.settings import Settings
from onboarding.workspace import Workspace, open_workspace


@pytest.fixture
def active(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = open_workspace(
        Settings(home=tmp_path_factory.mktemp("fold") / "home", parse_workers=0, heartbeat_seconds=60)
    )
    register(workspace, "acme", "simulated:seed=11,mailboxes=5,days=30,rate=6")
    assert onboard(workspace, "acme")["state"] == "active"
    yield workspace
    workspace.database.close()


def decided(workspace: Workspace, count: int = 5) -> LiveTenant:
    """A tenant that decided on some mail of one sender, over two days of the mail's own time."""
    live = LiveTenant(workspace, "acme")
    for number in range(count):
        live.decide(mail(live, "fold@partner.example", number, day=1 + number % 2))
    return live


def folded(workspace: Workspace, hours: int = 1) -> int:
    later = clock.now() + timedelta(hours=hours)
    with clock.use(lambda: later), running(workspace, "acme", "refresh", actor="test") as token:
        return fold(workspace, token).messages


def test_what_may_still_grow_is_left(active: Workspace) -> None:
    decided(active)
    assert folded(active, hours=0) == 0


def test_folded_once_it_is_history_and_learned_once(active: Workspace) -> None:
    live = decided(active)
    known = live._overlay
    assert (folded(active), folded(active)) == (5, 0)
    with active.database.session("acme") as session:
        box = mailboxes.get(session, "acme", LIVE)
        totals = mailboxes.totals(session, "acme")
    assert (box.listed, box.written, box.pages) == (5, 5, 1)
    assert totals.listed == totals.stored + totals.duplicates + sum(totals.skipped.values())
    assert onboard(active, "acme")["state"] == "active"
    after = LiveTenant(active, "acme")
    assert after.scorer.baseline_version > live.scorer.baseline_version
    probe = mail(live, "fold@partner.example", 99, day=9)
    (_, before), (_, now) = live.scorer.decide(probe, known), after.scorer.decide(probe, after._overlay)
    assert [one.score for one in before.detectors] == [one.score for one in now.detectors]
    assert after.decide(mail(live, "fold@partner.example", 1, day=2)).again


def test_an_attack_is_stored_as_junk_unless_a_person_says_otherwise(active: Workspace) -> None:
    live = decided(active, 2)
    rows = [mail(live, "fold@partner.example", number, day=1 + number % 2) for number in range(2)]
    with active.database.transaction("acme") as session:
        for row, verdict in zip(rows, (labels.Verdict.ATTACK, labels.Verdict.SAFE), strict=True):
            labels.label(session, "acme", row["message_key"], row["message_id"], verdict, reason="", actor="test")
    folded(active)
    with running(active, "acme", "refresh", actor="test") as token:
        make_baseline(active, token)
    history = frames.messages(active, "acme", ["message_key", "folder"]).set_index("message_key")["folder"]
    assert [int(history[np.uint64(row["message_key"])]) for row in rows] == [3, 1]


def test_decisions_are_a_frame_with_labels_before_and_after_folding(active: Workspace) -> None:
    live = decided(active)
    row = mail(live, "fold@partner.example", 0)
    with active.database.transaction("acme") as session:
        labels.label(session, "acme", row["message_key"], row["message_id"], labels.Verdict.SAFE, reason="", actor="t")
    before = frames.decisions(active, "acme")
    folded(active)
    after = frames.decisions(active, "acme")
    assert len(before) == 5
    assert before.equals(after)
    assert after.set_index("message_key")["label"][np.uint64(row["message_key"])] == "safe"
    assert after["label"].isna().sum() == 4
    assert {"score:executive_impersonation", "tail:executive_impersonation"} <= set(after.columns)
    assert frames.decisions(active, "acme", until=clock.now().date() - timedelta(days=1)).empty


def test_days_are_counted_anew(active: Workspace) -> None:
    live = decided(active)
    moment = clock.now()
    for _ in range(2):
        # The simulated mail is of another year than its decisions.
        tally(active, "acme", since=moment.date() - timedelta(days=10_000))
    with active.database.session("acme") as session:
        rows = canary.of_activations(session, "acme", [live.scorer.activation])
    assert sum(row.messages for row in rows) == 5
    first = (live.scorer.snapshot.last_time + DAY) // DAY
    assert [row.day for row in rows] == [first, first + 1]
    live.decide(mail(live, "fold@partner.example", 7))
    tally(active, "acme", since=moment.date() - timedelta(days=10_000))
    with active.database.session("acme") as session:
        rows = canary.of_activations(session, "acme", [live.scorer.activation])
    assert sum(row.messages for row in rows) == 6


def test_metrics_count_what_people_said(active: Workspace) -> None:
    live = decided(active, 4)
    said = (labels.Verdict.ATTACK, labels.Verdict.SAFE)
    rows = [mail(live, "fold@partner.example", number, day=1 + number % 2) for number in range(2)]
    with active.database.transaction("acme") as session:
        for row, verdict in zip(rows, said, strict=True):
            labels.label(session, "acme", row["message_key"], row["message_id"], verdict, reason="", actor="test")
    found = metrics(active, "acme")
    assert (found["messages"], found["judged"]) == (4, 2)
    assert found["false_negative_rate"]["n"] == 1
    assert set(found["seconds_to_decide"]) == {"0.5", "0.95", "0.99"}
    assert sum(one["messages"] for one in found["by_week"].values()) == 4
    frame = frames.decisions(active, "acme")
    assert frame["new_sender"].tolist().count(True) == 1, "only the first of a sender's messages is from a stranger"


def test_a_mail_judged_an_attack_is_junk_though_its_copy_lies_in_an_inbox(active: Workspace) -> None:
    live = decided(active, 2)
    rows = [mail(live, "fold@partner.example", number, day=1 + number % 2) for number in range(2)]
    with active.database.transaction("acme") as session:
        attack = labels.Verdict.ATTACK
        labels.label(
            session, "acme", rows[0]["message_key"], rows[0]["message_id"], attack, reason="", actor="gatehouse"
        )
    folded(active)
    with running(active, "acme", "refresh", actor="test") as token:
        # The source is read again, and still has it where it was delivered.
        copies = [row | {"mailbox": "somebody", "folder": int(Folder.INBOX)} for row in rows]
        part = store.write_part(active.layout("acme"), "somebody", 0, MessageBatch.from_rows(copies))
        with active.database.transaction("acme") as session:
            mailboxes.discover(session, token, [("somebody", None)])
            record = PageRecord(
                mailbox="somebody",
                sequence=0,
                cursor="1",
                listed=2,
                written=2,
                file=part.name,
                sha256=part.sha256,
                first_time=part.first_time,
                last_time=part.last_time,
            )
            assert mailboxes.record_page(session, token, record)
        make_baseline(active, token)
    history = frames.messages(active, "acme", ["message_key", "folder"]).set_index("message_key")["folder"]
    assert [int(history[np.uint64(row["message_key"])]) for row in rows] == [Folder.JUNK, Folder.INBOX]


def test_reading_the_source_anew_keeps_what_was_decided_on_live(active: Workspace) -> None:
    decided(active)
    folded(active)
    with running(active, "acme", "refresh", actor="test") as token, active.database.transaction("acme") as session:
        mailboxes.restart(session, token)
    with active.database.session("acme") as session:
        assert [part.mailbox for part in mailboxes.parts(session, "acme")] == [LIVE]
    assert folded(active) == 0


def test_the_journal_keeps_what_the_baseline_in_force_has_not_learned(active: Workspace) -> None:
    decided(active)
    folded(active)
    folder = active.layout("acme").arrivals
    assert folded(active, hours=24 * 30) == 0
    assert segments(folder), "the baseline in force is that of before"
    with running(active, "acme", "refresh", actor="test") as token:
        refresh_baseline(active, token)
    folded(active)
    assert segments(folder), "whoever goes back to the baseline before finds it"
    folded(active, hours=24 * 30)
    assert segments(folder) == []


def test_what_a_killed_writer_left_does_not_keep_old_decisions(active: Workspace) -> None:
    decided(active)
    folded(active)
    layout = active.layout("acme")
    (day,) = layout.decisions.iterdir()
    (day / ".tmp-1-ab").write_bytes(b"half")
    assert forget_before(layout, clock.now().date() + timedelta(days=2)) == 1
    assert list(layout.decisions.iterdir()) == []
