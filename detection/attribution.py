"""Reasons: what made a decision, in sentences that say nothing but what the message, its signals and the facts hold."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Protocol

import numpy as np

from detection.baselines.facts import (
    own_name_address,
    party_first,
    party_messages,
    party_recipients,
    variant_first_site,
    variant_messages,
)
from detection.baselines.values import FactValues
from detection.detectors.registry import DETECTORS, Detector, Reason
from detection.mail.batch import COLUMNS, Level, LinkFlag, MessageBatch
from detection.mail.domains import site_of
from detection.mail.lookalike import describe
from detection.signals.values import SignalValues

Names = Callable[[int], str | None]
"""Text of a key of `detection.keys` (an address or a domain), None where it is not known."""

LookUp = Callable[[MessageBatch], FactValues]
"""The facts of a batch as they stand when a decision is explained."""

MOST_REASONS = 8
LEAST_SHARE = 0.3
"""Share in the decision, relative to the greatest, from which a detector has something to say."""

TEXTS = (
    *("sender", "sender_name", "sender_domain", "reply_to", "link_host"),
    *("own_address", "lookalike_domain", "lookalike_difference", "lookalike_history"),
)
"""Texts that a reason can quote beside the numbers of its signals."""


class Part(Protocol):
    """One detector's part in a decision."""

    @property
    def name(self) -> str: ...

    @property
    def share(self) -> float: ...


@dataclass(frozen=True, slots=True)
class Known:
    """What sentences may be about besides the message: facts at its time, names of keys, and facts of other domains."""

    facts: FactValues | None = None
    names: Names | None = None
    look_up: LookUp | None = None


def reasons_of(
    batch: MessageBatch,
    signals: SignalValues,
    row: int,
    parts: Sequence[Part],
    leading: int = -1,
    known: Known = Known(),
) -> tuple[str, ...]:
    """The sentences that one message supports, weightiest first, of the detectors that share in the decision."""
    values = signals.of(row)
    texts = _Texts(batch, row, known)
    heard: dict[int, float] = {}
    reasons: dict[int, Reason] = {}
    least = LEAST_SHARE * max(part.share for part in parts)
    for at, part in enumerate(parts):
        if part.share < least:
            continue
        # What the naming detector says comes first.
        share = 2.0 if at == leading else part.share
        for reason in DETECTORS[part.name].reasons:
            # Detectors share reasons: each is looked at once.
            which = id(reason)
            weight = reason.weight * share
            if which not in heard:
                reasons[which] = reason
                heard[which] = weight
            elif weight > heard[which]:
                heard[which] = weight
    written: dict[str, float] = {}
    for which, reason in reasons.items():
        sentence = sentence_of(reason, values, texts)
        if sentence is not None:
            written[sentence] = max(written.get(sentence, 0.0), heard[which])
    return tuple(sorted(written, key=lambda sentence: -written[sentence]))[:MOST_REASONS]


def sentence_of(reason: Reason, values: Mapping[str, float], texts: Mapping[str, str | None]) -> str | None:
    """The reason as a sentence; None when the values do not support it (an unknown value supports nothing)."""
    for signal, low, high in reason.when:
        if not low <= values[signal.name] <= high:
            return None
    for template in (reason.text, reason.otherwise):
        sentence = _written(template, values, texts) if template else None
        if sentence is not None:
            return sentence
    return None


def _written(template: str, values: Mapping[str, float], texts: Mapping[str, str | None]) -> str | None:
    """The template filled in; None when something that it quotes is not known."""
    written = []
    for literal, name, how in _pieces(template):
        written.append(literal)
        if not name:
            continue
        if name in values:
            number = values[name]
            if math.isnan(number):
                return None
            written.append(counted(number, how) if how[:1].isalpha() else format(number, how))
        else:
            text = texts[name]
            if not text:
                return None
            written.append(text)
    return "".join(written)


def explaining(detector: Detector) -> set[str]:
    """Names that the reasons of a detector quote; each must be one of its signals or of `TEXTS`."""
    return {name for r in detector.reasons for template in (r.text, r.otherwise) for name in fields_of(template)}


def fields_of(template: str) -> tuple[str, ...]:
    """Names that a template quotes."""
    return tuple(name for _, name, _ in _pieces(template) if name)


@cache
def _pieces(template: str) -> tuple[tuple[str, str, str], ...]:
    """A template as (text before, name quoted or nothing, format): `str.format`, but the format of a number may also be a
    noun, as in `{lure_task:such phrase}`."""
    return tuple((text, name or "", how or "") for text, name, how, _ in string.Formatter().parse(template))


def counted(number: float, noun: str) -> str:
    """A number with its noun; an irregular plural stands behind a bar.

    >>> counted(1, "such phrase"), counted(1200, "such phrase"), counted(2, "person|people")
    ('1 such phrase', '1,200 such phrases', '2 people')
    """
    one, _, many = noun.partition("|")
    rounded = round(number)
    return f"{rounded:,} {one if rounded == 1 else many or one + 's'}"


# --- texts -------------------------------------------------------------------------------------------------------


def texts_of(batch: MessageBatch, row: int, known: Known = Known()) -> dict[str, str | None]:
    """The texts of one message by the names of `TEXTS`; None where not known."""
    texts = _Texts(batch, row, known)
    return {name: texts[name] for name in TEXTS}


class _Texts(dict[str, "str | None"]):
    """The texts of one message, each made when a sentence first quotes it."""

    def __init__(self, batch: MessageBatch, row: int, known: Known) -> None:
        super().__init__()
        self._batch, self._row, self._known = batch, row, known

    def __missing__(self, name: str) -> str | None:
        batch, row, known = self._batch, self._row, self._known
        if name == "link_host":
            self[name] = quotable(_foremost_link(batch, row))
        elif name in _QUOTED_COLUMNS:
            self[name] = quotable(getattr(batch, name)[row])
        elif name not in TEXTS:
            raise KeyError(name)
        elif known.facts is None or known.names is None:
            self[name] = None
        elif name == "own_address":
            self[name] = _named(known.names, int(known.facts[own_name_address][row]))
        else:
            self.update(
                zip(_LOOKALIKE, _lookalike_texts(batch, row, known.facts, known.names, known.look_up), strict=True)
            )
        return self[name]


_QUOTED_COLUMNS = ("sender", "sender_name", "sender_domain", "reply_to")
_LOOKALIKE = ("lookalike_domain", "lookalike_difference", "lookalike_history")


def _lookalike_texts(
    batch: MessageBatch, row: int, facts: FactValues, names: Names, look_up: LookUp | None
) -> tuple[str | None, str | None, str | None]:
    """Of several domains that the sender's resembles, the best known one whose resemblance can be said: its name, what
    differs, and what is known of it."""
    for site in _imitated(batch, row, facts):
        domain = _named(names, site)
        difference = describe(site_of(batch.sender_domain[row]), domain) if domain else "is unlike it"
        if domain and difference != "is unlike it":
            history = look_up and history_of(site, int(batch.time[row]), look_up)
            return domain, quotable(difference), history or "was there before it"
    return None, None, None


def history_of(site: int, time: int, look_up: LookUp) -> str | None:
    """What is known of a domain (by key) before a moment, to follow its name; None when it never wrote.

    It reads as "has written to 14 of your people since 2024-03".
    """
    facts = look_up(_asking_for(site, time))
    first, people, messages = (int(facts[fact][0]) for fact in (party_first, party_recipients, party_messages))
    if messages <= 0 or people <= 0 or not 0 < first <= time:
        return None
    since = datetime.fromtimestamp(first, tz=UTC)
    return f"has written to {counted(people, 'person|people')} since {since:%Y-%m}"


def quotable(text: str, longest: int = 80) -> str | None:
    """Text from a mail made fit for a sentence: printable, one line, cut; None when nothing remains.

    >>> quotable("a\\u202eb\\n")
    'ab'
    """
    clean = "".join(c for c in text if c.isprintable()).strip()
    return (clean if len(clean) <= longest else clean[: longest - 1] + "…") or None


def _asking_for(site: int, time: int) -> MessageBatch:
    """A message of nothing but a sender at a domain: looked up, it tells what is known of that domain."""
    row: dict[str, Any] = {name: _EMPTY[name] for name, _, _ in COLUMNS}
    row |= {"time": time, "sender_party_key": site, "sender_site_key": site}
    return MessageBatch.from_rows([row])


_EMPTY: dict[str, Any] = {
    name: () if level is not Level.MESSAGE else "" if str(kind) == "string" else 0 for name, kind, level in COLUMNS
}


def _foremost_link(batch: MessageBatch, row: int) -> str:
    """The host of the link that stands out most: by the number of its oddities, away from the sender's own site."""
    start, stop = (int(batch.offsets[Level.LINK][i]) for i in (row, row + 1))
    best, host = -1, ""
    for i in range(start, stop):
        odd = (int(batch.link_flags[i]) & ~int(LinkFlag.PLAIN_HTTP)).bit_count() * 2
        odd += int(batch.link_site_key[i] != batch.sender_site_key[row])
        if batch.link_host[i] and odd > best:
            best, host = odd, batch.link_host[i]
    return host


def _imitated(batch: MessageBatch, row: int, facts: FactValues) -> Iterator[int]:
    """Keys of the domains that were there first with a look-alike form of the sender's, the best known form first."""
    start, stop = (int(batch.offsets[Level.VARIANT][i]) for i in (row, row + 1))
    own = int(batch.sender_site_key[row])
    sites = facts[variant_first_site].view(np.uint64)
    others = {int(sites[i]): int(facts[variant_messages][i]) for i in range(start, stop)}
    found = [(messages, site) for site, messages in others.items() if messages > 0 and site not in (0, own)]
    return iter(site for _, site in sorted(found, reverse=True))


def _named(names: Names, key: int) -> str | None:
    key &= (1 << 64) - 1
    return quotable(names(key) or "") if key not in (0, (1 << 64) - 1) else None
