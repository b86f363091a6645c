"""Live mail is decided once, remembered before it is answered, and learned by every process alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy.exc import IntegrityError
from tenants_at_hand import onboard, register

from detection.baselines import facts
from detection.mail.batch import Row
from detection.mail.columns import Origin, row_of
from detection.mail.message import Folder, Message
from detection.mail.organisation import Organisation
from detection.mail.parse import parse
from onboarding import clock
from onboarding.activate import set_mode
from onboarding.database import decisions, fleet
from onboarding.lifecycle import Mode
from onboarding.live import tenant as live_tenant
from onboarding.live.arrivals import Reader, segments
from onboarding.live.directory import LiveTenants
from onboarding.live.tenant import LiveTenant
from onboarding.scoring import NotActive
from onboarding.settings import Settings
from onboarding.workspace import Workspace, open_workspace

DAY = 86_400
URI = "simulated:seed=11,mailboxes=6,days=40,rate=8"


@pytest.fixture(scope="module")
def active(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    workspace = open_workspace(
        Settings(home=tmp_path_factory.mktemp("live") / "home", parse_workers=0, heartbeat_seconds=60)
    )
    register(workspace, "acme", URI)
    assert onboard(workspace, "acme")["state"] == "active"
    yield workspace
    workspace.database.close()


def mail(live: LiveTenant, sender: str, number: int, *, day: int = 1, folder: Folder = Folder.INBOX) -> Row:
    """The columns of a mail that comes some days after the end of the history."""
    time = live.scorer.snapshot.last_time + day * DAY
    own = next(iter(live.scorer.organisation.domains))
    parsed = parse(
        f"From: A Person <{sender}>\r\nTo: somebody@{own}\r\nSubject: note {number}\r\n"
        f"Message-ID: <{number}@{sender}>\r\n\r\nhello {number}\r\n".encode()
    )
    assert isinstance(parsed, Message)
    return row_of(parsed, Organisation(frozenset({own})), Origin("somebody", f"{number}.eml", folder), time)


def standing(live: LiveTenant, sender: str) -> float:
    """How many messages of the sender are known, as the next message of theirs sees it."""
    batch, _ = live.scorer.decide(mail(live, sender, 999, day=9), live._overlay)
    return float(live._overlay.look_up(batch)[facts.sender_messages][0])


def lure(live: LiveTenant, message_id: str) -> Row:
    """The columns of a mail that is flagged."""
    own = next(iter(live.scorer.organisation.domains))
    parsed = parse(
        f"From: Chief Executive <ceo@gmail.com>\r\nReply-To: x@evil.example\r\nTo: somebody@{own}\r\n"
        f"Subject: Urgent wire transfer\r\nMessage-ID: <{message_id}>\r\n\r\n"
        "Please send the wire transfer of $48,000 today to our new bank account. It is urgent and confidential.\r\n".encode()
    )
    assert isinstance(parsed, Message)
    time = live.scorer.snapshot.last_time + DAY
    return row_of(parsed, Organisation(frozenset({own})), Origin("somebody", f"{message_id}.eml", Folder.INBOX), time)


def test_a_message_is_decided_once_and_learned_once(active: Workspace) -> None:
    live = LiveTenant(active, "acme")
    row = mail(live, "once@partner.example", 1)
    first, second = live.decide(row), live.decide(row)
    assert (first.again, second.again) == (False, True)
    assert first.document == second.document
    assert standing(live, "once@partner.example") == 1


def test_what_if_leaves_no_trace(active: Workspace) -> None:
    live = LiveTenant(active, "acme")
    assert not live.decide(mail(live, "whatif@partner.example", 1), learn=False).again
    assert standing(live, "whatif@partner.example") == 0


def test_another_process_and_a_later_one_know_what_was_decided(active: Workspace) -> None:
    here, there = LiveTenant(active, "acme"), LiveTenant(active, "acme")
    row = mail(here, "shared@partner.example", 1)
    here.decide(row)
    there._follow_at = 0
    assert there.decide(row).again
    assert standing(there, "shared@partner.example") == 1
    assert standing(LiveTenant(active, "acme"), "shared@partner.example") == 1


def test_junk_and_attacks_do_not_become_familiar(active: Workspace) -> None:
    live = LiveTenant(active, "acme")
    live.decide(mail(live, "junk@partner.example", 1, folder=Folder.JUNK))
    assert standing(live, "junk@partner.example") == 0


def test_a_line_without_its_end_waits_for_it(active: Workspace) -> None:
    live = LiveTenant(active, "acme")
    live.decide(mail(live, "cut@partner.example", 1))
    folder = active.layout("acme").arrivals
    name = next(name for name, _ in segments(folder) if b"cut@partner" in (folder / name).read_bytes())
    whole = (folder / name).read_bytes()
    (folder / name).write_bytes(whole[:-20])
    reader = Reader(folder)
    before = list(reader.new())
    (folder / name).write_bytes(whole)
    assert [arrival.row["sender"] for arrival in reader.new()] == ["cut@partner.example"]
    assert "cut@partner.example" not in [arrival.row["sender"] for arrival in before]


def test_flagged_mail_is_in_the_database_with_its_reasons(active: Workspace) -> None:
    live = LiveTenant(active, "acme")
    row = lure(live, "f@gmail.com")
    decided = live.decide(row)
    assert decided.verdict in ("suspicious", "attack")
    with active.database.session("acme") as session:
        (stored,) = decisions.about(session, "acme", "f@gmail.com")
    assert stored.attribution["reasons"] == decided.document["reasons"] != []
    assert live.decide(row).document == decided.document


def test_a_promote_is_picked_up_and_a_switched_off_tenant_is_refused(active: Workspace) -> None:
    tenants = LiveTenants(active)
    before = tenants.get("acme").scorer.activation
    set_mode(active, "acme", Mode.OFF, actor="test", reason="test")
    tenants._look_at = 0
    with pytest.raises(NotActive, match="switched off"):
        tenants.get("acme")
    set_mode(active, "acme", Mode.SHADOW, actor="test", reason="test")
    tenants._look_at = 0
    live = tenants.get("acme")
    assert live.scorer.activation == before + 2
    document = live.decide(mail(live, "promoted@partner.example", 1)).document
    assert document["activation"] == before + 2


def test_of_many_decisions_the_oldest_are_forgotten_first(active: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    live = LiveTenant(active, "acme")
    rows = [mail(live, "many@partner.example", number) for number in range(6)]
    for row in rows:
        live.decide(row)
    monkeypatch.setattr(live_tenant, "REMEMBERED", 3)
    monkeypatch.setattr(live_tenant, "LEARNED_AT_ONCE", 2)
    later = LiveTenant(active, "acme")
    assert standing(later, "many@partner.example") == 6
    later._decided.clear()
    later._learn(one for one in Reader(active.layout("acme").arrivals).new() if one.row["sender"] == rows[0]["sender"])
    assert [row["message_key"] for row in rows[3:]] == list(later._decided)
    assert later.decide(rows[5]).document == live.decide(rows[5]).document


def test_a_decision_that_another_process_recorded_in_the_same_moment_is_no_error(
    active: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveTenant(active, "acme")
    row = lure(live, "twice@gmail.com")
    record, raised = decisions.record_live, [IntegrityError("insert", {}, Exception("unique"))]

    def racing(*given: Any) -> int:
        if raised:
            raise raised.pop()
        return record(*given)

    monkeypatch.setattr(decisions, "record_live", racing)
    assert live.decide(row).verdict != "safe"
    assert live.decide(row).again


def test_decided_together_they_are_decided_as_one_by_one_and_recorded_at_once(active: Workspace) -> None:
    together, alone = LiveTenant(active, "acme"), LiveTenant(active, "acme")
    rows = [mail(together, "batch@partner.example", number) for number in range(3)] + [
        lure(together, "batch@gmail.com")
    ]
    rows.append(rows[0])
    _, lone = alone.scorer.decide(rows[0], alone._overlay)
    with together.together():
        found = [together.decide(row) for row in rows]
        alone._follow_at = 0
        alone.follow()
        assert standing(alone, "batch@partner.example") == 0, "told before it is recorded"
    assert [one.again for one in found] == [False] * 4 + [True]
    assert found[0].document["tail_probability"] == lone.tail_probability
    alone._follow_at = 0
    assert [alone.decide(row).document for row in rows] == [one.document for one in found]
    assert standing(alone, "batch@partner.example") == standing(together, "batch@partner.example") == 3
    with active.database.session("acme") as session:
        assert len(decisions.about(session, "acme", "batch@gmail.com")) == 1


def test_what_could_not_be_recorded_together_is_not_learned(active: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    live = LiveTenant(active, "acme")
    rows = [lure(live, "unrecorded@gmail.com"), mail(live, "unrecorded@partner.example", 1)]
    monkeypatch.setattr(live._journal, "append", _full)
    with pytest.raises(OSError, match="no space"):
        _together(live, rows)
    monkeypatch.undo()
    assert standing(live, "unrecorded@partner.example") == 0
    assert not any(live.decide(row).again for row in rows)


def _together(live: LiveTenant, rows: list[Row]) -> None:
    with live.together():
        for row in rows:
            live.decide(row)


def _full(arrivals: Any) -> None:
    raise OSError("no space left")


def test_another_customer_under_the_name_of_a_removed_one_is_opened_anew(
    active: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenants = LiveTenants(active)
    before = tenants.get("acme")
    tenants._look_at = 0
    assert tenants.get("acme") is before
    monkeypatch.setattr(fleet, "added", lambda _: {"acme": clock.now()})
    tenants._look_at = 0
    assert tenants.get("acme") is not before
