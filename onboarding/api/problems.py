"""Errors of the API as problem details (RFC 9457): a kind that programs can rely on, a sentence for people."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

log = logging.getLogger(__name__)

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """An answer that is not what was asked for."""

    def __init__(self, status: int, kind: str, detail: str, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(detail)
        self.status, self.kind, self.detail, self.headers, self.more = status, kind, detail, headers, more


KNOWN: dict[str, tuple[int, str]] = {
    "onboarding.scoring.NotActive": (409, "not-active"),
    "onboarding.activate.ModeRefused": (409, "mode-refused"),
    "onboarding.stage.Held": (409, "held"),
    "onboarding.database.runs.TenantBusy": (409, "busy"),
    "onboarding.database.activations.ActivationError": (409, "not-put-in-force"),
    "onboarding.lifecycle.TransitionError": (409, "not-possible-now"),
    "onboarding.lookup.UnknownMessageError": (404, "no-such-message"),
    "onboarding.lookup.AmbiguousMessageError": (409, "several-messages"),
    "onboarding.sources.base.SourceError": (422, "source"),
    "onboarding.database.sources.SecretInSourceError": (422, "secret-in-source"),
    "onboarding.files.StoreError": (409, "not-there"),
    "flows.daemon.ServerError": (503, "no-workers"),
}
"""Errors whose message is made for whoever asked, by name, so that nothing is imported for its error alone."""


def answer(problem: Problem, instance: str) -> JSONResponse:
    """The response."""
    body = {
        "type": f"urn:gatehouse:{problem.kind}",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        "instance": instance,
        **problem.more,
    }
    return JSONResponse(body, problem.status, headers=problem.headers, media_type=MEDIA_TYPE)


def known(error: Exception) -> Problem | None:
    """The problem that an error of ours is; None for one that nobody foresaw."""
    names = [f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__]
    if "onboarding.database.tenants.TenantError" in names:
        missing = str(error).startswith("there is no tenant")
        return Problem(404 if missing else 422, "no-such-tenant" if missing else "tenant", str(error))
    if "sqlalchemy.exc.OperationalError" in names:
        # Its own words name hosts, users and files of ours: they are for the log.
        log.error("the database does not answer: %s", getattr(error, "orig", None) or error)
        return Problem(503, "database-away", "the database does not answer: try again", {"Retry-After": "5"})
    for name in names:
        if name in KNOWN:
            status, kind = KNOWN[name]
            hold = getattr(error, "hold", None)
            more = {"remedy": hold.remedy} if hold else {}
            # A list stands beside the sentence, so that a program need not read it there.
            if found := getattr(error, "found", None):
                more["messages"] = [one.document() for one in found]
            return Problem(status, kind, str(error), **more)
    return None


def install(app: FastAPI) -> None:
    """Every error that leaves the application is a problem."""

    @app.exception_handler(Problem)
    async def ours(request: Request, error: Problem) -> JSONResponse:
        return answer(error, request.url.path)

    @app.exception_handler(RequestValidationError)
    async def malformed(request: Request, error: RequestValidationError) -> JSONResponse:
        errors = [{"at": ".".join(map(str, one["loc"])), "wrong": one["msg"]} for one in error.errors()]
        detail = f"{errors[0]['at']}: {errors[0]['wrong']}" if errors else "the request cannot be read"
        return answer(Problem(422, "malformed", detail, errors=errors), request.url.path)

    @app.exception_handler(HTTPException)
    async def framework(request: Request, error: HTTPException) -> JSONResponse:
        headers = dict(error.headers) if error.headers else None
        return answer(Problem(error.status_code, "http", str(error.detail), headers), request.url.path)

    @app.exception_handler(Exception)
    async def unforeseen(request: Request, error: Exception) -> JSONResponse:
        if (problem := known(error)) is not None:
            return answer(problem, request.url.path)
        log.exception("%s %s failed", request.method, request.url.path)
        return answer(Problem(500, "defect", "a defect of Gatehouse; its log has the details"), request.url.path)
