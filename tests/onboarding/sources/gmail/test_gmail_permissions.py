"""What `gatehouse source check` says of a Google Workspace: granted or not, how that is known, what to do."""

from __future__ import annotations

import pytest
from gmail_at_hand import Serve, gmail_of
from provider_at_hand import small
from simulators.faults import FaultPlan
from simulators.gmail import METADATA, MODIFY, READ, USERS
from tenants_at_hand import register

from onboarding.connect import connect
from onboarding.run import ONBOARD, running
from onboarding.sources.base import Requirement, SourceError
from onboarding.sources.gmail.source import GmailSource
from onboarding.sources.registry import open_source
from onboarding.stage import Held
from onboarding.workspace import Workspace


def checked(source: GmailSource) -> dict[str, Requirement]:
    return {one.name: one for one in source.check()}


@pytest.mark.parametrize(
    ("scopes", "missing", "without"),
    [
        ((USERS, READ), set(), {"permission to move mail"}),
        ((USERS, MODIFY), set(), set()),
        ((USERS, METADATA), set(), {"permission to read bodies", "permission to move mail"}),
        ((USERS,), {"permission to read mail"}, {"permission to move mail"}),
        ((READ,), {"permission to list mailboxes"}, {"permission to move mail"}),
        ((), {"permission to list mailboxes", "permission to read mail"}, {"permission to move mail"}),
    ],
)
def test_each_missing_scope_is_named_with_what_grants_it(
    serve: Serve, scopes: tuple[str, ...], missing: set[str], without: set[str]
) -> None:
    found = checked(serve(gmail_of(small(2, 3), delegated=scopes)))
    assert {name for name, one in found.items() if not one.granted and not one.optional} == missing
    assert {name for name, one in found.items() if not one.granted and one.optional} == without
    for one in found.values():
        assert one.evidence
        assert one.granted or ("domain-wide delegation" in one.remedy and "112233445566778899001" in one.remedy)


def test_a_scope_is_known_from_a_token_being_issued_and_tried(serve: Serve) -> None:
    found = checked(serve(gmail_of(small(2, 3))))
    assert "issues a token for gmail.readonly as user0@acme.example" in found["permission to read mail"].evidence
    assert "user0@acme.example is listed" in found["permission to list mailboxes"].evidence
    assert found["a mailbox can be read"].granted
    assert "refuses a token for gmail.modify" in found["permission to move mail"].evidence


def test_the_service_account_lists_users_itself_where_it_has_a_role(serve: Serve) -> None:
    gmail = gmail_of(small(2, 3), delegated=(READ,))
    source = serve(gmail, "")
    wrong = checked(source)["permission to list mailboxes"]
    assert not wrong.granted
    assert "admin=ADDRESS" in wrong.remedy
    assert "Users > Read" in wrong.remedy
    gmail.role_assigned = True
    assert all(one.granted or one.optional for one in source.check())


def test_an_api_that_is_not_enabled_is_told(serve: Serve) -> None:
    gmail = gmail_of(small(1, 3), apis=("admin",))
    source = serve(gmail)
    assert "enable the Gmail API" in checked(source)["a mailbox can be read"].remedy
    gmail.apis = ("gmail",)
    assert "enable the Admin SDK API" in checked(source)["permission to list mailboxes"].remedy


def test_a_user_without_gmail_holds_nothing(serve: Serve) -> None:
    one = checked(serve(gmail_of(small(2, 3), FaultPlan(unlicensed=("user0@acme.example",)))))["a mailbox can be read"]
    assert (one.granted, one.optional) == (False, True)
    assert "exclude" in one.remedy


def test_no_key_and_a_wrong_admin_are_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    source = serve(gmail_of(small(1, 1)), "?admin=user0@acme.example")
    assert "Not Authorized" in checked(source)["permission to list mailboxes"].evidence
    nobody = serve(gmail_of(small(1, 1)), "?admin=nobody@acme.example")
    assert "Invalid email" in checked(nobody)["permission to list mailboxes"].evidence
    monkeypatch.delenv("GATEHOUSE_SECRET_GMAIL_SERVICE_ACCOUNT")
    found = nobody.check()
    assert len(found) == 1
    assert "the secret gmail-service-account is nowhere" in found[0].evidence


def test_rules_and_suspension_decide_which_mailboxes_are_listed(serve: Serve) -> None:
    organisation = small(3, 7)
    organisation.open("room-1@acme.example")
    gmail = gmail_of(organisation, suspended=("gone@acme.example",))
    found = serve(gmail, "?admin=it@acme.example&exclude=room-*,user2@*")
    assert [one.name for one in found.mailboxes()] == ["user0@acme.example", "user1@acme.example"]
    assert [one.estimate for one in found.mailboxes_since(None)] == [7, 7]
    assert [one.estimate for one in found.mailboxes_since(2**31)] == [0, 0]
    none = serve(gmail, "?admin=it@acme.example&include=nobody@*")
    assert "the rules" in checked(none)["a mailbox to read"].evidence


def test_the_uri_is_canonical_and_wrong_ones_are_told_without_asking_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_GMAIL_URL", "http://127.0.0.1:1")
    uri = "gmail:acme.example?account=acme&admin=it@acme.example&exclude=noreply@acme.example,room-*"
    opened = open_source("gmail:Acme.example?exclude=Room-*,noreply@acme.example&admin=it@acme.example&account=acme")
    assert opened.uri == uri
    assert open_source(uri).uri == uri
    for wrong in ("gmail:", "gmail:acme", "gmail:acme.example?secret=x", "gmail:a/b.c", "gmail:ann@acme.example"):
        with pytest.raises(SourceError, match="cannot open the source"):
            open_source(wrong)


def test_no_secret_goes_over_an_address_in_the_clear(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    serve(gmail_of(small(1, 1)))
    for name in ("GATEHOUSE_GOOGLE_TOKEN_URL", "GATEHOUSE_GMAIL_URL"):
        with monkeypatch.context() as changed:
            changed.setenv(name, "http://gmail.example/token")
            found = open_source("gmail:acme.example?admin=it@acme.example").check()
            assert not found[0].granted
            assert "https://" in found[0].evidence


def test_a_tenant_is_held_for_what_is_missing_with_the_remedy(serve: Serve, workspace: Workspace) -> None:
    source = serve(gmail_of(small(1, 3), delegated=(USERS,)))
    register(workspace, "acme", source.uri, "acme.example")
    with pytest.raises(Held) as held, running(workspace, "acme", ONBOARD, actor="test") as token:
        connect(workspace, token)
    assert held.value.hold.reason == "permission-missing"
    assert "gmail.readonly" in held.value.hold.remedy
