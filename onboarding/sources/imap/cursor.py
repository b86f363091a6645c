"""How far a mailbox has been read, as a short text: for each folder its UIDVALIDITY and how far its UIDs are done.

UIDs rise in the order in which messages are put into a folder, and never come again while UIDVALIDITY stays (RFC 3501 section
2.3.1.1), so two numbers say it all. *History* is what lay there when reading began, up to `top`; it is read downwards, and
`at` is the lowest that is done. *New* is what lies above `top`. With both in one text no message belongs to both.
"""

from __future__ import annotations

import base64
import json
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from onboarding.sources.base import CursorLostError

VERSION = "1"


@dataclass(frozen=True, slots=True)
class Place:
    """Where reading stands in one folder. `changes`: its HIGHESTMODSEQ (RFC 7162) when last looked at, 0 when not told."""

    validity: int
    top: int
    at: int
    changes: int = 0

    @property
    def untouched(self) -> bool:
        """Nothing of it was listed."""
        return self.at > self.top


@dataclass(frozen=True, slots=True)
class Cursor:
    """Places by folder name; `history`: there is history still to read."""

    history: bool
    places: Mapping[str, Place] = field(default_factory=dict)

    def text(self) -> str:
        places = {name: [p.validity, p.top, p.at, p.changes] for name, p in self.places.items()}
        packed = json.dumps({"history": self.history, "places": places}, separators=(",", ":"), sort_keys=True).encode()
        return f"{VERSION}:{base64.urlsafe_b64encode(zlib.compress(packed, 6)).decode()}"


def read(text: str, mailbox: str) -> Cursor:
    """The cursor in a text. Raises CursorLostError for one that this version does not understand."""
    version, _, packed = text.partition(":")
    try:
        if version != VERSION:
            raise ValueError(version)
        values = json.loads(zlib.decompress(base64.urlsafe_b64decode(packed)))
        return Cursor(bool(values["history"]), {name: Place(*each) for name, each in values["places"].items()})
    except (ValueError, TypeError, KeyError, AttributeError, zlib.error):
        raise CursorLostError(
            f"mailbox {mailbox}: where its reading stood was written by another version: read it from the start"
        ) from None
