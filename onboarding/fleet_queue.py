"""Which tenant is onboarded next when many wait: fair between small and giant, bounded by where their mail comes from.

Pure: what waits and what runs go in, a choice comes out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

GIANT_TIMES = 10
GIANT_MESSAGES = 20_000
"""A giant has more messages than either: so many times the lower quartile of those known, and so many."""

PROVIDER_LIMITS: Mapping[str, int] = MappingProxyType({"graph": 4, "gmail": 4, "jmap": 4, "imap": 4})
"""Tenants at once by the kind of their source: providers count requests by application as well as by mailbox. Mail on
this machine is bounded by the number of slots only."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A tenant that waits or runs."""

    tenant: str
    provider: str
    """The scheme of its source."""
    size: int | None
    """Messages, as far as known before or since it began."""


def bar_of(sizes: Sequence[int | None]) -> int:
    """Messages above which a tenant is a giant among these: all of a fleet, those that have ended included."""
    known = sorted(size for size in sizes if size)
    return max(GIANT_MESSAGES, GIANT_TIMES * known[len(known) // 4]) if known else GIANT_MESSAGES


def choose(
    waiting: Sequence[Candidate],
    running: Sequence[Candidate],
    slots: int,
    bar: int,
    limits: Mapping[str, int] = PROVIDER_LIMITS,
) -> Candidate | None:
    """The next to begin, or None when nothing may begin now. `waiting` is in the order of their turn, `bar` of `bar_of`.

    A giant has one slot to itself as soon as one waits, and further ones only while nothing small does; small ones
    have all others. Those of unknown size count as small. If all that runs has turned out to be giants, one slot more
    is opened for the small that wait. No provider has more tenants at once than its limit.
    """
    busy = Counter(one.provider for one in running)
    ready = [one for one in waiting if busy[one.provider] < limits.get(one.provider, slots + 1)]
    small = [one for one in ready if not _is_giant(one, bar)]
    giants = sorted((one for one in ready if _is_giant(one, bar)), key=lambda one: one.size or 0)
    giants_running = sum(_is_giant(one, bar) for one in running)
    if len(running) >= slots:
        crowded_out = len(running) == slots == giants_running
        return small[0] if small and crowded_out else None
    if giants and (not small or (giants_running == 0 and slots > 1)):
        return giants[0]
    return small[0] if small else None


def _is_giant(one: Candidate, bar: int) -> bool:
    return one.size is not None and one.size > bar
