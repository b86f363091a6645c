"""`messages:score`: decisions on live mail, one after the other in each process, with a bounded queue before them.

Scoring is processor work on one tenant's memory, so one thread does it; more processes do more at once. Beyond
`MOST_WAITING` messages, or `room.MOST_HELD` bytes of them, a process refuses (429, with Retry-After) before it takes a
body in, rather than let the queue and its memory grow.
"""

from __future__ import annotations

import asyncio
import logging
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from math import ceil
from time import monotonic
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from detection.mail.columns import Origin, row_of
from detection.mail.message import Folder, Skip
from detection.mail.parse import parse
from onboarding import clock
from onboarding.api.access import Pipeline
from onboarding.api.composed import Message, bytes_of
from onboarding.api.problems import Problem
from onboarding.api.room import Room, held_body
from onboarding.live.directory import LiveTenants
from onboarding.live.tenant import LiveTenant
from onboarding.parsing import EARLIEST, FUTURE_SLACK_SECONDS, usable_time
from onboarding.verdicts import shown_skip
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

MOST_WAITING = 256
"""Messages that wait in one process."""
MOST_IN_BATCH = 256
RETRY_SECONDS = 1
MOST_RETRY_SECONDS = 60

router = APIRouter(prefix="/v1/tenants/{tenant}", tags=["scoring"])


class Batch(BaseModel):
    """Messages to decide on, in the order in which they came."""

    model_config = ConfigDict(extra="forbid")

    messages: Annotated[list[Message], Field(min_length=1, max_length=MOST_IN_BATCH)]
    learn: bool = Field(default=True, description="false: a question only; nothing is recorded or learned")


class Detector(BaseModel):
    """One detector's part in a decision; shares add to 1."""

    name: str
    score: float
    tail_probability: float
    share: float


class Result(BaseModel):
    """The decision on one message, or why there is none (`skipped`)."""

    path: str = Field(description="the message's id, as it was given")
    message_id: str | None
    decision: str | None = Field(examples=["safe", "suspicious", "attack"])
    kind: str | None = Field(examples=["executive-impersonation"])
    tail_probability: float | None = Field(
        description="share of this tenant's benign campaigns that look at least this suspicious"
    )
    detectors: list[Detector]
    reasons: list[str]
    activation: int | None = Field(default=None, description="what decided, wholly")
    calibration: int | None = None
    again: bool = Field(default=False, description="it had been decided before; this is that decision")
    skipped: str | None = None
    detail: str | None = None


class Results(BaseModel):
    """In the order of the request."""

    tenant: str
    mode: str = Field(description="what the tenant's decisions do now: shadow, alert or enforce")
    results: list[Result]


class Scoring:
    """The thread that decides, and the messages that wait for it."""

    def __init__(self, workspace: Workspace, *, most_waiting: int = MOST_WAITING) -> None:
        self.tenants = LiveTenants(workspace)
        self.room = Room()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="scoring")
        self._most_waiting = most_waiting
        self._waiting = 0
        self._pace = 0.0
        """Seconds that a message takes, of late."""

    @property
    def waiting(self) -> int:
        """Messages that wait or are decided on."""
        return self._waiting

    @property
    def full(self) -> bool:
        """No further message finds a place."""
        return self._waiting >= self._most_waiting

    def busy(self) -> Problem:
        """The refusal, and when to ask again: about when what waits is done."""
        pause = max(RETRY_SECONDS, min(ceil(self._waiting * self._pace), MOST_RETRY_SECONDS))
        return Problem(
            429,
            "busy",
            f"{self._waiting} messages ({self.room.held:,} bytes) wait for this process: try again, or run more processes",
            {"Retry-After": str(pause)},
        )

    async def score(self, tenant: str, messages: list[tuple[Message, bytes]], learn: bool, door: str) -> dict[str, Any]:
        """Decisions in order. Raises Problem when too many wait."""
        if self._waiting and self._waiting + len(messages) > self._most_waiting:
            raise self.busy()
        self._waiting += len(messages)
        try:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._thread, self._decide, tenant, messages, learn, door)
        finally:
            self._waiting -= len(messages)

    def close(self) -> None:
        """Waits for what is under way."""
        self._thread.shutdown()
        self.tenants.close()

    def _decide(self, tenant: str, messages: list[tuple[Message, bytes]], learn: bool, door: str) -> dict[str, Any]:
        begun = monotonic()
        live = self.tenants.get(tenant)
        try:
            with live.together():
                results = [_decided(live, message, content, learn, door) for message, content in messages]
            live.sync()
        except OSError as error:
            log.error("%s: a decision cannot be remembered: %s", tenant, error)
            raise Problem(
                503,
                "cannot-remember",
                "the decision cannot be remembered now, so it is not given: ask again; what was decided is not lost",
                {"Retry-After": str(MOST_RETRY_SECONDS)},
            ) from error
        self._pace += 0.1 * ((monotonic() - begun) / len(messages) - self._pace)
        return {"tenant": tenant, "mode": str(live.scorer.mode), "results": results}


def _decided(live: LiveTenant, message: Message, content: bytes, learn: bool, door: str) -> dict[str, Any]:
    parsed = parse(content)
    if isinstance(parsed, Skip):
        return shown_skip(message.id, parsed)
    now = int(clock.now().timestamp())
    # Their word goes first, but is believed like any other: one message of the far future in history, and everything
    # that comes after would count as old.
    hint = _seconds(message.received_at)
    believed = hint is not None and EARLIEST <= hint <= now + FUTURE_SLACK_SECONDS
    time = hint if hint is not None and believed else usable_time(parsed, None, now) or now
    origin = Origin(message.mailbox, message.id, Folder.UNKNOWN, message.mailbox if "@" in message.mailbox else "")
    decided = live.decide(row_of(parsed, live.scorer.organisation, origin, time), door=door, learn=learn)
    return decided.document | {"again": decided.again}


def _seconds(at: datetime | None) -> int | None:
    """Seconds since the epoch; a time without a zone is UTC."""
    if at is None:
        return None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


_EXAMPLE = {
    "messages": [
        {
            "parsed": {
                "headers": [
                    {"name": "From", "value": "Jane Doe <jane@partner.example>"},
                    {"name": "To", "value": "accounts@acme.example"},
                    {"name": "Subject", "value": "New bank details"},
                ],
                "text": "Please use our new account from now on.",
            },
            "id": "queue-4711",
        }
    ]
}

_BODY = {
    "required": True,
    "content": {
        "application/json": {"schema": Batch.model_json_schema(ref_template="#/components/schemas/{model}")}
        | {"example": _EXAMPLE},
        "message/rfc822": {"schema": {"type": "string", "format": "binary"}},
    },
}


@router.post("/messages:score", response_model=Results, openapi_extra={"requestBody": _BODY})
async def score(
    tenant: str,
    request: Request,
    grant: Pipeline,
    mailbox: Annotated[str, Query(max_length=320, description="with message/rfc822: whose copy this is")] = "",
    received_at: Annotated[datetime | None, Query(description="with message/rfc822: when it came, if not now")] = None,
    learn: Annotated[bool, Query(description="with message/rfc822: false for a question only")] = True,
) -> dict[str, Any]:
    """A decision on each message: one as its bytes (`message/rfc822`), or up to 256 as JSON, raw or parsed.

    A message is decided once: sent again it gets the same answer, and is not learned twice.
    """
    scoring: Scoring = request.app.state.scoring
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    async with held_body(request, scoring.room, scoring.busy, full=scoring.full) as body:
        if kind == "message/rfc822":
            name = request.headers.get("x-request-id", "")[:1_000]
            only = Message(mailbox=mailbox, received_at=received_at, id=name)
            return await scoring.score(tenant, [(only, body)], learn, "api")
        if kind not in ("application/json", ""):
            raise Problem(415, "media-type", f"send application/json or message/rfc822, not {kind}")
        batch = _read(body)
        # What waits is the messages, not the text they came in as well.
        del body
        return await scoring.score(tenant, batch[0], batch[1], "api")


def _read(body: bytes) -> tuple[list[tuple[Message, bytes]], bool]:
    from pydantic import ValidationError

    try:
        batch = Batch.model_validate_json(body)
    except ValidationError as error:
        errors = [{"at": ".".join(map(str, e["loc"])), "wrong": e["msg"]} for e in error.errors(include_url=False)][:20]
        raise Problem(422, "malformed", f"{errors[0]['at'] or 'body'}: {errors[0]['wrong']}", errors=errors) from None
    read = []
    for at, message in enumerate(batch.messages):
        try:
            content = bytes_of(message)
            message.raw = message.parsed = None
            read.append((message, content))
        except ValueError as error:
            raise Problem(422, "malformed", f"messages.{at}: {error}") from None
    return read, batch.learn
