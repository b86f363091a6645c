"""How far a mailbox has been read, as a short text.

First comes a *walk*: everything that is there, from the newest mail back. Then *following*: what Gmail's history says was
added since the walk began. A history id is taken before the walk; a message that the walk meets and that was touched
after that id may be in the history too, so its mark is carried along, and nothing is listed twice. When Gmail no longer
knows the id (it answers 404), another walk goes back to `base`, without what is marked.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import blake2b

from onboarding.sources.base import CursorLostError

VERSION = "1"


@dataclass(frozen=True, slots=True)
class Walk:
    """Everything received after `at` (seconds) is done, and of the rest what is in `done` (mark to time)."""

    history: int
    """History id taken before the walk."""
    base: int
    """A little before the walk began: what a later walk has to go back to."""
    low: int | None = None
    """How far back; None in the first walk, which goes back as far as the caller asks."""
    at: int | None = None
    done: Mapping[str, int] = field(default_factory=dict)
    recent: Mapping[str, int] = field(default_factory=dict)
    """Marks of what is listed and may come again: received since the base, or touched since the history id."""

    def text(self) -> str:
        return _packed("walk", asdict(self))


@dataclass(frozen=True, slots=True)
class Follow:
    """All that was added up to the history id is listed."""

    history: int
    base: int
    recent: Mapping[str, int] = field(default_factory=dict)
    stamp: int = 0
    """When the history id was last renewed."""

    def text(self) -> str:
        return _packed("follow", asdict(self))


def mark(message_id: str) -> str:
    """A short stand-in for an id: two of a mailbox's are the same with a chance of 2^-48 a pair."""
    return base64.urlsafe_b64encode(blake2b(message_id.encode(), digest_size=6).digest()).decode()


def read(text: str, mailbox: str) -> Walk | Follow:
    """The cursor in a text. Raises CursorLostError for one that this version does not understand."""
    version, _, rest = text.partition(":")
    kind, _, packed = rest.partition(":")
    try:
        if version != VERSION:
            raise ValueError(version)
        values = json.loads(zlib.decompress(base64.urlsafe_b64decode(packed)))
        if kind == "walk":
            return Walk(**values)
        if kind == "follow":
            return Follow(**values)
        raise ValueError(kind)
    except (ValueError, TypeError, zlib.error):
        raise CursorLostError(
            f"mailbox {mailbox}: where its reading stood was written by another version: read it from the start"
        ) from None


def _packed(kind: str, values: Mapping[str, object]) -> str:
    text = json.dumps(values, separators=(",", ":"), sort_keys=True).encode()
    return f"{VERSION}:{kind}:{base64.urlsafe_b64encode(zlib.compress(text, 6)).decode()}"
