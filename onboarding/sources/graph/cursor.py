"""How far a mailbox has been read, as a short text.

First comes *history*: mail received before the moment at which reading began, from the newest back. Then *new* mail: what was
received since. The moment parts the two, so no message belongs to both. History is a position in time (`at`, and the
messages of that very second that are done); new mail is a delta token for each folder and the messages that were listed
since `base`, because delta gives the same message again whenever something about it changes.
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
    """Reading history: all between `at` (seconds) and `start` is done, and of the second `at` what is in `done`."""

    start: int
    at: int | None = None
    done: frozenset[str] = frozenset()

    def text(self) -> str:
        return _packed({"start": self.start, "at": self.at, "done": sorted(self.done)})


@dataclass(frozen=True, slots=True)
class New:
    """Following what is new since `base` (seconds). `tokens` by folder id; `seen` are marks of what was listed since.

    `sync` is set while a bounded resync is under way: all from `base` up to it is being listed again, in order of time,
    without what is in `seen`; then it is the new `base`.
    """

    base: int
    tokens: Mapping[str, str] = field(default_factory=dict)
    seen: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    """What was listed before the last resync: it may come once more."""
    sync: int | None = None
    stamp: int = 0
    """When the tokens were last renewed."""

    def text(self) -> str:
        return _packed(
            {
                "base": self.base,
                "tokens": dict(self.tokens),
                "seen": sorted(self.seen),
                "before": sorted(self.before),
                "sync": self.sync,
                "stamp": self.stamp,
            }
        )


def mark(message_id: str) -> str:
    """A short stand-in for an id of 150 characters: two of a mailbox's are the same with a chance of 2^-48 a pair."""
    return base64.urlsafe_b64encode(blake2b(message_id.encode(), digest_size=6).digest()).decode()


def read(text: str, mailbox: str) -> History | New:
    """The cursor in a text. Raises CursorLostError for one that this version does not understand."""
    version, _, packed = text.partition(":")
    try:
        if version != VERSION:
            raise ValueError(version)
        values = json.loads(zlib.decompress(base64.urlsafe_b64decode(packed)))
        for name in ("done", "seen", "before"):
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
