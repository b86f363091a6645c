"""The HTTP API as the outside relies on it."""

from __future__ import annotations

import base64
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.exc import OperationalError
from tenants_at_hand import onboard, register

from onboarding import clock
from onboarding.api import problems
from onboarding.api.access import Grants
from onboarding.api.app import application
from onboarding.api.composed import Attachment, Composed, Header, composed
from onboarding.api.scoring import Scoring
from onboarding.database import decisions
from onboarding.database.tokens import Role
from onboarding.live.arrivals import Journal, Reader
from onboarding.live.directory import LOOK_SECONDS
from onboarding.settings import Settings
from onboarding.sources.registry import open_source
from onboarding.tokens import create_token, revoke_token
from onboarding.workspace import Workspace, open_workspace

URI = "simulated:seed=11,mailboxes=6,days=40,rate=8"
SCORE = "/v1/tenants/acme/messages:score"


@pytest.fixture(scope="module")
def active(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Tenant acme, active in shadow, and tenant other, registered."""
    workspace = open_workspace(
        Settings(home=tmp_path_factory.mktemp("api") / "home", parse_workers=0, heartbeat_seconds=60)
    )
    register(workspace, "acme", URI)
    register(workspace, "other", URI)
    assert onboard(workspace, "acme")["state"] == "active"
    yield workspace
    workspace.database.close()


@pytest.fixture(scope="module")
def client(active: Workspace) -> Iterator[TestClient]:
    with TestClient(application(active), raise_server_exceptions=False) as client:
        yield client


def bearer(workspace: Workspace, role: str, tenant: str | None = "acme") -> dict[str, str]:
    token, _ = create_token(workspace, tenant, Role(role), lasts=timedelta(days=1), note="", actor="test")
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture(scope="module")
def pipeline(active: Workspace) -> dict[str, str]:
    return bearer(active, "pipeline")


@pytest.fixture(scope="module")
def admin(active: Workspace) -> dict[str, str]:
    return bearer(active, "admin", None)


def own() -> str:
    return str(open_source(URI).domains[0])  # type: ignore[attr-defined]


def mail(number: int, text: str = "hello", sender: str = "someone@partner.example") -> bytes:
    return (
        f"From: Some One <{sender}>\r\nTo: somebody@{own()}\r\nSubject: note {number}\r\n"
        f"Message-ID: <{number}@api.example>\r\n\r\n{text}\r\n"
    ).encode()


LURE = "Please send the wire transfer of $48,000 today to our new bank account. It is urgent and confidential."


def test_a_message_is_scored_as_its_bytes(client: TestClient, pipeline: dict[str, str]) -> None:
    answer = client.post(SCORE, content=mail(1), headers=pipeline | {"Content-Type": "message/rfc822"})
    assert answer.status_code == 200
    (result,) = answer.json()["results"]
    assert (answer.json()["tenant"], answer.json()["mode"]) == ("acme", "shadow")
    assert result["decision"] in ("safe", "suspicious", "attack")
    assert (result["message_id"], result["again"]) == ("1@api.example", False)
    assert result["activation"] == 1
    assert sum(one["share"] for one in result["detectors"]) == pytest.approx(1)


def test_a_batch_is_answered_in_its_order_and_what_is_no_mail_is_said(
    client: TestClient, pipeline: dict[str, str]
) -> None:
    messages: list[dict[str, Any]] = [
        {"raw": base64.b64encode(mail(2)).decode(), "id": "two"},
        {"raw": base64.b64encode(b"\x00\x01\x02" * 100).decode(), "id": "garbage"},
        {
            "parsed": {
                "headers": [
                    {"name": "From", "value": "Chief <ceo@gmail.com>"},
                    {"name": "To", "value": f"somebody@{own()}"},
                    {"name": "Subject", "value": "Urgent wire transfer"},
                    {"name": "Message-ID", "value": "<3@api.example>"},
                ],
                "text": LURE,
            },
            "id": "three",
        },
    ]
    results = client.post(SCORE, json={"messages": messages}, headers=pipeline).json()["results"]
    assert [one["path"] for one in results] == ["two", "garbage", "three"]
    assert results[1]["skipped"] == "not-a-message"
    assert results[2]["decision"] in ("suspicious", "attack")
    assert results[2]["reasons"]


def test_flagged_mail_is_recorded_and_a_question_is_not(
    active: Workspace, client: TestClient, pipeline: dict[str, str]
) -> None:
    content = mail(4, LURE, "ceo@gmail.com").replace(b"note 4", b"Urgent wire transfer")
    headers = pipeline | {"Content-Type": "message/rfc822"}

    def known() -> int:
        with active.database.session("acme") as session:
            return len(decisions.about(session, "acme", "4@api.example"))

    assert client.post(SCORE, content=content, headers=headers, params={"learn": "false"}).status_code == 200
    assert known() == 0
    first, second = (client.post(SCORE, content=content, headers=headers).json()["results"][0] for _ in range(2))
    assert first["decision"] in ("suspicious", "attack")
    assert known() == 1
    assert (first.pop("again"), second.pop("again")) == (False, True)
    assert first == second


@pytest.mark.parametrize(
    ("content", "kind", "status", "said"),
    [
        (b"{", "application/json", 422, "JSON"),
        (b"{}", "application/json", 422, "messages"),
        (b'{"messages": []}', "application/json", 422, "at least 1"),
        (b'{"messages": [{"raw": "?"}]}', "application/json", 422, "base64"),
        (b'{"messages": [{}]}', "application/json", 422, "either raw or parsed"),
        (b'{"messages": [{"raw": "", "x": 1}]}', "application/json", 422, "x"),
        (b"a,b", "text/csv", 415, "message/rfc822"),
    ],
)
def test_a_wrong_request_is_a_problem_that_says_what_is_wrong(
    client: TestClient, pipeline: dict[str, str], content: bytes, kind: str, status: int, said: str
) -> None:
    answer = client.post(SCORE, content=content, headers=pipeline | {"Content-Type": kind})
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert said in problem["detail"]
    assert problem["type"].startswith("urn:gatehouse:")
    assert problem["status"] == status


def test_no_token_another_tenants_and_another_role_are_refused(active: Workspace, client: TestClient) -> None:
    rfc822 = {"Content-Type": "message/rfc822"}
    nobody = client.post(SCORE, content=mail(5), headers=rfc822)
    assert (nobody.status_code, nobody.headers["www-authenticate"]) == (401, "Bearer")
    others = bearer(active, "pipeline", "other")
    assert client.post(SCORE, content=mail(5), headers=others | rfc822).status_code == 403
    missing = client.get("/v1/tenants/nobody", headers=others)
    assert (missing.status_code, missing.json()["type"]) == (403, "urn:gatehouse:another-tenant")
    analyst = bearer(active, "analyst")
    assert client.post(SCORE, content=mail(5), headers=analyst | rfc822).json()["type"].endswith("another-role")
    assert client.get("/v1/tenants/acme", headers=analyst).status_code == 200
    assert client.get("/v1/tenants", headers=analyst).status_code == 403
    assert client.post("/v1/tenants/acme/calibrations/1:promote", headers=analyst).status_code == 403


def test_a_revoked_token_ends(active: Workspace, client: TestClient) -> None:
    token, row = create_token(active, "acme", Role.ANALYST, lasts=timedelta(days=1), note="", actor="test")
    headers = {"Authorization": f"Bearer {token}"}
    assert client.get("/v1/tenants/acme", headers=headers).status_code == 200
    revoke_token(active, row.id, actor="test")
    client.app.state.grants._known.clear()  # type: ignore[attr-defined]
    assert client.get("/v1/tenants/acme", headers=headers).status_code == 401


def test_a_tenant_is_added_and_seen(client: TestClient, admin: dict[str, str]) -> None:
    new = {"name": "third", "domains": ["Third.Example"], "source": "simulated:seed=5", "budget": 0.001}
    made = client.post("/v1/tenants", json=new, headers=admin)
    assert (made.status_code, made.headers["location"]) == (201, "/v1/tenants/third")
    assert made.json()["domains"] == ["third.example"]
    assert client.get("/v1/tenants/third", headers=admin).json()["state"] == "registered"
    assert {"acme", "other", "third"} <= {one["tenant"] for one in client.get("/v1/tenants", headers=admin).json()}
    again = client.post("/v1/tenants", json=new, headers=admin)
    assert (again.status_code, again.json()["type"]) == (422, "urn:gatehouse:tenant")
    wrong = client.post("/v1/tenants", json=new | {"name": "x", "domains": ["no domain"]}, headers=admin)
    assert "not a domain name" in wrong.json()["detail"]
    assert client.get("/v1/tenants/nobody", headers=admin).status_code == 404


def test_onboarding_needs_workers(client: TestClient, admin: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    answer = client.post("/v1/tenants/other/onboardings", headers=admin)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:gatehouse:no-workers")
    assert "gatehouse up" in answer.json()["detail"]


def test_what_is_not_active_is_said_to_be(client: TestClient, admin: dict[str, str]) -> None:
    headers = admin | {"Content-Type": "message/rfc822"}
    answer = client.post("/v1/tenants/other/messages:score", content=mail(6), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:gatehouse:not-active")
    assert "gatehouse onboard other" in answer.json()["detail"]


def test_a_promote_is_followed_without_restart(
    active: Workspace, client: TestClient, admin: dict[str, str], pipeline: dict[str, str]
) -> None:
    listed = client.get("/v1/tenants/acme/calibrations", headers=admin).json()
    assert [(one["version"], one["in_force"]) for one in listed] == [(1, True)]
    shown = client.get("/v1/tenants/acme/calibrations/1", headers=admin).json()
    assert shown["statement"]
    assert client.get("/v1/tenants/acme/calibrations/9", headers=admin).status_code == 404
    same = client.get("/v1/tenants/acme/calibrations/diff?before=1&after=1", headers=admin).json()
    assert same["history"]["newly_flagged"]["messages"] == 0
    force = {"force": True, "reason": "tried"}
    promoted = client.post("/v1/tenants/acme/calibrations/1:promote", json=force, headers=admin)
    assert promoted.status_code == 200, promoted.text
    headers = pipeline | {"Content-Type": "message/rfc822"}
    switched = client.post("/v1/tenants/acme/mode", json={"mode": "off"}, headers=admin).json()
    time.sleep(LOOK_SECONDS + 0.1)
    assert client.post(SCORE, content=mail(7), headers=headers).status_code == 409
    client.post("/v1/tenants/acme/mode", json={"mode": "shadow"}, headers=admin)
    time.sleep(LOOK_SECONDS + 0.1)
    (result,) = client.post(SCORE, content=mail(7), headers=headers).json()["results"]
    assert result["activation"] == switched["activation"] + 1


def test_feedback_is_kept(active: Workspace, client: TestClient, pipeline: dict[str, str]) -> None:
    content = mail(8, LURE, "ceo@gmail.com").replace(b"note 8", b"Urgent wire transfer")
    client.post(SCORE, content=content, headers=pipeline | {"Content-Type": "message/rfc822"})
    analyst = bearer(active, "analyst")
    said = {"message_id": "8@api.example", "verdict": "attack"}
    assert client.post("/v1/tenants/acme/feedback", json=said, headers=analyst).json()["messages"] == 1
    unknown = client.post("/v1/tenants/acme/feedback", json=said | {"message_id": "no@where"}, headers=analyst)
    assert (unknown.status_code, unknown.json()["type"]) == (404, "urn:gatehouse:no-such-message")


def test_beyond_its_queue_a_process_refuses(active: Workspace, pipeline: dict[str, str]) -> None:
    app = application(active)
    with TestClient(app) as client:
        app.state.scoring = Scoring(active, most_waiting=2)
        app.state.scoring._waiting = 2
        answer = client.post(SCORE, content=mail(9), headers=pipeline | {"Content-Type": "message/rfc822"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


def test_health_and_readiness(client: TestClient) -> None:
    assert client.get("/health").json() == {"status": "alive"}
    assert client.get("/ready").json()["status"] == "ready"


def test_the_description_has_every_path_and_its_examples(client: TestClient) -> None:
    described = client.get("/openapi.json").json()
    body = described["paths"]["/v1/tenants/{tenant}/messages:score"]["post"]["requestBody"]["content"]
    assert set(body) == {"application/json", "message/rfc822"}
    assert body["application/json"]["example"]["messages"]
    assert client.get("/docs").status_code == 200


def test_a_composed_message_keeps_its_headers_word_for_word() -> None:
    form = Composed(
        headers=[
            Header(name="From", value="odd ,_<x@y.example>"),
            Header(name="Subject", value="a\r\nBcc: z@z.example"),
        ],
        text="plain",
        html="<p>rich",
        attachments=[Attachment(name="a.pdf", type="application/pdf", content=base64.b64encode(b"%PDF").decode())],
    )
    made = composed(form)
    assert made.startswith(b"From: odd ,_<x@y.example>\r\nSubject: a Bcc: z@z.example\r\n")
    assert b"multipart/" in made
    assert b"a.pdf" in made


def test_a_time_of_the_far_future_is_not_believed(
    active: Workspace, client: TestClient, pipeline: dict[str, str]
) -> None:
    message = {"raw": base64.b64encode(mail(71)).decode(), "received_at": "9999-01-01T00:00:00Z"}
    assert client.post(SCORE, json={"messages": [message]}, headers=pipeline).status_code == 200
    times = [one.time for one in Reader(active.layout("acme").arrivals).new() if "71@" in one.row["message_id"]]
    assert len(times) == 1
    assert abs(times[0] - clock.now().timestamp()) < 60


def test_a_full_disk_gives_no_decision_and_says_when_to_ask_again(
    client: TestClient, pipeline: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    headers = pipeline | {"Content-Type": "message/rfc822"}
    with monkeypatch.context() as patch:
        patch.setattr(Journal, "append", full)
        answer = client.post(SCORE, content=mail(72), headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:gatehouse:cannot-remember")
    assert int(answer.headers["retry-after"]) > 0
    assert client.post(SCORE, content=mail(72), headers=headers).json()["results"][0]["again"] is False


def test_a_database_that_is_away_is_not_described_to_whoever_asks() -> None:
    words = 'connection to server at "db7.internal" (10.0.0.5), port 5432 failed for user "gatehouse"'
    problem = problems.known(OperationalError("SELECT", {}, Exception(words)))
    assert problem is not None
    assert problem.status == 503
    assert "internal" not in problem.detail
    assert problem.headers == {"Retry-After": "5"}


def test_when_to_ask_again_is_when_the_queue_is_done(active: Workspace, pipeline: dict[str, str]) -> None:
    app = application(active)
    with TestClient(app) as client:
        app.state.scoring = Scoring(active, most_waiting=200)
        app.state.scoring._waiting, app.state.scoring._pace = 200, 0.05
        answer = client.post(SCORE, content=mail(9), headers=pipeline | {"Content-Type": "message/rfc822"})
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "10")


def test_a_token_of_any_length_is_not_remembered(active: Workspace) -> None:
    grants = Grants(active)
    assert grants.of("gatehouse_x_" + "y" * 10_000) is None
    assert not grants._known
