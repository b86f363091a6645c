"""Following live mail: nothing lost, nothing twice, acted on as the mode says, never on history, always undoable."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import delete
from tenants_at_hand import onboard

from detection.mail.message import Folder
from onboarding import clock
from onboarding.connect import connect
from onboarding.database import actions, activations, labels, mailboxes, tenants, watching
from onboarding.database.actions import ActionKind, ActionState
from onboarding.feedback import give_feedback
from onboarding.ingest import ingest, ingesting
from onboarding.lifecycle import MailboxState, Mode
from onboarding.live import follow as following
from onboarding.live import watch as watching_tenants
from onboarding.live.acting import WEBHOOK, signature
from onboarding.live.arrivals import Reader
from onboarding.live.fold import fold
from onboarding.live.release import release
from onboarding.live.watch import Watch
from onboarding.lookup import UnknownMessageError
from onboarding.refresh import refresh_baseline
from onboarding.run import ONBOARD, running
from onboarding.settings import Settings
from onboarding.sources.base import Page, SourceError
from onboarding.sources.maildir import Maildirs, Position
from onboarding.workspace import Workspace, open_workspace

DAY = 86_400
LURE = "Please send the wire transfer of $48,000 today to our new bank account. It is urgent and confidential."


class Mailboxes:
    """A maildir of two mailboxes whose mail is of the last weeks."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.now = int(clock.now().timestamp())
        for box in ("ann", "ben"):
            for part in ("cur", "new", "tmp"):
                (root / box / part).mkdir(parents=True)
        for day in range(60, 0, -1):
            for number in range(4):
                self.deliver("ann", self.now - day * DAY + number * 60, f"p{number}@partner.example", f"plan {day}")
                self.deliver("ben", self.now - day * DAY + number * 60, f"q{number}@other.example", f"bill {day}")

    def deliver(self, box: str, time: int, sender: str, subject: str, text: str = "hello", name: str = "") -> str:
        unique = name or f"{time}.M{abs(hash((sender, subject))) % 10**6}.host"
        message_id = f"{unique}.{box}@x.example"
        (self.root / box / "new" / unique).write_text(
            f"From: A Person <{sender}>\nTo: {box}@acme.example\nSubject: {subject}\n"
            f"Date: {formatdate(time)}\nMessage-ID: <{message_id}>\n\n{text}\n"
        )
        return message_id

    def attack(self, box: str = "ann", number: int = 1) -> str:
        return self.deliver(box, self.now + 60 + number, "ceo@gmail.com", f"Urgent wire transfer {number}", LURE)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A home with tenant acme, active in shadow, and its mail."""
    root = tmp_path_factory.mktemp("follow")
    Mailboxes(root / "mail")
    workspace = open_workspace(Settings(home=root / "home", parse_workers=0, heartbeat_seconds=60))
    with workspace.database.transaction("acme") as session:
        uri = Maildirs(str(root / "mail")).uri
        domains = ["acme.example"]
        tenants.add(
            session, "acme", domains=domains, source=uri, alpha=0.05, delta=0.2, lookback_days=None, actor="test"
        )
    assert onboard(workspace, "acme")["state"] == "active"
    workspace.database.close()
    return root / "home", root / "mail"


@pytest.fixture
def mail(made: tuple[Path, Path], tmp_path: Path) -> Mailboxes:
    boxes = Mailboxes.__new__(Mailboxes)
    boxes.root, boxes.now = tmp_path / "mail", int(clock.now().timestamp())
    shutil.copytree(made[1], boxes.root)
    return boxes


@pytest.fixture
def workspace(made: tuple[Path, Path], mail: Mailboxes, tmp_path: Path) -> Iterator[Workspace]:
    shutil.copytree(made[0], tmp_path / "home")
    opened = open_workspace(Settings(home=tmp_path / "home", parse_workers=0, heartbeat_seconds=60))
    with opened.database.transaction("acme") as session:
        tenants.change(session, "acme", actor="test", source=Maildirs(str(mail.root)).uri)
    yield opened
    opened.database.close()


def in_mode(workspace: Workspace, mode: Mode) -> None:
    """As if gates and canary had allowed it, a minute ago."""
    with workspace.database.transaction("acme") as session:
        activations.set_mode(session, "acme", mode, actor="test", reason="test")


def watched(workspace: Workspace) -> dict[str, Any]:
    watch = Watch(workspace)
    try:
        (one,) = watch.round()
    finally:
        watch.close()
    return one


def arrivals(workspace: Workspace) -> list[str]:
    return [one.row["message_id"] for one in Reader(workspace.layout("acme").arrivals).new()]


def planned(workspace: Workspace, message_id: str) -> dict[ActionKind, ActionState]:
    with workspace.database.session("acme") as session:
        return {one.kind: one.state for one in actions.of_message(session, "acme", message_id)}


def test_what_was_onboarded_is_not_decided_again_and_what_is_new_is_once(workspace: Workspace, mail: Mailboxes) -> None:
    first = watched(workspace)
    assert (first["outcome"], first["decided"]) == ("followed", 0)
    new = [mail.deliver("ann", mail.now + n, "p1@partner.example", f"new {n}") for n in range(5)]
    second, third = watched(workspace), watched(workspace)
    assert (second["decided"], third["decided"]) == (5, 0)
    assert sorted(arrivals(workspace)) == sorted(new)


def test_what_comes_while_nobody_follows_is_left_by_another_onboarding_and_decided_then(
    workspace: Workspace, mail: Mailboxes
) -> None:
    in_mode(workspace, Mode.ENFORCE)
    attack = mail.attack()
    new = [attack] + [mail.deliver(box, mail.now + 90, "p1@partner.example", f"new {box}") for box in ("ann", "ben")]
    with running(workspace, "acme", ONBOARD, actor="test") as token:
        with workspace.database.transaction("acme") as session:
            before = mailboxes.totals(session, "acme")
            # One of them is read from its start, as after its cursor was lost; the other would be read on.
            mailboxes.reread(session, token, "ann")
        with ingesting(workspace, token):
            ingest(workspace, token, list(connect(workspace, token)))
        refresh_baseline(workspace, token)
    with workspace.database.session("acme") as session:
        after = mailboxes.totals(session, "acme")
    assert (after.stored, after.skipped) == (before.stored, {"left-to-watch": 2})
    assert after.listed == after.stored + after.duplicates + 2
    assert watched(workspace)["decided"] == 3
    assert sorted(arrivals(workspace)) == sorted(new)
    assert planned(workspace, attack)[ActionKind.MOVE] is ActionState.DONE
    with running(workspace, "acme", ONBOARD, actor="test") as token:
        later = clock.now() + timedelta(hours=1)
        with clock.use(lambda: later), ingesting(workspace, token):
            ingest(workspace, token, list(connect(workspace, token)))
    with workspace.database.session("acme") as session:
        assert mailboxes.totals(session, "acme").stored == before.stored + 3, "what was decided is history, once"


def test_a_message_that_turns_up_behind_the_cursor_is_not_lost(workspace: Workspace, mail: Mailboxes) -> None:
    mail.deliver("ann", mail.now, "p1@partner.example", "on time", name=f"{mail.now}.M9.host")
    watched(workspace)
    late = mail.deliver("ann", mail.now, "p1@partner.example", "late", name=f"{mail.now}.M1.host")
    assert watched(workspace)["decided"] == 1
    assert late in arrivals(workspace)


def test_killed_between_decision_and_cursor_nothing_is_twice(
    workspace: Workspace, mail: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_mode(workspace, Mode.ALERT)
    attack = mail.attack()

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(following.watching, "advance", killed)
        with pytest.raises(KeyboardInterrupt):
            watched(workspace)
    assert planned(workspace, attack) == {}
    after = watched(workspace)
    assert (after["decided"], after["known"] >= 1, after["planned"]) == (0, True, 1)
    assert arrivals(workspace).count(attack) == 1


def test_a_backlog_is_caught_up_in_order(
    workspace: Workspace, mail: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_MESSAGES", 10)
    new = [mail.deliver("ann", mail.now + n, "p1@partner.example", f"new {n}") for n in range(30)]
    assert watched(workspace)["decided"] == 30
    assert arrivals(workspace) == new


def test_a_mailbox_that_cannot_be_read_holds_up_no_other(workspace: Workspace, mail: Mailboxes) -> None:
    new = mail.deliver("ann", mail.now, "p1@partner.example", "new")
    with workspace.database.transaction("acme") as session:
        watching.advance(session, "acme", "ben", "no cursor of this source", 0)
    one = watched(workspace)
    assert one["decided"] >= 1
    assert new in arrivals(workspace)


def test_shadow_acts_on_nothing(workspace: Workspace, mail: Mailboxes) -> None:
    attack = mail.attack()
    assert watched(workspace)["flagged"] == 1
    assert planned(workspace, attack) == {}


def test_enforce_moves_an_attack_once_and_release_moves_it_back(workspace: Workspace, mail: Mailboxes) -> None:
    in_mode(workspace, Mode.ENFORCE)
    attack = mail.attack()
    before = {path.name for path in (mail.root / "ann" / "new").iterdir()}
    one = watched(workspace)
    assert planned(workspace, attack)[ActionKind.MOVE] is ActionState.DONE, one
    (moved,) = (mail.root / "ann" / ".Junk" / "cur").iterdir()
    assert LURE in moved.read_text()
    again = watched(workspace)
    assert (again["decided"], again["planned"]) == (0, 0)
    with workspace.database.session("acme") as session:
        assert labels.all_of(session, "acme") == [], "our own move is no person's word"
    released = release(workspace, "acme", f"<{attack}>", reason="it is ours", actor="test")
    assert released.moved_back == 1
    assert not list((mail.root / "ann" / ".Junk" / "cur").iterdir())
    assert len(list((mail.root / "ann" / "cur").iterdir())) == 1
    assert len(before) - 1 == len(list((mail.root / "ann" / "new").iterdir()))
    assert release(workspace, "acme", attack, reason="", actor="test").moved_back == 0
    with workspace.database.session("acme") as session:
        assert [one.verdict for one in labels.all_of(session, "acme")] == ["safe"]
    assert watched(workspace)["planned"] == 0


def test_history_is_never_acted_on(workspace: Workspace, mail: Mailboxes) -> None:
    old = mail.deliver("ann", mail.now - 100, "ceo@gmail.com", "Urgent wire transfer", LURE)
    in_mode(workspace, Mode.ENFORCE)
    assert watched(workspace)["decided"] == 1
    assert planned(workspace, old) == {}


def _mode_drops(workspace: Workspace, message_id: str) -> None:
    in_mode(workspace, Mode.SHADOW)


def _said_to_be_safe(workspace: Workspace, message_id: str) -> None:
    give_feedback(workspace, "acme", message_id, "safe", reason="ours", actor="ada")


@pytest.mark.parametrize("happens", [_mode_drops, _said_to_be_safe])
def test_a_planned_move_is_called_off(
    workspace: Workspace, mail: Mailboxes, monkeypatch: pytest.MonkeyPatch, happens: Callable[[Workspace, str], None]
) -> None:
    in_mode(workspace, Mode.ENFORCE)
    attack = mail.attack()
    with monkeypatch.context() as patch:
        patch.setattr(Maildirs, "move", lambda *_: (_ for _ in ()).throw(OSError("away")))
        watched(workspace)
    assert planned(workspace, attack)[ActionKind.MOVE] is ActionState.PLANNED
    happens(workspace, attack)
    later = clock.now() + timedelta(minutes=1)
    with clock.use(lambda: later):
        watched(workspace)
    assert planned(workspace, attack)[ActionKind.MOVE] is ActionState.UNDONE


def test_moving_mail_to_junk_is_the_owners_word(workspace: Workspace, mail: Mailboxes) -> None:
    mail.deliver("ann", mail.now, "p1@partner.example", "spam to me", name=f"{mail.now}.M1.host")
    watched(workspace)
    Maildirs(str(mail.root)).move("ann", f"ann/{mail.now}.M1.host", Folder.JUNK)
    watched(workspace)
    with workspace.database.session("acme") as session:
        (label,) = labels.all_of(session, "acme")
    assert (label.verdict, label.actor) == ("attack", following.MAILBOX_OWNER)


def test_alerts_are_signed_and_told_until_they_are_heard(
    workspace: Workspace, mail: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, bytes]] = []
    answers = [503, 200]

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            heard.append((self.headers["Gatehouse-Signature"], body))
            self.send_response(answers.pop(0))
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("GATEHOUSE_SECRET_WEBHOOK", "quiet")
    with workspace.database.transaction("acme") as session:
        url = f"http://127.0.0.1:{server.server_port}/"
        tenants.change(session, "acme", actor="test", overrides={WEBHOOK: url})
    in_mode(workspace, Mode.ALERT)
    attack = mail.attack()
    assert watched(workspace)["carried_out"] == 0
    assert planned(workspace, attack) == {ActionKind.NOTIFY: ActionState.PLANNED}
    later = clock.now() + timedelta(minutes=1)
    with clock.use(lambda: later):
        assert watched(workspace)["carried_out"] == 1
    server.shutdown()
    (_, first), (signed, second) = heard
    assert first == second
    assert json.loads(second)["message_id"] == attack
    assert signed == signature("quiet", int(later.timestamp()), second)


def test_one_process_follows_a_tenant(workspace: Workspace, mail: Mailboxes) -> None:
    with workspace.database.transaction("acme") as session:
        assert watching.claim(session, "acme", "another", timedelta(minutes=2))
    assert watched(workspace)["outcome"] == "followed-elsewhere"


def test_nothing_to_release_is_said(workspace: Workspace) -> None:
    with pytest.raises(UnknownMessageError, match="nothing was done"):
        release(workspace, "acme", "no@where", reason="", actor="test")


def test_what_was_released_while_it_was_being_moved_is_moved_back(
    workspace: Workspace, mail: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_mode(workspace, Mode.ENFORCE)
    attack = mail.attack()
    move = Maildirs.move

    def meanwhile(source: Maildirs, mailbox: str, path: str, folder: Folder) -> str:
        if folder is Folder.JUNK:
            release(workspace, "acme", attack, reason="ours", actor="ada")
        return move(source, mailbox, path, folder)

    monkeypatch.setattr(Maildirs, "move", meanwhile)
    watched(workspace)
    assert planned(workspace, attack)[ActionKind.MOVE] is ActionState.UNDONE
    assert not list((mail.root / "ann" / ".Junk" / "cur").iterdir())


def test_a_webhook_that_does_not_answer_is_asked_once_a_pass_and_its_path_is_not_written_down(
    workspace: Workspace, mail: Mailboxes, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    asked: list[str] = []

    def silent(_: httpx.Client, url: str, **__: Any) -> httpx.Response:
        asked.append(url)
        raise httpx.ConnectTimeout("no answer")

    monkeypatch.setattr(httpx.Client, "post", silent)
    monkeypatch.setenv("GATEHOUSE_SECRET_WEBHOOK", "quiet")
    with workspace.database.transaction("acme") as session:
        tenants.change(session, "acme", actor="test", overrides={WEBHOOK: "https://hooks.example/T0/s3cr3t"})
    in_mode(workspace, Mode.ENFORCE)
    attacks = [mail.attack(number=number) for number in range(3)]
    assert watched(workspace)["carried_out"] == 3, "moves wait for no alert"
    assert len(asked) == 1
    assert {planned(workspace, one)[ActionKind.NOTIFY] for one in attacks} == {ActionState.PLANNED}
    with workspace.database.session("acme") as session:
        errors = [row.error for one in attacks for row in actions.of_message(session, "acme", one) if row.error]
    assert "hooks.example" in errors[0]
    assert "s3cr3t" not in caplog.text + "".join(errors)


def test_of_a_mailbox_that_was_not_read_to_its_end_only_what_is_new_is_live(
    workspace: Workspace, mail: Mailboxes
) -> None:
    with workspace.database.transaction("acme") as session:
        # As it would have been when the tenant was switched on.
        session.execute(delete(watching.Watched))
        box = mailboxes.get(session, "acme", "ann")
        box.state = MailboxState.FAILED
        box.cursor = Position(mail.now - 30 * DAY, b"0", b"", 0).cursor()
    mail.deliver("ann", mail.now - 20 * DAY, "p1@partner.example", "never read")
    new = mail.deliver("ann", mail.now + 60, "p1@partner.example", "new")
    watched(workspace)
    assert arrivals(workspace) == [new]


def test_the_same_mail_delivered_again_is_nobodys_word(workspace: Workspace, mail: Mailboxes) -> None:
    mail.deliver("ann", mail.now, "p1@partner.example", "twice", name=f"{mail.now}.M1.host")
    Maildirs(str(mail.root)).move("ann", f"ann/{mail.now}.M1.host", Folder.JUNK)
    watched(workspace)
    with workspace.database.session("acme") as session:
        assert labels.all_of(session, "acme") == []
    (first,) = (mail.root / "ann" / ".Junk" / "cur").iterdir()
    again = f"Received: from a.example by mx.acme.example; {formatdate(mail.now + 90)}\n" + first.read_text()
    (mail.root / "ann" / "new" / f"{mail.now + 90}.M2.host").write_text(again)
    assert watched(workspace)["decided"] == 0
    with workspace.database.session("acme") as session:
        assert labels.all_of(session, "acme") == []


def in_box(mail: Mailboxes, box: str = "ann") -> list[str]:
    return [
        path.name for part in ("new", "cur") for path in (mail.root / box / part).iterdir() if LURE in path.read_text()
    ]


def test_every_delivery_of_the_same_bytes_is_moved_and_none_that_a_person_moved_back(
    workspace: Workspace, mail: Mailboxes
) -> None:
    in_mode(workspace, Mode.ENFORCE)
    attack = mail.attack()
    name = f"{mail.now + 61}.M1.host"
    (first,) = [path for path in (mail.root / "ann" / "new").iterdir() if LURE in path.read_text()]
    content = first.read_bytes()
    first.rename(first.with_name(name))
    (mail.root / "ann" / "new" / f"{mail.now + 61}.M2.host").write_bytes(content)
    watched(workspace)
    assert in_box(mail) == [], "both copies of one moment are moved"
    (mail.root / "ann" / "new" / f"{mail.now + 90}.M3.host").write_bytes(content)
    assert (watched(workspace)["carried_out"], in_box(mail)) == (1, []), "and one that comes later"
    # A mail program that puts it back under another name, its time of delivery being kept.
    (junk,) = [path for path in (mail.root / "ann" / ".Junk" / "cur").iterdir() if str(mail.now + 90) in path.name]
    junk.rename(mail.root / "ann" / "cur" / f"{mail.now + 90}.M9.host:2,S")
    assert watched(workspace)["planned"] == 0
    assert len(in_box(mail)) == 1, "where a person put it"
    with pytest.raises(SourceError):
        release(workspace, "acme", attack, reason="ours", actor="ada")
    assert len(in_box(mail)) == 3, (
        "one copy is not where it was moved to any more: the others are moved back all the same"
    )
    (mail.root / "ann" / "new" / f"{mail.now + 120}.M4.host").write_bytes(content)
    assert watched(workspace)["planned"] == 0, "what people said is safe is moved no more"


def test_an_attack_delivered_again_when_the_journal_has_forgotten_it_is_moved_and_the_first_copy_is_not_twice(
    workspace: Workspace, mail: Mailboxes
) -> None:
    in_mode(workspace, Mode.ENFORCE)
    attack = mail.attack()
    (first,) = [path for path in (mail.root / "ann" / "new").iterdir() if LURE in path.read_text()]
    content = first.read_bytes()
    assert watched(workspace)["carried_out"] == 1
    later = clock.now() + timedelta(days=9)
    with clock.use(lambda: later), running(workspace, "acme", "refresh", actor="test") as token:
        for _ in range(2):
            fold(workspace, token)
            refresh_baseline(workspace, token)
    assert arrivals(workspace) == []
    (junk,) = (mail.root / "ann" / ".Junk" / "cur").iterdir()
    back = mail.root / "ann" / "cur" / f"{junk.name.partition('.')[0]}.M9.host:2,S"
    junk.rename(back)
    (mail.root / "ben" / "new" / f"{mail.now + 9 * DAY}.M3.host").write_bytes(content)
    with clock.use(lambda: later):
        one = watched(workspace)
        assert (one["decided"], one["carried_out"], watched(workspace)["planned"]) == (0, 1, 0)
    assert (in_box(mail, "ben"), in_box(mail)) == ([], [back.name])
    with workspace.database.session("acme") as session:
        assert len(actions.of_message(session, "acme", attack)) == 4, "an alert and a move of each copy"


def test_a_claim_is_kept_while_a_slow_source_is_read(
    workspace: Workspace, mail: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = mail.deliver("ann", mail.now, "p1@partner.example", "new")
    monkeypatch.setattr(watching_tenants, "CLAIM", timedelta(seconds=0.4))
    taken: list[bool] = []
    pages = Maildirs.pages

    def slow(source: Maildirs, mailbox: str, cursor: str | None) -> Iterator[Page]:
        time.sleep(0.8)
        with workspace.database.transaction("acme") as session:
            taken.append(watching.claim(session, "acme", "another", timedelta(minutes=2)))
        return pages(source, mailbox, cursor)

    monkeypatch.setattr(Maildirs, "pages", slow)
    assert watched(workspace)["decided"] == 1
    assert taken == [False, False]
    assert arrivals(workspace) == [new]


def test_who_lost_a_claim_keeps_nothing_and_the_other_loses_nothing(
    workspace: Workspace, mail: Mailboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_mode(workspace, Mode.ENFORCE)
    attack = mail.attack()
    pages = Maildirs.pages

    def overtaken(source: Maildirs, mailbox: str, cursor: str | None) -> Iterator[Page]:
        later = clock.now() + timedelta(minutes=3)
        with clock.use(lambda: later), workspace.database.transaction("acme") as session:
            watching.claim(session, "acme", "another", timedelta(minutes=2))
        return pages(source, mailbox, cursor)

    with monkeypatch.context() as patch:
        patch.setattr(Maildirs, "pages", overtaken)
        assert watched(workspace)["outcome"] == "followed-elsewhere"
    assert planned(workspace, attack) == {}
    with workspace.database.transaction("acme") as session:
        watching.let_go(session, "acme", "another")
    assert watched(workspace)["carried_out"] == 1
    assert arrivals(workspace).count(attack) == 1
