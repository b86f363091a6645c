"""What goes wrong with a provider, drawn from a seed: the same plan gives the same kinds of trouble in the same shares."""

from __future__ import annotations

import random
import threading
from dataclasses import dataclass, field, fields
from enum import StrEnum


class Fault(StrEnum):
    """What becomes of one answer."""

    THROTTLE = "throttle"
    UNAVAILABLE = "unavailable"
    CUT = "cut"
    """The connection ends in the middle of the body."""
    TRUNCATED = "truncated"
    """A whole body of half a document."""
    SLOW = "slow"
    """The body trickles."""


RETRY_AFTER = ("right", "none", "zero", "date", "useless")
"""What a throttled answer says of when to come back; `useless` is always a second, however long it takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FaultPlan:
    """Shares are of all answers, each in [0, 1]. `after` counts requests of the whole simulation."""

    seed: int = 0
    throttle: float = 0.0
    retry_after: str = "right"
    unavailable: float = 0.0
    cut: float = 0.0
    truncated: float = 0.0
    slow: float = 0.0
    slow_seconds: float = 0.3
    token_requests: int = 0
    """A token is refused after so many requests (0: never), as if it had expired or had been revoked."""
    token_seconds: int = 3599
    """What a token says of how long it lasts."""
    lost_cursor: float = 0.0
    """Share of follow-up requests (delta, history) whose cursor the provider has forgotten."""
    duplicates: float = 0.0
    """Share of the items of a page that are on it twice, or on the next one again."""
    reordered: bool = False
    """Items of a page come in any order, where the provider promises none."""
    deleted_meanwhile: float = 0.0
    """Share of messages that are deleted between being listed and being read."""
    vanishing: tuple[str, ...] = ()
    """Mailboxes that are gone after `vanish_after` requests to them."""
    vanish_after: int = 5
    unlicensed: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    """Mailboxes that answer nothing but errors."""
    sluggish: tuple[str, ...] = ()
    """Mailboxes of which each answer takes `slow_seconds`."""

    @staticmethod
    def drawn(seed: int) -> FaultPlan:
        """A plan at random, in which everything may happen at once but a request still succeeds three times in four."""
        chance = random.Random(seed)

        def share(most: float) -> float:
            return chance.choice((0.0, chance.uniform(0, most)))

        return FaultPlan(
            seed=seed,
            throttle=share(0.08),
            retry_after=chance.choice(RETRY_AFTER),
            unavailable=share(0.06),
            cut=share(0.06),
            truncated=share(0.05),
            slow=share(0.03),
            slow_seconds=0.05,
            token_requests=chance.choice((0, chance.randint(10, 60))),
            lost_cursor=share(0.5),
            duplicates=share(0.3),
            reordered=chance.random() < 0.5,
            deleted_meanwhile=share(0.05),
        )

    def said(self) -> str:
        """What of it differs from nothing going wrong."""
        plain = FaultPlan()
        changed = {
            f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != getattr(plain, f.name)
        }
        return ", ".join(f"{name}={value}" for name, value in changed.items()) or "no faults"


@dataclass(slots=True)
class Dice:
    """A plan being carried out, with counts of what was done."""

    plan: FaultPlan
    done: dict[str, int] = field(default_factory=dict)
    _chance: random.Random = field(init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._chance = random.Random(self.plan.seed)

    def next_fault(self) -> Fault | None:
        """What becomes of the next answer."""
        with self._lock:
            drawn = self._chance.random()
            for fault in Fault:
                share = getattr(self.plan, fault.value)
                if drawn < share:
                    self.done[fault] = self.done.get(fault, 0) + 1
                    return fault
                drawn -= share
        return None

    def happens(self, name: str, share: float) -> bool:
        """Whether something of this share happens now."""
        with self._lock:
            if share and self._chance.random() < share:
                self.done[name] = self.done.get(name, 0) + 1
                return True
        return False

    def shuffled(self, items: list[object]) -> None:
        """Puts a page's items in any order."""
        with self._lock:
            self._chance.shuffle(items)
