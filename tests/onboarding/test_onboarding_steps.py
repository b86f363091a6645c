"""From mail to switched-on detection, step by step, without Prefect: the same functions that the flow calls."""

from __future__ import annotations

import errno
import json
import pickle
import shutil
from pathlib import Path
from typing import Any

import pytest
from tenants_at_hand import SMALL, onboard, register

from onboarding import store
from onboarding.connect import connect
from onboarding.database import mailboxes, runs
from onboarding.database.runs import TenantBusy
from onboarding.holds import HoldReason, hold
from onboarding.ingest import ingest
from onboarding.recalibrate import recalibrate
from onboarding.registration import change_tenant, remove_tenant
from onboarding.rehearsal.recipe import recipes
from onboarding.run import ONBOARD, running
from onboarding.settings import Settings
from onboarding.stage import Held
from onboarding.workspace import Workspace, open_workspace

pytestmark = pytest.mark.slow


def accounted(outcome: dict[str, Any]) -> bool:
    mail = outcome["messages"]
    return bool(mail["listed"] == mail["stored"] + mail["duplicates"] + sum(mail["skipped"].values()))


def write_mail(folder: Path, sender: str, recipient: str, day: int, number: int, text: str = "hello") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{day:03d}-{number}.eml").write_text(
        f"From: A Sender <{sender}>\nTo: {recipient}\nSubject: note {day} {number}\n"
        f"Date: {1 + day % 28:02d} {('Jan', 'Feb', 'Mar')[day // 28]} 2026 10:{number:02d}:00 +0000\n"
        f"Message-ID: <{day}.{number}.{sender}>\n\n{text} {day} {number}\n"
    )


@pytest.fixture
def small_mail(tmp_path: Path) -> Path:
    """Two months of a tiny company's mail as files."""
    root = tmp_path / "mail"
    for day in range(60):
        for number in range(3):
            write_mail(root / "ann" / "inbox", "bob@partner.example", "ann@acme.example", day, number)
            write_mail(root / "ann" / "sent", "ann@acme.example", "bob@partner.example", day, number)
    return root


def test_a_tenant_goes_from_its_mail_to_shadow(workspace: Workspace) -> None:
    register(workspace, "acme", SMALL)
    outcome = onboard(workspace, "acme")
    assert (outcome["state"], outcome["mode"]) == ("active", "shadow")
    assert outcome["mailboxes"] == {"discovered": 10, "ingested": 10, "failed": 0}
    assert outcome["messages"]["duplicates"] > 0
    assert accounted(outcome)
    assert outcome["calibration"]["statement"].startswith("At most 1 in 100")
    assert len(outcome["rehearsal"]) == len({one.kind for one in recipes()})
    assert all(0 <= one["caught"] <= one["sent"] for one in outcome["rehearsal"].values())
    assert set(outcome["seconds"]) == {
        "connect",
        "ingest",
        "baseline",
        "rehearse",
        "calibrate",
        "readiness",
        "activate",
    }


def test_running_it_again_changes_nothing_nor_does_reading_the_mail_again(workspace: Workspace) -> None:
    register(workspace, "acme", SMALL)
    first, second = onboard(workspace, "acme"), onboard(workspace, "acme")
    change_tenant(workspace, "acme", actor="test", read_again=True)
    third = onboard(workspace, "acme")
    for part in ("messages", "history", "baseline", "calibration", "activation", "findings"):
        assert first[part] == second[part] == third[part], part


def test_the_same_mail_gives_the_same_bytes_in_another_home_and_in_worker_processes(
    workspace: Workspace, tmp_path: Path
) -> None:
    other = open_workspace(Settings(home=tmp_path / "other", heartbeat_seconds=60))
    register(workspace, "acme", SMALL)
    register(other, "acme", SMALL)
    onboard(workspace, "acme")
    onboard(other, "acme")
    ours, theirs = workspace.layout("acme"), other.layout("acme")
    for place in ("baselines/1/facts.bin", "calibrations/1.json", "history/history.json"):
        assert (ours.root / place).read_bytes() == (theirs.root / place).read_bytes(), place
    other.database.close()


def test_a_missing_source_holds_the_tenant_until_it_is_there(workspace: Workspace, small_mail: Path) -> None:
    register(workspace, "acme", f"eml:{small_mail}", "acme.example")
    away = small_mail.rename(small_mail.with_name("away"))
    outcome = onboard(workspace, "acme")
    assert (outcome["state"], outcome["held_reason"]) == ("held", "source-unreachable")
    assert str(small_mail) in outcome["held_message"]
    away.rename(small_mail)
    assert onboard(workspace, "acme")["state"] == "active"


def test_an_empty_source_is_held(workspace: Workspace, tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    register(workspace, "acme", f"eml:{tmp_path / 'nothing'}", "acme.example")
    outcome = onboard(workspace, "acme")
    assert outcome["state"] == "held"
    assert outcome["held_remedy"]
    assert outcome["baseline"] is None


def test_wrong_domains_are_held_and_the_remedy_works(workspace: Workspace, small_mail: Path) -> None:
    register(workspace, "acme", f"eml:{small_mail}", "somebody-else.example")
    outcome = onboard(workspace, "acme")
    assert outcome["held_reason"] == "no-own-domain-seen"
    assert "gatehouse tenant set acme --domain" in outcome["held_remedy"]
    change_tenant(workspace, "acme", actor="test", domains=["acme.example"])
    again = onboard(workspace, "acme")
    assert again["state"] == "active"
    assert accounted(again)


def test_nothing_but_junk_is_held(workspace: Workspace, small_mail: Path) -> None:
    for name in ("inbox", "sent"):
        shutil.move(small_mail / "ann" / name, small_mail / "ann" / "junk" / name)
    register(workspace, "acme", f"eml:{small_mail}", "acme.example")
    assert onboard(workspace, "acme")["held_reason"] == "nothing-but-junk"


def test_three_messages_are_too_little_history(workspace: Workspace, tmp_path: Path) -> None:
    for number in range(3):
        write_mail(tmp_path / "few" / "ann", "bob@partner.example", "ann@acme.example", 1, number)
    register(workspace, "acme", f"eml:{tmp_path / 'few'}", "acme.example")
    outcome = onboard(workspace, "acme")
    assert outcome["held_reason"] == "too-little-history"
    assert outcome["messages"]["stored"] == 3


def test_too_little_mail_for_the_budget_is_said_and_not_hidden(workspace: Workspace, small_mail: Path) -> None:
    register(workspace, "acme", f"eml:{small_mail}", "acme.example", alpha=1e-6)
    outcome = onboard(workspace, "acme")
    assert outcome["state"] == "active"
    assert outcome["mode"] == "shadow"
    assert not outcome["calibration"]["certified"]
    assert "is not certified" in outcome["calibration"]["statement"]


def test_mail_that_came_since_is_read_by_the_next_run_until_the_tenant_is_active(
    workspace: Workspace, small_mail: Path
) -> None:
    register(workspace, "acme", f"eml:{small_mail}", "acme.example")
    with running(workspace, "acme", ONBOARD, actor="test") as token:
        ingest(workspace, token, list(connect(workspace, token)))
    with workspace.database.session("acme") as session:
        before = mailboxes.totals(session, "acme")
    write_mail(small_mail / "ann" / "inbox", "new@partner.example", "ann@acme.example", 61, 0)
    write_mail(small_mail / "ann" / "inbox", "early@partner.example", "ann@acme.example", 0, 59)
    active = onboard(workspace, "acme")
    assert active["state"] == "active"
    assert active["messages"]["listed"] == before.listed + 2
    assert active["messages"]["stored"] == before.stored + before.duplicates + 2 - active["messages"]["duplicates"]
    write_mail(small_mail / "ann" / "inbox", "live@partner.example", "ann@acme.example", 61, 1)
    again = onboard(workspace, "acme")
    assert (again["messages"], again["baseline"]) == (active["messages"], active["baseline"]), "left to who follows it"


def test_garbage_is_skipped_and_counted(workspace: Workspace, small_mail: Path) -> None:
    (small_mail / "ann" / "inbox" / "garbage.eml").write_bytes(bytes(range(256)) * 40)
    (small_mail / "ann" / "inbox" / "empty.eml").write_bytes(b"")
    (small_mail / "ann" / "inbox" / "undated.eml").write_text("From: x@y.example\nTo: ann@acme.example\n\nhi\n")
    (small_mail / "ann" / "inbox" / "huge.eml").touch()
    with (small_mail / "ann" / "inbox" / "huge.eml").open("r+b") as file:
        file.truncate(60_000_000)
    register(workspace, "acme", f"eml:{small_mail}", "acme.example")
    outcome = onboard(workspace, "acme")
    assert outcome["messages"]["skipped"] == {"no-usable-date": 1, "not-a-message": 2, "too-large": 1}
    assert accounted(outcome)


def test_two_runs_of_one_tenant_at_once_are_refused_by_name(workspace: Workspace) -> None:
    register(workspace, "acme", SMALL)
    with (
        running(workspace, "acme", ONBOARD, actor="first") as token,
        pytest.raises(TenantBusy, match=token.run),
        running(workspace, "acme", ONBOARD, actor="second"),
    ):
        pass


def test_a_run_that_was_replaced_cannot_write(workspace: Workspace, small_mail: Path) -> None:
    register(workspace, "acme", f"eml:{small_mail}", "acme.example")
    with running(workspace, "acme", ONBOARD, actor="first") as token:
        with workspace.database.transaction("acme") as session:
            runs.finish(session, token, runs.RunState.CRASHED)
        with pytest.raises(runs.Fenced), workspace.database.transaction("acme") as session:
            mailboxes.discover(session, token, [("ann", None)])


def test_parts_that_nobody_recorded_are_swept(workspace: Workspace, small_mail: Path) -> None:
    register(workspace, "acme", f"eml:{small_mail}", "acme.example")
    layout = workspace.layout("acme")
    layout.mailbox("ann").mkdir(parents=True)
    (layout.mailbox("ann") / "part-000007-0123456789abcdef.parquet").write_bytes(b"left by a killed run")
    onboard(workspace, "acme")
    with workspace.database.session("acme") as session:
        recorded = [part.file for part in mailboxes.parts(session, "acme")]
    assert store.stored_parts(layout) == sorted(name for name in recorded if name)


def test_recalibration_reads_no_mail_and_follows_the_budget(workspace: Workspace, small_mail: Path) -> None:
    register(workspace, "acme", f"eml:{small_mail}", "acme.example")
    first = onboard(workspace, "acme")
    shutil.rmtree(small_mail)
    assert recalibrate(workspace, "acme")["calibration"]["version"] == first["calibration"]["version"]
    change_tenant(workspace, "acme", actor="test", alpha=0.2)
    again = recalibrate(workspace, "acme")
    assert again["calibration"]["version"] == 2
    assert again["calibration"]["alpha"] == 0.2
    assert again["in_force"] == 1


def test_no_mail_text_is_at_rest(workspace: Workspace, tmp_path: Path, small_mail: Path) -> None:
    write_mail(small_mail / "ann" / "inbox", "bob@partner.example", "ann@acme.example", 5, 30, text="xylophonequartz")
    register(workspace, "acme", f"eml:{small_mail}", "acme.example")
    onboard(workspace, "acme")
    places = [path for path in (tmp_path / "home").rglob("*") if path.is_file()]
    assert len(places) > 5
    assert not [path for path in places if b"xylophonequartz" in path.read_bytes()]


def test_removing_a_tenant_leaves_nothing(workspace: Workspace, small_mail: Path) -> None:
    register(workspace, "acme", f"eml:{small_mail}", "acme.example")
    onboard(workspace, "acme")
    removed = remove_tenant(workspace, "acme", actor="test")
    assert removed["files"] > 0
    assert not workspace.layout("acme").root.exists()
    json.dumps(removed)


def test_a_full_disk_holds_the_tenant_and_the_next_run_goes_on(
    workspace: Workspace, small_mail: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    register(workspace, "acme", f"eml:{small_mail}", "acme.example")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("onboarding.files.os.fsync", full)
        outcome = onboard(workspace, "acme")
    assert (outcome["state"], outcome["held_reason"]) == ("held", "disk-full")
    assert onboard(workspace, "acme")["state"] == "active"


def test_a_hold_survives_the_way_back_from_a_worker() -> None:
    held = Held(hold(HoldReason.NO_MAILBOXES, tenant="acme", source="eml:/mail"))
    assert pickle.loads(pickle.dumps(held)).hold == held.hold
