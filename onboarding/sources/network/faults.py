"""What can go wrong with a request, in the few kinds that are treated differently, and the error that ends a reading."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from onboarding.redaction import redact
from onboarding.sources.base import Requirement, SourceError


class Trouble(StrEnum):
    """Kinds of trouble that pass, or may: each has its own patience (`retry.POLICY`)."""

    THROTTLED = "throttled"
    """The provider asks us to slow down. Never a reason to give up."""
    UNAVAILABLE = "unavailable"
    """The provider failed (5xx)."""
    BROKEN = "broken"
    """No answer, or one that was cut or cannot be read."""
    UNAUTHORIZED = "unauthorized"
    """The token is not accepted (any more): another is fetched."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a provider answered, whole. `headers` by lower-case name."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = b""
    document: Any = None
    """The content as JSON, where it was asked for as that."""

    @property
    def good(self) -> bool:
        return 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Said:
    """An error as the provider words it: its own code for it, and its sentence."""

    code: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How one provider speaks of errors.

    `said` reads code and sentence out of an answer; `trouble` says which kind it is, None for a refusal that stays
    (`by_status` is right for most); `crowded` says of a throttled one whether it was too much at the same time, rather than
    too much in a while. `name` is the provider as people know it.
    """

    name: str
    said: Callable[[Answer], Said]
    trouble: Callable[[Answer, Said], Trouble | None]
    crowded: Callable[[Answer, Said], bool] = lambda answer, said: False


def by_status(answer: Answer, said: Said) -> Trouble | None:
    """What the status alone says (RFC 9110 section 15; RFC 6585 section 4 for 429)."""
    match answer.status:
        case 429:
            return Trouble.THROTTLED
        case 401:
            return Trouble.UNAUTHORIZED
        case 408 | 425:
            return Trouble.BROKEN
        case status if status >= 500:
            # A server that says when to come back is throttling, whatever it calls it.
            return Trouble.THROTTLED if status == 503 and "retry-after" in answer.headers else Trouble.UNAVAILABLE
    return None


class ProviderError(SourceError):
    """A provider refused something for good, or failed for longer than our patience. The text is free of secrets.

    `status` is 0 when there was no answer; `code` is the provider's own word for it.
    """

    def __init__(self, message: str, status: int = 0, code: str = "") -> None:
        super().__init__(redact(message))
        self.status = status
        self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.status, self.code)


def unanswered(service: str, error: SourceError) -> Requirement | None:
    """That a service answers, where an error says that it did not, or not well; None where it refused: then something is to be
    granted, and asking once more helps nothing."""
    if not isinstance(error, ProviderError) or 0 < error.status < 500:
        return None
    remedy = "see that it can be reached from here (network, proxy, its address in the settings), and try again"
    return Requirement(f"{service} answers", False, str(error), remedy)


class TooLargeError(ProviderError):
    """A content is larger than what is read; `size` bytes, where the provider said so, else 0."""

    def __init__(self, message: str, size: int = 0) -> None:
        super().__init__(message)
        self.size = size

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (str(self), self.size)


def refused(dialect: Dialect, what: str, answer: Answer) -> ProviderError:
    """The error of an answer: what was asked, what the provider said."""
    said = dialect.said(answer)
    words = ": ".join(filter(None, (said.code, said.message))) or "without a reason"
    return ProviderError(f"{dialect.name} refused {what} (HTTP {answer.status}, {words})", answer.status, said.code)
