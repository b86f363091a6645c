"""How fast a provider may be asked: a sliding window of what was spent, shared by every worker process of a machine.

A provider allows so many units in so many seconds, by app and by mailbox. What was spent lies in a small file for each
such budget, in 62 slots of a sixtieth of the window; a slot is spent from under the file's lock. Why this and not

* a token bucket: to keep a window of 10,000 in 10 minutes whole, a bucket's burst has to come off its rate; a small mailbox
  wants the burst, a large one the rate. Slots give both: all at once, and 60/62 = 97% of the rate for ever.
* a table in the database: a request would cost a transaction, and on SQLite the one write lock that recording pages needs.
* a server process: one more thing to run, and to die. The lock of a file (flock) ends with the process that held it,
  however that died, and the state survives a restart: quota that was spent stays spent.

A provider may allow less than it documents, and workers on several machines do not share the file. So what is allowed is
learned: at a refusal for speed, what was spent in the window is what the provider allows. From then on nearly that much is
used, and a little more is tried once in a while, after a pause that doubles with each try that is refused (TCP's window goes
back to where it was cut and probes from there in the same way: RFC 9438). A refusal while little was spent says nothing of
the limit: the share is lowered and comes back soon (additive increase, multiplicative decrease: Chiu and Jain 1989).

Not every refusal is for speed: a provider in trouble refuses one request in twenty however slowly it is asked. Where refusals
came while little was spent and most of what was asked was granted all the same, asking less would help nothing: then only the
time is kept that a refusal asks for, until there is a whole window without any, or until most is refused.
"""

from __future__ import annotations

import fcntl
import math
import os
import re
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path

SLOTS = 62
"""Sixty for the window; one that is being filled, and one for requests that are on their way."""
_PER_WINDOW = 60

DECREASE = 0.85
INCREASE = 0.02
LEAST_SHARE = 0.02

TELLING = 0.2
"""A refusal with less than this of the allowance spent is not taken for its limit."""
LATELY = 1 / 32
"""Weight of one request in the share of them that was refused lately (an exponentially weighted mean)."""
MANY = 0.3
"""With this share refused lately, it is for speed, whatever was spent."""
CUTS = 2.5
"""With more refusals than this around a limit that was found it is none: it was kept to, so that its refusals had to end."""
CUTS_WINDOWS = 10
"""Windows after which one counts a third (1/e). Tries beyond a limit are further apart than to come to `CUTS`."""
BELOW = 0.97
"""Of what a provider was found to allow, so much is used."""
PROBE = 0.05
"""So much more of the allowance is tried, when it is."""
FIRST_PROBE = 4
"""Windows until then, at first."""
MOST_PROBES = 5
"""Doublings of that pause."""

AT_ONCE = 0.25
"""So much of the allowance may be spent at a stroke, which is all that a small mailbox needs. The rest is handed out evenly: how
much is on its way when a limit nobody knew of is met is how much is refused."""
EVENLY = 1.25
"""A slot's part of the allowance, times this, is what a slot may then have."""

_STATE = struct.Struct(f"<8sqddddddddII{SLOTS}I")
_MAGIC = b"gh-pace4"
_NEVER = -1e12


@dataclass(frozen=True, slots=True)
class Allowance:
    """At most `units` in any `seconds`. A unit is what the provider counts: requests, or quota units."""

    units: int
    seconds: float

    @property
    def slot_seconds(self) -> float:
        return self.seconds / _PER_WINDOW


@dataclass(slots=True)
class _Spent:
    newest: int
    """Number of the slot being filled: monotonic time in slots."""
    closed_until: float
    share: float
    raised: float
    """When the share was last changed."""
    ceiling: float
    """The share at which the provider refused, as far as is known; 1.0: it allows what it says."""
    refused: float
    """Share of the requests that were refused lately."""
    odd: float
    """When a refusal came last that was not for speed."""
    cuts: float
    """Refusals at or below the ceiling, with requests granted between; an older one counts less."""
    cut: float
    """When it was last."""
    probes: int
    """Tries beyond the ceiling that were refused, one after the other."""
    strikes: int
    slots: list[int]


@dataclass(frozen=True, slots=True)
class Grant:
    """What may be spent now (`units`, 0 for none), and in how many seconds it is worth asking again."""

    units: int
    wait: float = 0.0


@dataclass(frozen=True, slots=True)
class SharedPace:
    """One budget: the allowance and the file that holds what was spent of it. Used from many threads and processes."""

    path: Path
    allowance: Allowance
    now: Callable[[], float] = field(default=time.monotonic)
    """One clock for all processes of a machine; it begins anew when the machine does, and the file is then void."""

    def take(self, wanted: int, least: int | None = None) -> Grant:
        """Spends up to `wanted` units, or none when not even `least` (by default all of them) are free."""
        least = wanted if least is None else least
        with self._held() as spent:
            at = self._advance(spent)
            if spent.closed_until > at:
                return Grant(0, spent.closed_until - at)
            allowed = max(int(self.allowance.units * spent.share), 1)
            used, here = sum(spent.slots), spent.slots[spent.newest % SLOTS]
            free, least = allowed - used, min(least, allowed)
            if free < least:
                return Grant(0, self._until_free(spent, least - free, at))
            evenly = max(int(EVENLY * allowed / _PER_WINDOW), least)
            now = max(int(AT_ONCE * self.allowance.units) - used, evenly - here)
            if now < least:
                return Grant(0, (spent.newest + 1) * self.allowance.slot_seconds - at)
            granted = min(wanted, max(min(free, now), 1))
            spent.slots[spent.newest % SLOTS] += granted
            return Grant(granted)

    def refused(self, wait: float, *, units: int = 0, overspent: bool = True, requests: int = 1) -> None:
        """The provider refused `units` of so many requests: nobody asks for `wait` seconds; and if it was for speed, less is
        spent from now on.

        Refusals of requests that were on their way together count once: many side by side would else close it for minutes.
        """
        with self._held() as spent:
            at = self._advance(spent)
            fresh = at > spent.closed_until
            spent.closed_until = max(spent.closed_until, at + wait)
            spent.strikes += fresh
            here = spent.newest % SLOTS
            spent.slots[here] = max(0, spent.slots[here] - units)
            spent.refused = 1 - (1 - spent.refused) * (1 - LATELY) ** requests
            if overspent:
                self._learn(spent, fresh, at)

    def _learn(self, spent: _Spent, fresh: bool, at: float) -> None:
        """What a refusal says of the limit: that it is what was spent until now, when that was much."""
        used = sum(spent.slots) / self.allowance.units
        many = spent.refused >= MANY
        if (used >= TELLING or spent.ceiling < 1.0) and self._in_vain(spent, fresh, many, at):
            spent.ceiling, spent.probes, spent.share, spent.raised, spent.odd = 1.0, 0, 1.0, at, at
            return
        if used >= TELLING and (many or at - spent.odd > self.allowance.seconds):
            spent.ceiling = min(spent.ceiling, used)
            spent.probes = min(spent.probes + fresh, MOST_PROBES)
            spent.share = max(min(spent.share, BELOW * spent.ceiling), spent.share / 2)
        elif not fresh:
            return
        elif many or (used < TELLING and spent.share >= 1.0):
            spent.share = max(LEAST_SHARE, spent.share * DECREASE)
        else:
            spent.odd = at
            return
        if fresh:
            spent.raised = at

    def _in_vain(self, spent: _Spent, fresh: bool, many: bool, at: float) -> bool:
        """Notes a refusal at or below a limit that was found; whether there were so many that it is not speed that is refused."""
        if not fresh or many or spent.strikes != 1:
            return False
        spent.cuts = 1.0 + spent.cuts * math.exp((spent.cut - at) / (CUTS_WINDOWS * self.allowance.seconds))
        spent.cut = at
        return spent.cuts >= CUTS

    def strikes(self) -> int:
        """Refusals since something was last granted by the provider."""
        with self._held() as spent:
            return spent.strikes

    def accepted(self, requests: int = 1) -> None:
        """The provider answered so many requests: what was lowered rises again, soon up to what the provider is known to allow
        (by a fiftieth for each sixtieth of the window), and slowly beyond."""
        with self._held() as spent:
            at = self._advance(spent)
            spent.strikes = 0
            spent.refused *= (1 - LATELY) ** requests
            if spent.share >= 1.0:
                return
            known = 1.0 if spent.ceiling >= 1.0 else BELOW * spent.ceiling
            waited = at - spent.raised
            if spent.share < known:
                if waited >= self.allowance.slot_seconds:
                    spent.share, spent.raised = min(known, spent.share + INCREASE), at
            elif waited >= self.allowance.seconds * FIRST_PROBE * 2 ** max(spent.probes - 1, 0):
                spent.ceiling = min(1.0, spent.ceiling + PROBE)
                spent.probes = max(spent.probes - 1, 0)
                spent.share, spent.raised = min(1.0, BELOW * spent.ceiling), at

    def share(self) -> float:
        """The share of the allowance that is in use, 1.0 when nothing was refused lately."""
        with self._held() as spent:
            return spent.share

    def _advance(self, spent: _Spent) -> float:
        """Empties the slots that have left the window."""
        at = self.now()
        number = int(at / self.allowance.slot_seconds)
        for passed in range(max(spent.newest + 1, number - SLOTS + 1), number + 1):
            spent.slots[passed % SLOTS] = 0
        spent.newest = max(number, spent.newest)
        return at

    def _until_free(self, spent: _Spent, missing: int, at: float) -> float:
        """Seconds until `missing` more units have left the window."""
        width = self.allowance.slot_seconds
        for number in range(spent.newest - SLOTS + 1, spent.newest + 1):
            missing -= spent.slots[number % SLOTS]
            if missing <= 0:
                return max((number + SLOTS) * width - at, 0.001)
        return width

    @contextmanager
    def _held(self) -> Iterator[_Spent]:
        """What was spent, under the lock; written back at the end."""
        try:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except FileNotFoundError:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            spent = self._read(os.pread(descriptor, _STATE.size, 0))
            yield spent
            packed = _STATE.pack(
                _MAGIC,
                spent.newest,
                spent.closed_until,
                spent.share,
                spent.raised,
                spent.ceiling,
                spent.refused,
                spent.odd,
                spent.cuts,
                spent.cut,
                spent.strikes,
                spent.probes,
                *spent.slots,
            )
            os.pwrite(descriptor, packed, 0)
        finally:
            os.close(descriptor)  # which gives the lock back

    def _read(self, packed: bytes) -> _Spent:
        at = self.now()
        number = int(at / self.allowance.slot_seconds)
        if len(packed) == _STATE.size:
            magic, newest, closed, share, raised, ceiling, refused, odd, cuts, cut, strikes, probes, *slots = (
                _STATE.unpack(packed)
            )
            # A time ahead of the clock is from before the machine was started anew.
            if magic == _MAGIC and newest <= number and raised <= at and closed <= at + 3600 and 0 < share <= 1:
                return _Spent(newest, closed, share, raised, ceiling, refused, odd, cuts, cut, probes, strikes, slots)
        return _Spent(number, 0.0, 1.0, at, 1.0, 0.0, _NEVER, 0.0, at, 0, 0, [0] * SLOTS)


def pace_file(folder: Path, app: str, budget: str) -> Path:
    """Where a budget of an app lies: readable in part, and a valid file name for any address.

    >>> pace_file(Path("/p"), "graph app", "ann@acme.example").name
    'ann-acme-example-acb8095a.pace'
    """
    return folder / _file_name(app) / f"{_file_name(budget)}.pace"


def _file_name(text: str) -> str:
    digest = blake2b(text.encode("utf-8", "surrogateescape"), digest_size=4).hexdigest()
    return f"{re.sub(r'[^a-z0-9]+', '-', text.lower()).strip('-')[:40]}-{digest}"
