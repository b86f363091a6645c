"""From a mail server to detection in force: onboarded, followed, and a live attack moved, over IMAP and JMAP."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate
from typing import Any

import mail_servers
import pytest
from mail_servers import ADMIN, PASSWORD, MailServer
from real_mail import DAY, NOW, listed
from tenants_at_hand import onboard, register

from detection.mail.message import Folder
from onboarding.database import activations
from onboarding.lifecycle import Mode
from onboarding.live.watch import Watch
from onboarding.settings import Settings
from onboarding.sources.base import Moves
from onboarding.sources.registry import open_source
from onboarding.workspace import Workspace, open_workspace

pytestmark = pytest.mark.slow

BOXES = ("ann", "ben")
LURE = "Please send the wire transfer of $48,000 today to our new bank account. It is urgent and confidential."


@dataclass
class Acme:
    """A customer whose mail is on a real server."""

    server: MailServer
    workspace: Workspace
    uri: str

    def mail(self, box: str, at: int, sender: str, subject: str, text: str = "hello") -> tuple[bytes, int]:
        head = (
            f"From: A Person <{sender}>\r\nTo: {box}@acme.example\r\nSubject: {subject}\r\nDate: {formatdate(at)}\r\n"
        )
        return f"{head}Message-ID: <{at}.{abs(hash((sender, subject)))}@x.example>\r\n\r\n{text}\r\n".encode(), at

    def watched(self) -> dict[str, Any]:
        watch = Watch(self.workspace)
        try:
            (one,) = watch.round()
        finally:
            watch.close()
        return one


@pytest.fixture(scope="module", params=["cyrus over IMAP", "cyrus over JMAP", "dovecot over IMAP"])
def acme(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Acme]:
    name, _, _ = request.param.partition(" over ")
    missing = mail_servers.missing_cyrus() if name == "cyrus" else mail_servers.missing_dovecot()
    if missing:
        pytest.skip(missing)
    server = mail_servers.cyrus(BOXES) if name == "cyrus" else mail_servers.dovecot(BOXES)
    home = tmp_path_factory.mktemp("servers") / "home"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GATEHOUSE_HOME", str(home))
        for scheme in ("IMAP", "JMAP"):
            patch.setenv(f"GATEHOUSE_SECRET_{scheme}_USERNAME", ADMIN)
            patch.setenv(f"GATEHOUSE_SECRET_{scheme}_PASSWORD", PASSWORD)
            patch.setenv(f"GATEHOUSE_SECRET_{scheme}_USERS", "\n".join(f"{box} {PASSWORD}" for box in BOXES))
        uri = {
            "cyrus over IMAP": f"imap:127.0.0.1:{server.imap_port}?login=admin&tls=none",
            "cyrus over JMAP": f"jmap:127.0.0.1:{server.http_port}?login=own&tls=none",
            "dovecot over IMAP": f"imap:127.0.0.1:{server.imap_port}?login=master&tls=none&include=ann,ben",
        }[request.param]
        workspace = open_workspace(Settings(home=home, parse_workers=0, heartbeat_seconds=60))
        made = Acme(server, workspace, open_source(uri).uri)
        for box in BOXES:
            days = range(60, 0, -1)
            history = [
                made.mail(box, NOW - day * DAY + n * 60, f"p{n}@{box}-partner.example", f"plan {day}")
                for day in days
                for n in range(4)
            ]
            server.append(box, "INBOX", history)
            server.append(box, "Sent", history[:3])  # copies of the same mail
        register(workspace, "acme", made.uri, "acme.example", alpha=0.05, delta=0.2)
        yield made
        workspace.database.close()
        mail_servers.remove(server)


def test_a_customers_server_is_onboarded_followed_and_a_live_attack_moved(acme: Acme) -> None:
    outcome = onboard(acme.workspace, "acme")
    mail = outcome["messages"]
    assert outcome["state"] == "active", outcome
    assert mail["listed"] == mail["stored"] + mail["duplicates"] + sum(mail["skipped"].values())
    assert mail["stored"] == 480
    assert acme.watched()["decided"] == 0

    acme.server.append("ann", "INBOX", [acme.mail("ann", NOW + 30, "p1@ann-partner.example", "plan 61")])
    first = acme.watched()
    assert (first["listed"], first["decided"], first["failed"]) == (1, 1, {})
    assert acme.watched()["decided"] == 0

    with acme.workspace.database.transaction("acme") as session:
        activations.set_mode(session, "acme", Mode.ENFORCE, actor="test", reason="test")
    attack = acme.mail("ann", NOW + 600, "ceo@gmail.com", "Urgent wire transfer 1", LURE)
    acme.server.append("ann", "INBOX", [attack])
    acted = acme.watched()  # telling somebody is planned, too, and given up: there is no webhook
    assert (acted["decided"], acted["planned"], acted["carried_out"]) == (1, 2, 1), acted

    source = open_source(acme.uri)
    assert isinstance(source, Moves)
    (moved,) = [one for one in listed(source.pages("ann", None)) if one.content == attack[0]]
    assert moved.folder is Folder.JUNK
    again = acme.watched()
    assert (again["decided"], again["carried_out"]) == (0, 0)
