"""The one HTTP client of all sources: paced, retried, with a fresh token, counted, and silent about secrets.

Synchronous and safe to use from many threads: a source reads mailboxes in threads, one client for all of them.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urljoin, urlsplit

import httpx

from onboarding import clock
from onboarding.redaction import guard_logs
from onboarding.sources.base import SourceError
from onboarding.sources.network.counts import Counts
from onboarding.sources.network.faults import Answer, Dialect, ProviderError, TooLargeError, Trouble, refused
from onboarding.sources.network.pacer import Pacer
from onboarding.sources.network.retry import retry_after, wait_before
from onboarding.sources.network.tokens import Tokens
from onboarding.sources.network.width import Gate, Width

log = logging.getLogger(__name__)

LARGEST_ANSWER = 64_000_000
"""Bytes of an answer that are read; more is refused as too large."""

TIMEOUT = httpx.Timeout(connect=20.0, read=60.0, write=60.0, pool=300.0)
SLOWEST_SECONDS = 600.0
"""An answer that trickles for longer is given up: a read that never times out would hold its mailbox for ever."""

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One thing to ask. `what` says it to people ("the messages of ann@acme.example"); `mailbox` is whose budget pays `cost`.

    `url` is absolute, or relative to the client's base. `most` bounds the bytes that are read. `as_json`: the answer has to
    be JSON, and one that is not counts as broken.
    """

    what: str
    mailbox: str
    url: str
    method: str = "GET"
    params: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    """Sent as JSON."""
    form: Mapping[str, str] | None = None
    """Sent as a form, as token endpoints want it (RFC 6749 section 4)."""
    bare: bool = False
    """It goes without a token: it is the request for one."""
    cost: int = 1
    most: int = LARGEST_ANSWER
    as_json: bool = True
    paid: bool = False
    """The units were taken from the budget already."""


class Client:
    """Asks one provider for one tenant. Close it, or use it as a context, when all is read."""

    def __init__(
        self,
        base: str,
        dialect: Dialect,
        pacer: Pacer,
        tokens: Callable[[str], Tokens],
        *,
        connections: int = 32,
        sleep: Callable[[float], None] = time.sleep,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`tokens` gives the tokens that go with a mailbox's requests (the same for all, or one each). Raises SourceError
        for a base that is neither https nor on this machine."""
        guard_logs()
        self.base = checked_base(base)
        self.dialect = dialect
        self.pacer = pacer
        self.counts = Counts()
        self.gate = Gate(Width(connections, connections))
        """How many requests are under way, over all mailboxes: less when the provider says that it is crowded."""
        self._time_there: tuple[float, float] | None = None
        self._tokens = tokens
        self._sleep = sleep
        self._http = httpx.Client(
            timeout=TIMEOUT,
            limits=httpx.Limits(max_connections=connections, max_keepalive_connections=connections),
            transport=transport,
            follow_redirects=False,  # a token goes nowhere but to the provider
            headers={"User-Agent": "NONISV|Gatehouse|Gatehouse/0.1"},
        )

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Gives the connections back."""
        self._http.close()

    def json(self, request: Request) -> Any:
        """The answer's JSON. Raises ProviderError for a refusal, and for trouble that outlasts our patience."""
        return self.ask(request).document

    def pages(self, request: Request, following: str, values: str = "value") -> Iterator[list[Any]]:
        """The pages of a list: the items under the key `values`, then on to the address under the key `following`.

        Raises ProviderError, also when a page repeats the address it came from, which would never end.
        """
        seen: set[str] = set()
        while True:
            document = self.json(request)
            yield list(document.get(values) or ())
            url = document.get(following)
            if not url:
                return
            if url in seen:
                raise ProviderError(f"{self.dialect.name} sends in circles while listing {request.what}")
            seen.add(url)
            request = Request(
                what=request.what, mailbox=request.mailbox, url=url, headers=request.headers, cost=request.cost
            )

    def ask(self, request: Request) -> Answer:
        """A good answer to a request, after as many tries as patience allows. Raises ProviderError, TooLargeError."""
        url = self.address(request.url)
        borne: dict[Trouble, int] = {}
        bad: str | None = None
        paid = request.paid
        while True:
            if not paid:
                self.pay(request.mailbox, request.cost)
            paid = False
            token = "" if request.bare else self._tokens(request.mailbox).current(instead_of=bad)
            with self.gate.inside():
                answer, trouble, said = self._try(request, url, token)
            if trouble is None:
                self.gate.width.accepted()
                if answer.good:
                    return answer
                raise refused(self.dialect, request.what, answer)
            if trouble is Trouble.UNAUTHORIZED:
                bad = token
            attempt = borne[trouble] = borne.get(trouble, 0) + 1
            wait = wait_before(trouble, attempt, retry_after(answer))
            if wait is None:
                raise self._given_up(request, answer, said, attempt)
            log.debug("%s: %s, try %d, again in %.1f s", request.what, said, attempt, wait)
            if trouble is Trouble.THROTTLED:
                crowded = self.dialect.crowded(answer, self.dialect.said(answer))
                if crowded:
                    self.gate.width.refused()
                # The budget is closed meanwhile, for all workers.
                self.pacer.refused(request.mailbox, answer, attempt, units=request.cost, overspent=not crowded)
                continue
            self.pause(wait)

    def pay(self, mailbox: str, wanted: int, least: int | None = None) -> int:
        """Waits until units of a mailbox's budget (and the app's) may be spent, and spends them; gives how many."""
        begun = time.monotonic()
        units = self.pacer.wait(mailbox, wanted, least)
        self.counts.waited_for(time.monotonic() - begun)
        return units

    def pause(self, seconds: float) -> None:
        """Waits before trying something again."""
        self.counts.waited_for(seconds)
        self._sleep(seconds)

    def time_there(self) -> float:
        """The time by the provider's clock, as its last answer told it; ours before the first. Seconds since the epoch."""
        if self._time_there is None:
            return clock.now().timestamp()
        told, at = self._time_there
        return told + time.monotonic() - at

    def judge(self, answer: Answer) -> Trouble | None:
        """Which trouble an answer (or an item of a batch) is in; None for a good one and for a refusal."""
        return None if answer.good else self.dialect.trouble(answer, self.dialect.said(answer))

    def address(self, url: str) -> str:
        """The absolute address of a relative one. Raises ProviderError for one that leads away from the provider: a token
        would go with it."""
        absolute = urljoin(self.base + "/", url.lstrip("/")) if "://" not in url else url
        ours, theirs = urlsplit(self.base), urlsplit(absolute)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise ProviderError(
                f"{self.dialect.name} at {ours.netloc} sends on to {theirs.netloc}, where a token must not go"
            )
        return absolute

    def _try(self, request: Request, url: str, token: str) -> tuple[Answer, Trouble | None, str]:
        """One try: the answer, the trouble it is in, and a word on it."""
        self.counts.sent()
        answer = Answer(0)
        try:
            answer = self._exchange(request, url, token)
            if answer.good and request.as_json:
                answer = Answer(answer.status, answer.headers, answer.content, json.loads(answer.content or b"null"))
        except TooLargeError:
            self.counts.came(0, good=False)
            raise
        except httpx.HTTPError as error:
            self.counts.trouble(Trouble.BROKEN)
            return answer, Trouble.BROKEN, f"{type(error).__name__}: {error}"
        except ValueError as error:  # JSON that was cut, or is none
            self.counts.trouble(Trouble.BROKEN)
            return answer, Trouble.BROKEN, f"an answer that cannot be read ({type(error).__name__})"
        trouble = self.judge(answer)
        if trouble is None:
            self.counts.came(len(answer.content), good=answer.good)
            if answer.good:
                self.pacer.accepted(request.mailbox)
        else:
            self.counts.trouble(trouble)
        return answer, trouble, f"HTTP {answer.status}"

    def _exchange(self, request: Request, url: str, token: str) -> Answer:
        headers = {**request.headers, **({"Authorization": f"Bearer {token}"} if token else {})}
        content = None
        if request.form is not None:
            content = urlencode(request.form).encode()
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if request.body is not None:
            content = json.dumps(request.body).encode()
            headers["Content-Type"] = "application/json"
        # An address with a query of its own is complete: httpx would replace it by `params`.
        params = dict(request.params) or None
        deadline = time.monotonic() + SLOWEST_SECONDS
        with self._http.stream(request.method, url, params=params, headers=headers, content=content) as response:
            found = {name.lower(): value for name, value in response.headers.items()}
            self._note_time(found.get("date", ""))
            told = int(found["content-length"]) if found.get("content-length", "").isdigit() else 0
            if response.is_success and told > request.most:
                raise _too_large(request, told)
            pieces, size = [], 0
            for piece in response.iter_bytes(1 << 16):
                pieces.append(piece)
                size += len(piece)
                if size > request.most:
                    raise _too_large(request, told)
                if time.monotonic() > deadline:
                    raise httpx.ReadTimeout(f"still not whole after {SLOWEST_SECONDS:.0f} s")
            return Answer(response.status_code, found, b"".join(pieces))

    def _note_time(self, written: str) -> None:
        with contextlib.suppress(TypeError, ValueError):
            self._time_there = (parsedate_to_datetime(written).timestamp(), time.monotonic())

    def _given_up(self, request: Request, answer: Answer, said: str, attempts: int) -> ProviderError:
        if answer.status:
            told = self.dialect.said(answer)
            said = f"HTTP {answer.status}: {told.code} {told.message}".rstrip(": ")
        return ProviderError(
            f"{self.dialect.name} did not give {request.what} in {attempts} tries; last: {said}", answer.status
        )


def checked_base(base: str) -> str:
    """The base address without its last slash. Raises SourceError for one over which a token must not go."""
    parts = urlsplit(base.rstrip("/"))
    if parts.netloc and (parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)):
        return base.rstrip("/")
    raise SourceError(
        f"{base!r} is no address for a provider: it has to begin with https:// (http:// on this machine only)"
    )


def _too_large(request: Request, told: int) -> TooLargeError:
    size = f"{told:,} bytes, more" if told else "more"
    return TooLargeError(f"{size} than the {request.most:,} that are read of {request.what}", told)
