"""Real attacks, split by date, and sent to a tenant: to its mailboxes, in its time, in headers like its own mail's."""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.evaluation.mail import NOW, Read, as_read
from detection.mail.batch import Ints
from detection.mail.message import Skip
from detection.mail.parse import parse
from onboarding.parsing import usable_time
from onboarding.rehearsal.folder import retarget
from onboarding.rehearsal.target import Target

CORPORA = ("phishing", "fraud")


@dataclass(frozen=True, slots=True)
class Attack:
    """One attack as it was caught: `kind` is its corpus."""

    kind: str
    name: str
    raw: bytes


@dataclass(frozen=True, eq=False)
class Window(Target):
    """A tenant of which attackers choose moments and models from some of its time only: `since` <= time < `until`."""

    since: int = 0
    until: int = 2**62

    @cached_property
    def received(self) -> Ints:
        """As of a `Target`, within the window."""
        rows = Target(self.batch, self.organisation).received
        time = self.batch.time[rows]
        return rows[(time >= self.since) & (time < self.until)]


def by_date(folder: Path, kind: str, most: int) -> tuple[list[Attack], list[Attack]]:
    """A corpus as its earlier and its later half, by when each mail was caught; of each at most so many, drawn at random."""
    dated: list[tuple[int, str, bytes]] = []
    for path in sorted(folder.glob("*.eml")):
        raw = path.read_bytes()
        message = parse(raw)
        if not isinstance(message, Skip):
            dated.append((usable_time(message, None, NOW) or 0, path.name, raw))
    dated.sort()
    halves = dated[: len(dated) // 2], dated[len(dated) // 2 :]
    chosen = [sorted(random.Random(kind).sample(half, min(most, len(half)))) for half in halves]
    earlier, later = ([Attack(kind, name, raw) for _, name, raw in half] for half in chosen)
    return earlier, later


def send(target: Target, attacks: list[Attack], seed: str) -> list[Read]:
    """The attacks as the tenant would get them, in order of time; each one's label is its kind.

    An attack is the same whatever else is sent. Gives nothing for a tenant whose window has no mail to look like.
    """
    if not len(target.received) or not target.victims:
        return []
    sent = []
    for attack in attacks:
        message = parse(attack.raw)
        if isinstance(message, Skip):
            continue
        moved, made = retarget(target, message, attack.kind, random.Random(f"{seed}/{attack.kind}/{attack.name}"))
        row = made.row
        row["path"] = f"{attack.kind}/{attack.name}"
        sent.append(as_read(moved, row, attack.raw, attack.kind))
    return sorted(sent, key=lambda one: (one.row["time"], one.row["path"]))
