"""What `gatehouse source check` says: granted or not, how that is known, what to do."""

from __future__ import annotations

import datetime
from pathlib import Path

import pytest
from graph_at_hand import Serve
from provider_at_hand import all_of, small
from simulators.graph import Graph
from tenants_at_hand import register

from onboarding.connect import connect
from onboarding.run import ONBOARD, running
from onboarding.sources.base import Requirement, SourceError
from onboarding.sources.graph.source import GraphSource
from onboarding.sources.registry import open_source
from onboarding.stage import Held
from onboarding.workspace import Workspace

USERS, READ, BASIC, WRITE = "User.ReadBasic.All", "Mail.Read", "Mail.ReadBasic.All", "Mail.ReadWrite"


def checked(source: GraphSource) -> dict[str, Requirement]:
    return {one.name: one for one in source.check()}


@pytest.mark.parametrize(
    ("roles", "missing", "without"),
    [
        ((USERS, READ), set(), {"permission to move mail"}),
        ((USERS, WRITE), set(), set()),
        ((USERS, BASIC), set(), {"permission to read bodies", "permission to move mail"}),
        ((USERS,), {"permission to read mail"}, {"permission to move mail"}),
        ((READ,), {"permission to list mailboxes"}, {"permission to move mail"}),
        ((), {"permission to list mailboxes", "permission to read mail"}, {"permission to move mail"}),
    ],
)
def test_each_missing_permission_is_named_with_what_grants_it(
    serve: Serve, roles: tuple[str, ...], missing: set[str], without: set[str]
) -> None:
    found = checked(serve(Graph(small(2, 3), roles=roles)))
    assert {name for name, one in found.items() if not one.granted and not one.optional} == missing
    assert {name for name, one in found.items() if not one.granted and one.optional} == without
    for one in found.values():
        assert one.evidence
        assert one.granted or "Grant admin consent" in one.remedy


def test_a_permission_is_known_from_the_token_and_tried(serve: Serve) -> None:
    found = checked(serve(Graph(small(2, 3))))
    assert "Mail.Read is in the token's roles" in found["permission to read mail"].evidence
    assert "user0@acme.example is listed" in found["permission to list mailboxes"].evidence
    assert found["a mailbox can be read"].granted


def test_an_access_policy_and_a_user_without_mailbox_are_told_but_hold_nothing(serve: Serve) -> None:
    one = checked(serve(Graph(small(2, 3), forbidden=("user0@acme.example",))))["a mailbox can be read"]
    assert (one.granted, one.optional) == (False, True)
    assert "access policy" in one.remedy


def test_wrong_credentials_and_a_wrong_tenant_are_told(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    source = serve(Graph(small(1, 1)))
    elsewhere = open_source("graph:22222222-2222-3333-4444-555555555555")
    assert "no organisation of this id" in elsewhere.check()[0].evidence
    monkeypatch.delenv("GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET")
    found = source.check()
    assert len(found) == 1
    assert "the secret graph-client-secret is nowhere" in found[0].evidence


def test_a_certificate_serves_instead_of_a_secret(
    serve: Serve, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    graph = Graph(small(1, 5))
    source = serve(graph)
    monkeypatch.delenv("GATEHOUSE_SECRET_GRAPH_CLIENT_SECRET")
    path = tmp_path / "app.pem"
    pem, thumbprints = certificate()
    path.write_text(pem)
    path.chmod(0o600)
    monkeypatch.setenv("GATEHOUSE_SECRET_GRAPH_CERTIFICATE_FILE", str(path))
    with pytest.raises(SourceError, match="certificate is not the one of the app registration"):
        source.mailboxes()
    graph.thumbprints = thumbprints
    assert len(all_of(source, "user0@acme.example")) > 0


def test_rules_and_guests_decide_which_mailboxes_are_listed(serve: Serve) -> None:
    organisation = small(3, 7)
    organisation.open("room-1@acme.example")
    graph = Graph(organisation, guests=("eve@elsewhere.example",))
    found = serve(graph, "?exclude=room-*,user2@*").mailboxes()
    assert [(one.name, one.estimate) for one in found] == [("user0@acme.example", 7), ("user1@acme.example", 7)]
    only = serve(graph, "?include=user1@acme.example")
    assert [one.name for one in only.mailboxes()] == ["user1@acme.example"]
    assert "rules leave no mailbox" in checked(serve(graph, "?include=nobody@*"))["a mailbox to read"].evidence


def test_the_uri_is_canonical_and_wrong_ones_are_told_without_asking_anybody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEHOUSE_GRAPH_URL", "http://127.0.0.1:1")
    uri = "graph:acme.onmicrosoft.com?account=acme&exclude=noreply@acme.example,room-*"
    assert open_source("graph:acme.onmicrosoft.com?exclude=Room-*,noreply@acme.example&account=acme").uri == uri
    assert open_source(uri).uri == uri
    for wrong in ("graph:", "graph:acme", "graph:acme.example?secret-name=x", "graph:a/b.c"):
        with pytest.raises(SourceError, match="cannot open the source"):
            open_source(wrong)


def test_a_tenant_is_held_for_what_is_missing_with_the_remedy(serve: Serve, workspace: Workspace) -> None:
    source = serve(Graph(small(1, 3), roles=(USERS,)))
    register(workspace, "acme", source.uri, "acme.example")
    with pytest.raises(Held) as held, running(workspace, "acme", ONBOARD, actor="test") as token:
        connect(workspace, token)
    assert held.value.hold.reason == "permission-missing"
    assert "Mail.Read" in held.value.hold.remedy


def certificate() -> tuple[str, tuple[str, ...]]:
    """A self-signed certificate with its key as PEM, and its thumbprints as they stand in an assertion."""
    import base64

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import rsa

    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "gatehouse")])
    start = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=900))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = (private + made.public_bytes(serialization.Encoding.PEM)).decode()
    marks = (made.fingerprint(algorithm) for algorithm in (hashes.SHA1(), hashes.SHA256()))
    return pem, tuple(base64.urlsafe_b64encode(mark).decode().rstrip("=") for mark in marks)
