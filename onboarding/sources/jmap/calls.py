"""Calls to one account: several in one request, later ones reading results of earlier ones (RFC 8620 sections 3.3 and 3.7)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from onboarding.sources.jmap.dialect import PASSING
from onboarding.sources.jmap.session import CORE, MAIL, Session
from onboarding.sources.network.client import Client, Request
from onboarding.sources.network.faults import ProviderError, Trouble
from onboarding.sources.network.retry import wait_before

Arguments = Mapping[str, Any]


class CallError(ProviderError):
    """The server refused one call of a request; `code` is the type of error, such as cannotCalculateChanges."""


@dataclass(frozen=True, slots=True)
class Calls:
    """Asks about one account."""

    client: Client
    session: Session
    account: str
    mailbox: str

    def ask(self, what: str, *calls: tuple[str, Arguments]) -> list[Any]:
        """The results of calls in their order. The first call's tag is `c0`, and so on, for references.

        Raises CallError for the first that is refused, ProviderError when the request fails.
        """
        attempt = 0
        while True:
            results = self._asked(what, calls)
            error = next((found for found in results if isinstance(found, CallError)), None)
            if error is None:
                return results
            attempt += 1
            wait = wait_before(Trouble.UNAVAILABLE, attempt, None) if error.code in PASSING else None
            if wait is None:
                raise error
            self.client.pause(wait)

    def one(self, what: str, method: str, arguments: Arguments) -> Any:
        """The result of a single call."""
        return self.ask(what, (method, arguments))[0]

    def _asked(self, what: str, calls: Sequence[tuple[str, Arguments]]) -> list[Any]:
        body = {
            "using": [CORE, MAIL],
            "methodCalls": [
                [method, {"accountId": self.account, **arguments}, f"c{at}"]
                for at, (method, arguments) in enumerate(calls)
            ],
        }
        request = Request(
            what=f"{what} of {self.mailbox}",
            mailbox=self.mailbox,
            url=self.session.api,
            method="POST",
            headers={"Accept": "application/json"},
            body=body,
        )
        document = self.client.json(request)
        found: dict[str, Any] = {}
        responses = document.get("methodResponses") if isinstance(document, Mapping) else None
        for response in responses or ():
            if not isinstance(response, list) or len(response) != 3:
                continue
            name, arguments, tag = response
            if name == "error":
                code = str(arguments.get("type") or "error")
                said = str(arguments.get("description") or "")
                found.setdefault(
                    str(tag),
                    CallError(f"{self.client.dialect.name} refused {request.what} ({code} {said})".rstrip(), 200, code),
                )
            else:
                found.setdefault(str(tag), arguments)
        missing = CallError(
            f"{self.client.dialect.name} did not answer all that was asked of {what}", 200, "serverPartialFail"
        )
        return [found.get(f"c{at}", missing) for at in range(len(calls))]


def result_of(call: int, path: str, method: str) -> Mapping[str, str]:
    """A reference to a result of an earlier call of the same request."""
    return {"resultOf": f"c{call}", "name": method, "path": path}
