"""How far a JMAP account has been read, as a short text.

First comes *history*: what was there at the moment at which reading began, from the newest back, without what was put there
since (the server says what: `state`; should it not know any more, the time at which it was received decides). Then *new*: what
`Email/changes` says was created since that state. Ids never change, also when a message is moved, so a message is of one or the
other.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b

from onboarding.sources.base import CursorLostError

VERSION = "1"


@dataclass(frozen=True, slots=True)
class History:
    """All received after `at` (seconds) is done, and of the second `at` what is in `done`. `start`: when reading began."""

    start: int
    state: str
    at: int | None = None
    done: frozenset[str] = frozenset()
    drafts: frozenset[str] = frozenset()
    """Marks of what was met unsent: it is mail once it is sent, under the same id."""
    seen: Mapping[str, int] = field(default_factory=dict)
    """What was listed of the time that a lost state makes listed again, as in `New`."""

    def text(self) -> str:
        return _packed(
            {
                "start": self.start,
                "state": self.state,
                "at": self.at,
                "done": sorted(self.done),
                "drafts": sorted(self.drafts),
                "seen": dict(self.seen),
            }
        )


@dataclass(frozen=True, slots=True)
class New:
    """All is listed that was there at `state`. Should the server no longer know that ("": it does not), what was received
    since `base` (seconds) is listed again, without what is in `seen`: marks with the second in which each was received."""

    state: str
    base: int
    seen: Mapping[str, int] = field(default_factory=dict)
    drafts: frozenset[str] = frozenset()

    def text(self) -> str:
        return _packed({"state": self.state, "base": self.base, "seen": dict(self.seen), "drafts": sorted(self.drafts)})


def mark(message_id: str) -> str:
    """A short stand-in for an id: two of a mailbox's are the same with a chance of 2^-48 a pair."""
    return base64.urlsafe_b64encode(blake2b(message_id.encode(), digest_size=6).digest()).decode()


def read(text: str, mailbox: str) -> History | New:
    """The cursor in a text. Raises CursorLostError for one that this version does not understand."""
    version, _, packed = text.partition(":")
    try:
        if version != VERSION:
            raise ValueError(version)
        values = json.loads(zlib.decompress(base64.urlsafe_b64decode(packed)))
        for name in ("done", "drafts"):
            if name in values:
                values[name] = frozenset(values[name])
        return History(**values) if "start" in values else New(**values)
    except (ValueError, TypeError, zlib.error):
        raise CursorLostError(
            f"mailbox {mailbox}: where its reading stood was written by another version: read it from the start"
        ) from None


def _packed(values: Mapping[str, object]) -> str:
    text = json.dumps(values, separators=(",", ":"), sort_keys=True).encode()
    return f"{VERSION}:{base64.urlsafe_b64encode(zlib.compress(text, 6)).decode()}"
