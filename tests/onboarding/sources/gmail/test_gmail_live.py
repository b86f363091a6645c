"""From Gmail to detection in force: onboarded, followed, a live attack moved to spam, and taken back."""

from __future__ import annotations

import time
from email.utils import formatdate
from typing import Any

import pytest
from gmail_at_hand import Serve, gmail_of
from simulators.gmail import MODIFY, READ, USERS
from simulators.organisation import Organisation
from tenants_at_hand import onboard, register

from detection.mail.message import Folder
from onboarding.database import activations
from onboarding.lifecycle import Mode
from onboarding.live.release import release
from onboarding.live.watch import Watch
from onboarding.settings import Settings
from onboarding.workspace import Workspace, open_workspace

DAY = 86_400
ANN, BEN = "ann@acme.example", "ben@acme.example"
LURE = "Please send the wire transfer of $48,000 today to our new bank account. It is urgent and confidential."


def mail(to: str, at: int, sender: str, subject: str, text: str = "hello") -> bytes:
    head = f"From: A Person <{sender}>\r\nTo: {to}\r\nSubject: {subject}\r\nDate: {formatdate(at)}\r\n"
    return f"{head}Message-ID: <{at}.{subject.replace(' ', '-')}.{to}>\r\n\r\n{text}\r\n".encode()


def watched(workspace: Workspace) -> dict[str, Any]:
    watch = Watch(workspace)
    try:
        (one,) = watch.round()
    finally:
        watch.close()
    return one


def test_a_workspace_is_onboarded_followed_and_a_live_attack_moved_and_released(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    organisation, now = Organisation("acme.example"), int(time.time())
    for box in (ANN, BEN):
        organisation.open(box)
        for day in range(60, 0, -1):
            for number in range(4):
                at = now - day * DAY + number * 60
                organisation.deliver(box, mail(box, at, f"p{number}@{box[:3]}-partner.example", f"plan {day}"), at)
    gmail = gmail_of(organisation, delegated=(USERS, READ, MODIFY))
    source = serve(gmail)
    monkeypatch.setattr("onboarding.sources.gmail.listing.PAGE", 100)
    monkeypatch.setattr("onboarding.sources.gmail.source.Pace", lambda: source.pace)
    workspace = open_workspace(Settings(parse_workers=0, heartbeat_seconds=60))
    register(workspace, "acme", source.uri, "acme.example", alpha=0.05, delta=0.2)
    outcome = onboard(workspace, "acme")
    assert outcome["state"] == "active", outcome
    assert outcome["messages"]["stored"] == 480
    assert watched(workspace)["decided"] == 0
    with workspace.database.transaction("acme") as session:
        activations.set_mode(session, "acme", Mode.ENFORCE, actor="test", reason="test")
    fine = organisation.deliver(ANN, mail(ANN, now + 30, "p1@ann-partner.example", "plan 61"), now + 30)
    attack = organisation.deliver(ANN, mail(ANN, now + 600, "ceo@gmail.com", "Urgent wire transfer 1", LURE), now + 600)
    acted = watched(workspace)
    assert (acted["decided"], acted["carried_out"], acted["failed"]) == (2, 1, {}), acted
    folders = organisation.boxes[ANN].folders
    assert folders[attack.folder].kind is Folder.JUNK
    assert folders[fine.folder].kind is Folder.INBOX
    again = watched(workspace)
    assert (again["decided"], again["carried_out"]) == (0, 0)
    assert len(gmail.moves) == 1
    message_id = f"{now + 600}.Urgent-wire-transfer-1.{ANN}"
    assert release(workspace, "acme", message_id, reason="it was fine", actor="test").moved_back == 1
    assert folders[attack.folder].kind is Folder.INBOX
    workspace.database.close()
