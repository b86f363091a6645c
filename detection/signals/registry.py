"""Signals are declared by decorating a function; the registry is their catalogue.

A signal's name is its function's name, its docstring is its documentation, and it is a function of the message's
columns and of the facts about its keys, never of the clock, the tenant's identity or another message.

Alike signals are declared together, as a family: one function gives the values of all its members as one matrix,
float64[members, n]. That is what keeps one message fast, where the cost is the number of array operations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from detection.baselines.values import FactValues
from detection.mail.batch import Floats, MessageBatch
from detection.signals.context import Context
from detection.signals.unread import unread_of, without_body
from detection.signals.values import Asked, RowIndex, SignalValues

Compute = Callable[[MessageBatch, Context], npt.NDArray[Any]]


class SignalLevel(StrEnum):
    """What a signal speaks of."""

    MESSAGE = "message"
    LINKS = "links"
    ATTACHMENTS = "attachments"
    AUTHENTICATION = "authentication"
    SENDER = "sender"
    RECIPIENT = "recipient"
    RELATIONSHIP = "relationship"
    IDENTITY = "identity"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True)
class Signal:
    """A named number of one message in its context. Values are float64; NaN means unknown, which is not zero."""

    name: str
    level: SignalLevel
    unit: str
    low: float
    high: float
    doc: str
    compute: Compute

    def __call__(self, batch: MessageBatch, facts: FactValues) -> Floats:
        """The signal of every message of the batch, float64[n]."""
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.asarray(self.compute(batch, Context(batch, facts)), dtype=np.float64)
        unread = unread_of(batch)
        return values if unread is None else without_body(values[None, :], [self.name], [self.level], unread)[0]


@dataclass(frozen=True, slots=True)
class Member:
    """One signal of a family, as it is declared."""

    name: str
    unit: str
    doc: str
    low: float = 0.0
    high: float = float("inf")
    level: SignalLevel | None = None
    """Where it is not the family's."""


@dataclass(frozen=True, slots=True)
class Family:
    """Signals that are computed together; `compute` gives float64[members, n] in the order of `names`."""

    names: tuple[str, ...]
    compute: Compute


SIGNALS: dict[str, Signal] = {}
"""Every signal by name, in the order of declaration."""

ROWS = RowIndex()
"""The row of each signal in the matrix of all: families in the order of declaration, their members in theirs."""

_NOWHERE = "no kind of attack has it more or less often than ordinary mail, on simulated mail and on three archives"
_REPEATED = {
    "account_parties_most": "account_party_messages",
    "attachment_bytes": "attachment_count",
    "attachment_copies_parties": "attachment_copies_seen",
    "attachment_party_type_messages_least": "attachment_type_messages_least",
    "link_new_to_party_share": "link_new_sites",
    "link_site_messages_least": "link_site_youngest_days",
    "list_messages": "mailing_list",
    "reply_to_as_sender": "reply_to_written_to",
    "reply_to_senders": "reply_to_written_to",
    "site_pair_messages": "site_messages",
    "tenant_age_days": "tenant_messages",
    "tenant_senders": "tenant_messages",
    "thread_messages": "reference_count",
    "wrote_to_reply_to_site": "reply_to_written_to",
}
DROPPED: dict[str, str] = dict.fromkeys(
    (
        *("account_is_own", "attachment_calendar", "defect_broken_encoded_word", "defect_broken_encoding"),
        *("defect_broken_mime", "defect_duplicate_header", "defect_no_date", "defect_no_from"),
        *("defect_unknown_charset", "message_id_missing", "name_domain_messages"),
    ),
    _NOWHERE,
) | {
    name: "correlates by more than 0.995 with another wherever it varies, on simulated mail and on a company's archive, "
    f"each with rehearsed attacks; what is kept instead is `{other}`"
    for name, other in _REPEATED.items()
}
"""Signals that were tried and dropped, with what showed that they are of no use: so that nobody tries them again."""

FAMILIES: list[Family] = []
"""What has to be computed to have every signal; a signal that stands alone is a family of one."""


def signal(level: SignalLevel, unit: str, low: float = 0.0, high: float = float("inf")) -> Callable[[Compute], Signal]:
    """Declares a function to be a signal with values in [low, high] (or NaN).

    Raises ValueError at import when the name is taken or the docstring is missing.
    """

    def declare(compute: Compute) -> Signal:
        name = compute.__name__
        _add(Signal(name, level, unit, low, high, (compute.__doc__ or "").strip(), compute))

        def compute_family(batch: MessageBatch, context: Context) -> npt.NDArray[Any]:
            return np.asarray(compute(batch, context), dtype=np.float64)[None, :]

        FAMILIES.append(Family((name,), compute_family))
        return SIGNALS[name]

    return declare


def family(level: SignalLevel, *members: Member) -> Callable[[Compute], Family]:
    """Declares a function to give several signals at once, as float64[members, n] in the order of `members`.

    Raises ValueError at import when a name is taken or a member has no documentation.
    """

    def declare(compute: Compute) -> Family:
        for index, member in enumerate(members):
            speaks_of = member.level or level
            _add(Signal(member.name, speaks_of, member.unit, member.low, member.high, member.doc, _row(compute, index)))
        FAMILIES.append(Family(tuple(member.name for member in members), compute))
        return FAMILIES[-1]

    return declare


def compute_signals(batch: MessageBatch, facts: FactValues) -> SignalValues:
    """Every declared signal of every message of the batch, a family of them computed when one is first asked for."""
    context = Context(batch, facts)
    unread = unread_of(batch)

    def compute(number: int) -> npt.NDArray[Any]:
        values = FAMILIES[number].compute(batch, context)
        if unread is None:
            return values
        names = FAMILIES[number].names
        return without_body(values, names, [SIGNALS[name].level for name in names], unread)

    matrix = np.empty((len(ROWS), len(batch)))
    return SignalValues(Asked(matrix, ROWS, _starts(len(FAMILIES)), compute, _families_of))


@cache
def _starts(declared: int) -> tuple[int, ...]:
    """The row in which each of the families declared so far begins."""
    return tuple(ROWS[family.names[0]] for family in FAMILIES[:declared])


@cache
def _families_of(names: tuple[str, ...]) -> frozenset[int]:
    """Positions in `FAMILIES` of those that some signals belong to."""
    return frozenset(number for number, family in enumerate(FAMILIES) if not set(names).isdisjoint(family.names))


def catalogue() -> str:
    """Every signal with its unit, range and meaning, by level, as text for people."""
    lines = []
    for level in SignalLevel:
        chosen = [s for s in SIGNALS.values() if s.level is level]
        lines.append(f"{level} ({len(chosen)} signals)")
        lines.extend(f"  {s.name} [{s.unit}, {s.low:g} to {s.high:g}]\n      {_one_line(s.doc)}" for s in chosen)
    return "\n".join(lines)


def markdown_catalogue() -> str:
    """The same as a page in Markdown, with what was dropped: `docs/signals.md`."""
    lines = [
        "# Signals",
        "",
        f"{len(SIGNALS)} named numbers of a message in its context, in {len(SignalLevel)} levels, computed as {len(FAMILIES)} "
        "families. An unknown value is a value of its own (NaN), never the harmless one. This page is written by "
        "`gatehouse signals --markdown`; `gatehouse signals --report TENANT` shows what each is worth on a tenant's mail.",
    ]
    for level in SignalLevel:
        chosen = [s for s in SIGNALS.values() if s.level is level]
        lines += [
            "",
            f"## {str(level).capitalize()} ({len(chosen)})",
            "",
            "| signal | unit | range | meaning |",
            "|---|---|---|---|",
        ]
        lines += [
            f"| `{s.name}` | {s.unit} | {s.low:g} to {'any' if s.high == float('inf') else f'{s.high:g}'} | {_one_line(s.doc)} |"
            for s in chosen
        ]
    lines += [
        "",
        f"## Dropped ({len(DROPPED)})",
        "",
        "Tried, and found to tell no kind of attack from ordinary mail on any corpus, or nothing that another does not say.",
    ]
    lines += ["", *(f"* `{name}`: {why}" for name, why in DROPPED.items())] if DROPPED else []
    return "\n".join(lines) + "\n"


def _add(declared: Signal) -> None:
    if declared.name in SIGNALS:
        raise ValueError(f"signal {declared.name} is declared twice: it is a signal of level {declared.level} already")
    if not declared.doc:
        raise ValueError(f"signal {declared.name} has no documentation: say in one line what it measures")
    SIGNALS[declared.name] = declared
    ROWS.add(declared.name)


def _row(compute: Compute, index: int) -> Compute:
    def compute_member(batch: MessageBatch, context: Context) -> npt.NDArray[Any]:
        return np.asarray(compute(batch, context)[index])

    return compute_member


def _one_line(text: str) -> str:
    return " ".join(text.split())
