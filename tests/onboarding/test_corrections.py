"""A confirmed false positive is corrected at once, for its sender and kind only, and never for whoever forges the sender."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from tenants_at_hand import onboard, register

from detection.mail.batch import Row
from detection.mail.columns import Origin, row_of
from detection.mail.message import Authentication, Folder, Message
from detection.mail.organisation import Organisation
from detection.mail.parse import parse
from onboarding import clock
from onboarding.corrections import authentic
from onboarding.database import corrections, labels
from onboarding.feedback import give_feedback
from onboarding.live.directory import LiveTenants
from onboarding.lookup import AmbiguousMessageError, UnknownMessageError
from onboarding.settings import Settings
from onboarding.workspace import Workspace, open_workspace

PASS, FAIL, UNKNOWN = Authentication.PASS, Authentication.FAIL, Authentication.UNKNOWN
LURE = "Please send the wire transfer of $48,000 today to our new bank account. It is urgent and confidential."


@pytest.fixture(scope="module")
def active(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    home = tmp_path_factory.mktemp("corrections") / "home"
    workspace = open_workspace(Settings(home=home, parse_workers=0, heartbeat_seconds=60))
    register(workspace, "acme", "simulated:seed=11,mailboxes=6,days=40,rate=8")
    assert onboard(workspace, "acme")["state"] == "active"
    yield workspace
    workspace.database.close()


@pytest.fixture
def live(active: Workspace) -> Iterator[LiveTenants]:
    tenants = LiveTenants(active)
    yield tenants
    tenants.close()


def bill(
    tenants: LiveTenants,
    sender: str,
    number: int,
    dmarc: Authentication = PASS,
    message_id: str | None = None,
    rest: str | None = None,
) -> Row:
    """A mail that is flagged: a stranger asks for a wire transfer. `rest` is its subject and text, if others."""
    scorer = tenants.get("acme").scorer
    own = next(iter(scorer.organisation.domains))
    named = message_id or f"{number}.{sender}"
    rest = rest or f"Subject: Urgent wire transfer {number}\r\n\r\n{LURE}"
    parsed = parse(f"From: Accounts <{sender}>\r\nTo: somebody@{own}\r\nMessage-ID: <{named}>\r\n{rest}\r\n".encode())
    assert isinstance(parsed, Message)
    origin = Origin("somebody", f"{number}.eml", Folder.INBOX)
    row = row_of(parsed, Organisation(frozenset({own})), origin, scorer.snapshot.last_time + 86_400)
    return row | {"dmarc": int(dmarc)}


def verdict(tenants: LiveTenants, row: Row) -> str:
    tenants._look_at = 0
    return tenants.get("acme").decide(row).verdict


def safe(active: Workspace, row: Row) -> str | None:
    heard = give_feedback(active, "acme", row["message_id"], "safe", reason="our broker", actor="ada")
    assert heard.corrected is not None
    return heard.corrected.refused


def test_its_like_is_let_through_and_the_reason_is_said(active: Workspace, live: LiveTenants) -> None:
    first = bill(live, "pay@broker.example", 1)
    assert verdict(live, first) != "safe"
    assert safe(active, first) is None
    live._look_at = 0
    decided = live.get("acme").decide(bill(live, "pay@broker.example", 2))
    assert decided.verdict == "safe"
    assert "our broker" in decided.document["reasons"][0]


def test_others_and_forged_mail_are_judged_as_before(active: Workspace, live: LiveTenants) -> None:
    first = bill(live, "pay@narrow.example", 1)
    verdict(live, first)
    assert safe(active, first) is None
    assert verdict(live, bill(live, "other@narrow.example", 2)) != "safe"
    assert verdict(live, bill(live, "pay@narrow.example", 3, FAIL)) != "safe"
    assert verdict(live, bill(live, "pay@narrow.example", 4, UNKNOWN)) != "safe"


@pytest.mark.parametrize("dmarc", [FAIL, UNKNOWN])
def test_what_is_not_authentic_is_not_corrected(active: Workspace, live: LiveTenants, dmarc: Authentication) -> None:
    sender = f"pay@{dmarc.name.lower()}.example"
    row = bill(live, sender, 1, dmarc)
    assert verdict(live, row) != "safe"
    refused = safe(active, row)
    assert refused is not None
    assert sender in refused
    assert verdict(live, bill(live, sender, 2)) != "safe"


def test_it_ends_by_itself_and_by_a_persons_word(active: Workspace, live: LiveTenants) -> None:
    first = bill(live, "pay@ending.example", 1)
    verdict(live, first)
    safe(active, first)
    later = clock.now() + timedelta(days=181)
    with clock.use(lambda: later):
        assert verdict(live, bill(live, "pay@ending.example", 2)) != "safe"
    assert verdict(live, bill(live, "pay@ending.example", 3)) == "safe"
    with active.database.transaction("acme") as session:
        for row in corrections.in_force(session, "acme"):
            if row.sender == "pay@ending.example":
                corrections.end(session, "acme", row.id, actor="ada")
    assert verdict(live, bill(live, "pay@ending.example", 4)) != "safe"


def test_a_borrowed_message_id_is_not_labelled_with_the_message_it_was_borrowed_from(
    active: Workspace, live: LiveTenants
) -> None:
    good = bill(live, "pay@lender.example", 1)
    borrowed = bill(live, "pay@thief.example", 2, message_id=good["message_id"])
    other = bill(live, "pay@elsewhere.example", 3)
    for row in (good, borrowed, other):
        assert verdict(live, row) != "safe"
    with pytest.raises(AmbiguousMessageError) as refused:
        give_feedback(active, "acme", good["message_id"], "safe", reason="", actor="ada")
    said = str(refused.value)
    names = [f"{row['message_key']:016x}" for row in (good, borrowed)]
    assert all(name in said and sender in said for name, sender in zip(names, ("lender", "thief"), strict=True)), said
    assert "--message" in said
    assert {row["message_key"] for row in (good, borrowed)} == {one.key for one in refused.value.found}
    with active.database.session("acme") as session:
        before = {one.message_key for one in labels.all_of(session, "acme")}
    assert not {good["message_key"], borrowed["message_key"]} & before, "refused: nothing was labelled"

    with pytest.raises(UnknownMessageError, match="lender"):
        give_feedback(
            active,
            "acme",
            good["message_id"],
            "safe",
            reason="",
            actor="ada",
            messages=[f"{other['message_key']:016x}"],
        )
    heard = give_feedback(
        active, "acme", good["message_id"], "safe", reason="ours", actor="ada", messages=[names[0].upper()]
    )
    assert heard.messages == 1
    with active.database.session("acme") as session:
        assert {one.message_key for one in labels.all_of(session, "acme")} - before == {good["message_key"]}
    assert verdict(live, bill(live, "pay@lender.example", 4)) == "safe"
    assert verdict(live, bill(live, "pay@thief.example", 5)) != "safe"


def test_live_mail_that_was_let_through_can_be_called_an_attack_at_once(active: Workspace, live: LiveTenants) -> None:
    harmless = "Subject: minutes\r\n\r\nthe minutes of yesterday"
    row = bill(live, "missed@quiet.example", 1, message_id='odd "one"@quiet.example', rest=harmless)
    assert verdict(live, row) == "safe"
    heard = give_feedback(active, "acme", f"<{row['message_id']}>", "attack", reason="", actor="ada")
    assert (heard.messages, heard.corrected) == (1, None)


@pytest.mark.parametrize(
    ("dmarc", "spf", "spf_aligned", "dkim", "dkim_aligned", "known"),
    [
        (PASS, UNKNOWN, -1, UNKNOWN, -1, True),
        (UNKNOWN, PASS, 1, UNKNOWN, -1, True),
        (UNKNOWN, UNKNOWN, -1, PASS, 1, True),
        (UNKNOWN, PASS, 0, PASS, 0, False),
        (FAIL, PASS, 1, PASS, 1, False),
        (UNKNOWN, UNKNOWN, -1, UNKNOWN, -1, False),
    ],
)
def test_authentic_is_what_dmarc_would_pass(
    dmarc: int, spf: int, spf_aligned: int, dkim: int, dkim_aligned: int, known: bool
) -> None:
    assert authentic(dmarc, spf, spf_aligned, dkim, dkim_aligned) is known


def test_a_lengthened_correction_is_heeded_by_whoever_knew_it_before(active: Workspace, live: LiveTenants) -> None:
    first = bill(live, "pay@longer.example", 1)
    verdict(live, first)
    safe(active, first)
    assert verdict(live, bill(live, "pay@longer.example", 2)) == "safe"
    soon, later = clock.now() + timedelta(days=100), clock.now() + timedelta(days=200)
    with clock.use(lambda: soon):
        assert safe(active, first) is None
    with clock.use(lambda: later):
        assert verdict(live, bill(live, "pay@longer.example", 3)) == "safe"
