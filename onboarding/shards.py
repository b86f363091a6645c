"""Mailboxes dealt into shards: the unit of parallel work, and of a task run that a person sees."""

from __future__ import annotations

import heapq
from collections.abc import Mapping, Sequence


def deal(names: Sequence[str], sizes: Mapping[str, int | None], most: int) -> list[list[str]]:
    """At most `most` groups of about the same size, largest first: each mailbox goes to the group that has least so far.

    Mailboxes of unknown size count as one message. The same input gives the same groups.

    >>> deal(["a", "b", "c"], {"a": 5, "b": 3, "c": 2}, 2)
    [['a'], ['b', 'c']]
    """
    ordered = sorted(names, key=lambda name: (-(sizes.get(name) or 1), name))
    heap: list[tuple[int, int]] = [(0, at) for at in range(min(most, len(ordered)))]
    groups: list[list[str]] = [[] for _ in heap]
    for name in ordered:
        load, at = heapq.heappop(heap)
        groups[at].append(name)
        heapq.heappush(heap, (load + (sizes.get(name) or 1), at))
    return groups


def named(group: Sequence[str]) -> str:
    """How a shard is called where people see it.

    >>> named(["farmer-d"]), named(["farmer-d", "beck-s", "lokay-m"])
    ('farmer-d', 'farmer-d and 2 more')
    """
    return group[0] if len(group) == 1 else f"{group[0]} and {len(group) - 1} more"
