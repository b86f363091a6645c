"""The one client: what passes is borne, what stays is told, a token goes to nobody else, and everything is counted."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from onboarding.redaction import MASK, redact, remember
from onboarding.sources.base import SourceError
from onboarding.sources.network.client import Client, Request, checked_base
from onboarding.sources.network.faults import Answer, Dialect, ProviderError, Said, TooLargeError, Trouble, by_status
from onboarding.sources.network.pacer import Pacer
from onboarding.sources.network.pacing import Allowance
from onboarding.sources.network.retry import LONGEST_RETRY_AFTER, retry_after, wait_before
from onboarding.sources.network.tokens import Token, Tokens

Handler = Callable[[httpx.Request], httpx.Response]
DIALECT = Dialect("The Provider", lambda answer: Said("code", answer.content.decode()[:40]), by_status)
ASK = Request(what="the list", mailbox="ann@acme.example", url="list")


class Bench:
    """A client whose provider is a list of answers and whose time passes in no time."""

    def __init__(self, tmp_path: Path, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []
        self.slept: list[float] = []
        self.at = 50.0
        self.issued = 0
        pacer = Pacer(tmp_path, "app", Allowance(1000, 60), Allowance(1000, 60), self._sleep, lambda: self.at)
        self.tokens = Tokens(self._issue, lambda: self.at)
        self.client = Client(
            "https://provider.example/v1",
            DIALECT,
            pacer,
            lambda mailbox: self.tokens,
            sleep=self._sleep,
            transport=httpx.MockTransport(self._answer),
        )

    def _issue(self) -> Token:
        self.issued += 1
        return Token(f"token-number-{self.issued}", 3600)

    def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.at += seconds

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def ok(value: Any = "fine") -> httpx.Response:
    return httpx.Response(200, json=value)


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.Response(500),
        httpx.Response(503),
        httpx.Response(429, headers={"Retry-After": "7"}),
        httpx.Response(429),
        httpx.Response(429, headers={"Retry-After": "0"}),
        httpx.Response(200, content=b'{"value": [1, 2'),
        httpx.ConnectError("no route"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("peer closed connection"),
    ],
)
def test_what_passes_is_borne(tmp_path: Path, trouble: httpx.Response | Exception) -> None:
    bench = Bench(tmp_path, trouble, trouble, ok())
    assert bench.client.json(ASK) == "fine"
    shown = bench.client.counts.shown()
    assert shown["requests"] == 3
    assert shown["good"] == 1
    assert sum(bench.client.counts.troubles.values()) == 2


def test_a_throttle_is_borne_for_ever_and_waits_as_long_as_it_asks(tmp_path: Path) -> None:
    throttle = httpx.Response(429, headers={"Retry-After": "11"})
    bench = Bench(tmp_path, *[throttle] * 40, ok())
    assert bench.client.json(ASK) == "fine"
    assert bench.at >= 50.0 + 40 * 11


def test_a_provider_that_stays_down_ends_in_an_error_that_says_what_was_asked(tmp_path: Path) -> None:
    bench = Bench(tmp_path, httpx.Response(502, content=b"down"))
    with pytest.raises(ProviderError, match=r"The Provider did not give the list in 9 tries; last: HTTP 502") as caught:
        bench.client.json(ASK)
    assert caught.value.status == 502
    assert isinstance(caught.value, SourceError)


def test_a_refusal_is_told_at_once_in_the_providers_words(tmp_path: Path) -> None:
    bench = Bench(tmp_path, httpx.Response(403, content=b"not for you"))
    with pytest.raises(ProviderError, match=r"refused the list \(HTTP 403, code: not for you\)"):
        bench.client.json(ASK)
    assert len(bench.asked) == 1


def test_a_token_that_is_refused_is_replaced_once_for_all(tmp_path: Path) -> None:
    bench = Bench(tmp_path, httpx.Response(401), httpx.Response(503), ok())
    bench.client.json(ASK)
    sent = [request.headers["authorization"] for request in bench.asked]
    assert sent == ["Bearer token-number-1", "Bearer token-number-2", "Bearer token-number-2"]
    assert bench.issued == 2


def test_a_token_is_replaced_before_it_ends(tmp_path: Path) -> None:
    bench = Bench(tmp_path, ok())
    bench.client.json(ASK)
    bench.at += 3500
    bench.client.json(ASK)
    assert bench.issued == 2


def test_tokens_refused_for_good_end_in_an_error(tmp_path: Path) -> None:
    bench = Bench(tmp_path, httpx.Response(401, content=b"never"))
    with pytest.raises(ProviderError, match="HTTP 401"):
        bench.client.json(ASK)
    assert bench.issued == 3


def test_lists_are_followed_to_their_end_but_never_to_another_host_nor_in_circles(tmp_path: Path) -> None:
    here = "https://provider.example/v1/list?skip=2"
    bench = Bench(tmp_path, ok({"value": [1, 2], "next": here}), ok({"value": [3]}))
    assert list(bench.client.pages(ASK, "next")) == [[1, 2], [3]]
    assert str(bench.asked[1].url) == here
    astray = Bench(tmp_path, ok({"value": [], "next": "https://elsewhere.example/list"}))
    with pytest.raises(ProviderError, match=r"elsewhere\.example, where a token must not go"):
        list(astray.client.pages(ASK, "next"))
    circling = Bench(tmp_path, ok({"value": [], "next": here}))
    with pytest.raises(ProviderError, match="in circles"):
        list(circling.client.pages(ASK, "next"))


def test_what_is_larger_than_asked_for_is_not_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path, httpx.Response(200, content=b"x" * 5000))
    with pytest.raises(TooLargeError, match="5,000 bytes"):
        bench.client.ask(Request(what="it", mailbox="a", url="x", most=4000, as_json=False))


@pytest.mark.parametrize("base", ["http://provider.example", "ftp://x", "graph", "https://"])
def test_an_address_over_which_a_token_must_not_go_is_refused(base: str) -> None:
    with pytest.raises(SourceError, match="https://"):
        checked_base(base)
    assert checked_base("http://127.0.0.1:80/v1/") == "http://127.0.0.1:80/v1"


def test_what_a_provider_asks_to_wait_is_kept_within_reason() -> None:
    def asked(text: str) -> float | None:
        return retry_after(Answer(429, {"retry-after": text}))

    assert asked("12") == 12.0
    assert asked("3600") == LONGEST_RETRY_AFTER
    useless = ("0", "-3", "soon", "", ".", "1e3", "999999", "9" * 400, "Wed, 21 Oct 2015 07:28:00 GMT",
               "Wed, 21 Oct 2815 07:28:00 GMT")  # fmt: skip
    assert {text: asked(text) for text in useless} == dict.fromkeys(useless)
    assert wait_before(Trouble.THROTTLED, 1, 12.0) == 12.0
    assert wait_before(Trouble.THROTTLED, 9, 1.0, chance=0.0) == 128.0  # asking for a second again and again is no use


def test_secrets_are_in_no_error_and_in_no_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    remember("hunter2-planted")
    bench = Bench(tmp_path, httpx.Response(403, content=b"token-number-1 hunter2-planted"))
    with pytest.raises(ProviderError) as caught:
        bench.client.json(ASK)
    assert MASK in str(caught.value)
    assert "hunter2-planted" not in repr(caught.value)
    assert "token-number-1" not in repr(caught.value)
    caplog.set_level(logging.DEBUG)
    logging.getLogger("onboarding").warning("it is %s", "hunter2-planted")
    try:
        raise ValueError("hunter2-planted")
    except ValueError:
        logging.getLogger("onboarding").exception("failed")
    assert "hunter2-planted" not in caplog.text


@pytest.mark.parametrize(
    "text",
    [
        "Authorization: Bearer eyJ0eXAiOiJKV1QiLCJhbGciOi.eyJhdWQiOiJodHRwczovL2dyYXBo.c2lnbmF0dXJl",
        json.dumps({"access_token": "abcdef123456"}),
        "client_secret=abcdef123456&grant_type=client_credentials",
        "-----BEGIN PRIVATE KEY-----\nabcdef123456\n-----END PRIVATE KEY-----",
    ],
)
def test_what_looks_like_a_credential_is_taken_out(text: str) -> None:
    shown = redact(text)
    assert MASK in shown
    assert "abcdef123456" not in shown
    assert "eyJ" not in shown
