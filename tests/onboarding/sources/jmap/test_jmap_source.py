"""The JMAP source without a server to install: faults that real servers show rarely, its options and cursors."""

from __future__ import annotations

import json
import random
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from provider_at_hand import read_with_stops

from detection.mail.message import Folder, Skip, SkipReason
from onboarding.sources.base import CursorLostError, Listed, SourceError
from onboarding.sources.jmap import cursor as cursors
from onboarding.sources.jmap.cursor import History, New
from onboarding.sources.jmap.source import JmapSource
from onboarding.sources.registry import open_source

NOW = int(datetime.now(UTC).timestamp())
CORE, MAIL = "urn:ietf:params:jmap:core", "urn:ietf:params:jmap:mail"


@dataclass
class FakeJmap:
    """One account. `emails` in the order in which they were put there; a state is how many there were."""

    emails: list[dict[str, Any]] = field(default_factory=list)
    faults: list[tuple[int, dict[str, Any]]] = field(default_factory=list)
    """Answers given first to requests of the API, one each: status and document."""
    errors: list[str] = field(default_factory=list)
    """Types of error given first to the first call of a request, one each."""
    lost_before: int = 0
    """States before this one are no longer known."""
    gone: set[str] = field(default_factory=set)
    """Ids whose blobs are not there."""
    asked: int = 0
    chance: random.Random | None = None
    """Draws trouble for a quarter of the requests."""

    def put(self, number: int, received: int, folder: str = "in", *keywords: str) -> None:
        self.emails.append({"id": f"M{number}", "received": received, "folder": folder, "keywords": keywords})

    def call(self, method: str, arguments: dict[str, Any], results: list[Any]) -> Any:
        if "#ids" in arguments:
            arguments = arguments | {"ids": results[0]["ids"]}
        match method:
            case "Mailbox/get":
                listed = [{"id": "in", "name": "Inbox", "role": "inbox"}, {"id": "out", "name": "Sent", "role": "sent"}]
                return {"list": listed}
            case "Email/query":
                bounds = arguments.get("filter") or {}
                found = [
                    e
                    for e in self.emails
                    if bounds.get("after", "") <= stamp(e["received"]) < bounds.get("before", "9")
                ]
                found.sort(key=lambda e: e["received"], reverse=not arguments["sort"][0]["isAscending"])
                start = arguments["position"]
                return {"ids": [e["id"] for e in found[start : start + arguments["limit"]]]}
            case "Email/get":
                listed = [
                    {
                        "id": e["id"],
                        "blobId": e["id"],
                        "mailboxIds": {e["folder"]: True},
                        "keywords": dict.fromkeys(e["keywords"], True),
                        "receivedAt": stamp(e["received"]),
                        "size": 100,
                    }
                    for e in self.emails
                    if e["id"] in arguments["ids"]
                ]
                return {"list": listed, "state": str(len(self.emails))}
            case "Email/changes":
                since = int(arguments["sinceState"])
                if since < self.lost_before:
                    return "cannotCalculateChanges"
                created = [e["id"] for e in self.emails[since:]]
                return {"created": created, "updated": [], "destroyed": [], "newState": str(len(self.emails))}
        raise AssertionError(method)

    def serve(self, stack: ExitStack) -> int:
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_GET(self) -> None:
                if self.path == "/.well-known/jmap":
                    self.answer(301, b"", {"Location": "/session"})
                elif self.path == "/session":
                    core = {"maxObjectsInGet": 3, "maxConcurrentRequests": 2}
                    account = {"name": "ann", "isReadOnly": False, "accountCapabilities": {MAIL: {}}}
                    session = {
                        "capabilities": {CORE: core, MAIL: {}},
                        "accounts": {"a1": account},
                        "primaryAccounts": {MAIL: "a1"},
                        "apiUrl": "/api",
                        "downloadUrl": "/blob/{accountId}/{blobId}?type={type}",
                    }
                    self.answer(200, json.dumps(session).encode())
                else:
                    blob = self.path.split("?")[0].rpartition("/")[2]
                    self.answer(404, b"") if blob in fake.gone else self.answer(
                        200, f"Subject: {blob[1:]}\r\n\r\n".encode()
                    )

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                fake.asked += 1
                if fake.chance is not None and fake.chance.random() < 0.25:
                    status, document = fake.chance.choice(TROUBLE)
                    whole = json.dumps(document).encode()
                    self.answer(status, whole[:15] if status == 200 and fake.chance.random() < 0.5 else whole)
                    return
                if fake.faults:
                    status, document = fake.faults.pop(0)
                    self.answer(status, json.dumps(document).encode())
                    return
                results: list[Any] = []
                responses = []
                for method, arguments, tag in body["methodCalls"]:
                    result = fake.errors.pop(0) if fake.errors else fake.call(method, arguments, results)
                    results.append(result)
                    failed = isinstance(result, str)
                    responses.append(["error" if failed else method, {"type": result} if failed else result, tag])
                    if failed:
                        break
                self.answer(200, json.dumps({"methodResponses": responses}).encode())

            def answer(self, status: int, content: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in {**(headers or {}), "Content-Length": str(len(content))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

        server = stack.enter_context(ThreadingHTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        stack.callback(server.shutdown)
        return int(server.server_address[1])


def stamp(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


Serve = Callable[[FakeJmap], JmapSource]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Our source for a server in this process."""
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path))
    monkeypatch.setenv("GATEHOUSE_SECRET_JMAP_USERS", "ann hunter2-hunter2")
    with ExitStack() as stack:

        def start(fake: FakeJmap) -> JmapSource:
            source = open_source(f"jmap:127.0.0.1:{fake.serve(stack)}?login=own&tls=none")
            assert isinstance(source, JmapSource)
            source._sleep = lambda seconds: None
            stack.callback(source.close)
            return source

        yield start


def full(messages: int = 10) -> FakeJmap:
    fake = FakeJmap()
    for number in range(messages):
        fake.put(number, NOW - 10_000 + 10 * (number // 3), "out" if number % 5 == 0 else "in")
    return fake


def read(source: JmapSource, cursor: str | None = None) -> tuple[list[Listed], str]:
    pages = list(source.pages("ann", cursor))
    return [message for page in pages for message in page.messages], pages[-1].cursor if pages else str(cursor)


def subjects(messages: list[Listed]) -> list[int]:
    return sorted(-1 if isinstance(one.content, Skip) else int(one.content[9:].split(b"\r\n")[0]) for one in messages)


def test_the_servers_limits_are_kept_and_all_is_listed_once(serve: Serve) -> None:
    messages, _cursor = read(serve(full(20)))
    assert subjects(messages) == list(range(20))
    assert {one.folder for one in messages} == {Folder.INBOX, Folder.SENT}
    assert len({one.path for one in messages}) == 20


TROUBLE: list[tuple[int, dict[str, Any]]] = [
    (429, {}),
    (503, {}),
    (500, {"type": "about:blank", "detail": "oops"}),
    (400, {"type": "urn:ietf:params:jmap:error:limit", "limit": "maxConcurrentRequests"}),
    (200, {"methodResponses": []}),
]


@pytest.mark.parametrize("seed", range(2))
def test_reading_stopped_anywhere_amid_drawn_trouble_lists_everything_once(
    serve: Serve, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.sources.network.pacer.wait_before", lambda *_: 0.001)
    monkeypatch.setattr("onboarding.sources.jmap.content.GROUP", 4)
    fake, chance = full(30), random.Random(seed)
    source = serve(fake)
    fake.chance = random.Random(1000 + seed)

    def filed(round_: int, cursor: str | None) -> None:
        for number in range(chance.randint(0, 4)):
            # Where states are forgotten, mail that is filed late with an old date is beyond what a resync looks at.
            late = chance.randint(0, 50_000) if seed % 2 else 0
            fake.put(100 * (round_ + 1) + number, int(datetime.now(UTC).timestamp()) - late)
        if not seed % 2 and chance.random() < 0.4 and cursor is not None:
            fake.lost_before = len(fake.emails)

    recorded = read_with_stops(source, "ann", chance, filed)
    assert set(recorded) == {f"ann/{one['id']}" for one in fake.emails}
    assert max(recorded.values()) == 1


@pytest.mark.parametrize("fault", TROUBLE)
def test_trouble_with_a_request_is_waited_for(
    serve: Serve, fault: tuple[int, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onboarding.sources.network.pacer.wait_before", lambda *_: 0.001)
    fake = full()
    fake.faults = [fault, fault]
    assert subjects(read(serve(fake))[0]) == list(range(10))


@pytest.mark.parametrize("error", ["serverUnavailable", "serverFail"])
def test_a_call_that_fails_for_a_while_is_made_again(serve: Serve, error: str) -> None:
    fake = full()
    fake.errors = [error, error]
    assert subjects(read(serve(fake))[0]) == list(range(10))


def test_mail_that_is_dated_into_the_future_is_history_too(serve: Serve) -> None:
    fake = full()
    fake.put(50, NOW + 86_400)
    source = serve(fake)
    messages, cursor = read(source)
    assert subjects(messages) == [*range(10), 50]
    assert read(source, cursor)[0] == []


def test_a_call_that_is_refused_fails_the_mailbox_with_the_servers_word(serve: Serve) -> None:
    fake = full()
    fake.errors = ["accountNotFound"]
    with pytest.raises(SourceError, match="accountNotFound"):
        read(serve(fake))


def test_a_message_that_is_gone_is_accounted_for(serve: Serve) -> None:
    fake = full()
    fake.gone = {"M4"}
    found, _ = read(serve(fake))
    assert subjects(found) == [-1, 0, 1, 2, 3, 5, 6, 7, 8, 9]
    assert {one.content.reason for one in found if isinstance(one.content, Skip)} == {SkipReason.GONE}


def test_a_state_that_is_no_longer_known_means_a_bounded_resync(serve: Serve) -> None:
    fake = full()
    source = serve(fake)
    _, cursor = read(source)
    fake.put(100, NOW + 100)
    new, cursor = read(source, cursor)
    assert subjects(new) == [100]
    fake.put(101, NOW + 200)
    fake.lost_before = len(fake.emails)
    new, cursor = read(source, cursor)
    assert subjects(new) == [101]  # neither 100 nor history again
    assert read(source, cursor)[0] == []


def test_a_cursor_comes_back_as_it_was_and_a_strange_one_is_lost() -> None:
    for state in (History(5, "s", 4, frozenset({"a"}), frozenset({"b"})), New("s", 7, {"m": 8}, frozenset({"d"}))):
        assert cursors.read(state.text(), "ann") == state
    for strange in ("", "1:", "2:abc", "1:!!!"):
        with pytest.raises(CursorLostError):
            cursors.read(strange, "ann")


@pytest.mark.parametrize(
    ("uri", "why"),
    [
        ("jmap:mail.acme.example?tls=none", "on this machine"),
        ("jmap:mail.acme.example?login=xoauth2", "none of"),
        ("jmap:mail.acme.example?token=x", "no option"),
        ("jmap:", "write jmap:"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(uri: str, why: str) -> None:
    with pytest.raises(SourceError, match=why):
        open_source(uri)
