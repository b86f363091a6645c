"""Which of the latest messages a baseline has learned: what arrived since is learned on top of it, and nothing twice."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detection.keys import Keys
from detection.mail.batch import MessageBatch
from onboarding.files import write_whole

DAYS = 45
"""How far back from its end a baseline's messages are remembered singly; what is older counts as learned."""

_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True, eq=False)
class Recent:
    """Keys of the messages of a baseline from time `since` on (seconds since the epoch), ascending: uint64[n]."""

    keys: Keys
    since: int

    def knows(self, message_key: int, time: int) -> bool:
        """Whether the baseline has the message, or is too far ahead of it to tell."""
        if time < self.since:
            return True
        at = int(np.searchsorted(self.keys, np.uint64(message_key)))
        return at < len(self.keys) and int(self.keys[at]) == message_key


NOTHING = Recent(np.empty(0, dtype=np.uint64), -(2**62))


def write_recent(batch: MessageBatch, path: Path) -> None:
    """Keeps the keys of the last `DAYS` days of a history, `batch` being in order of time."""
    since = recent_since(int(batch.time[-1]) if len(batch) else None)
    write_recent_keys(batch.message_key[batch.time >= since], since, path)


def recent_since(last_time: int | None) -> int:
    """From when on the messages of a history that ends at `last_time` (None: it is empty) are remembered singly."""
    return NOTHING.since if last_time is None else last_time - DAYS * _SECONDS_A_DAY


def write_recent_keys(keys: Keys, since: int, path: Path) -> None:
    """Keeps the keys of the messages from `since` on, in whatever order they are."""
    # The first value is the time, so that the file is one array.
    stored = np.concatenate([np.array([since], dtype=np.int64).view(np.uint64), np.sort(keys)])
    write_whole(path, lambda sink: np.save(sink, stored, allow_pickle=False))


def read_recent(path: Path) -> Recent:
    """What was kept; nothing for a baseline that was built before such files were."""
    try:
        stored = np.load(path, allow_pickle=False)
    except FileNotFoundError:
        return NOTHING
    return Recent(stored[1:], int(stored[:1].view(np.int64)[0]))
