"""From scores to decisions: tail probabilities against certified thresholds, and the reasons in words."""

from __future__ import annotations

import math
import string
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

import numpy as np

from detection.baselines.facts import own_name_address, variant_first_site, variant_messages
from detection.baselines.values import FactValues
from detection.detectors.registry import DETECTORS, AttackKind, Detector, Reason
from detection.engine import Scores
from detection.mail.batch import Bools, Floats, Ints, Level, LinkFlag, MessageBatch
from detection.mail.domains import site_of
from detection.mail.lookalike import describe


class Verdict(StrEnum):
    """What the engine says of a message. `suspicious` never moves mail."""

    SAFE = "safe"
    SUSPICIOUS = "suspicious"
    ATTACK = "attack"


class Calibration(Protocol):
    """What a decision needs of a tenant's calibration (`detection.calibration`)."""

    @property
    def detectors(self) -> Sequence[str]:
        """Names of the detectors it was made for, in the order of its rows."""
        ...

    @property
    def attack_threshold(self) -> float:
        """A combined number at or below this is an attack."""
        ...

    @property
    def suspicious_threshold(self) -> float:
        """A combined number at or below this is suspicious."""
        ...

    def tail_probabilities(self, scores: Floats) -> Floats:
        """float64[detectors, n]: share of the tenant's benign mail that scores at least this high."""
        ...

    def shares(self, tails: Floats) -> Floats:
        """float64[detectors, n]: each tail probability over its detector's weight."""
        ...

    def combined(self, tails: Floats) -> Floats:
        """float64[n]: the minimum over the detectors of `shares`."""
        ...

    def rarity(self, combined: Floats) -> Floats:
        """float64[n] in (0, 1]: share of the tenant's benign campaigns whose combined number is at most this."""
        ...


class CalibrationMismatchError(ValueError):
    """Scores and calibration are not of the same detectors: the tenant has to be calibrated again."""


@dataclass(frozen=True, slots=True)
class DetectorDecision:
    """One detector's part: its score, what that means for the tenant, its share in the decision (shares add to 1)."""

    name: str
    score: float
    tail_probability: float
    share: float


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict on one message; `kind` is None for safe mail.

    `tail_probability` is the share of the tenant's benign campaigns that look at least this suspicious, all detectors taken
    together.
    """

    verdict: Verdict
    kind: AttackKind | None
    tail_probability: float
    detectors: tuple[DetectorDecision, ...]
    reasons: tuple[str, ...]


Names = Callable[[int], str | None]
"""Text of a key of `detection.keys` (an address or a domain), None where it is not known."""

MOST_REASONS = 8


def decide(
    batch: MessageBatch,
    scores: Scores,
    calibration: Calibration,
    *,
    facts: FactValues | None = None,
    names: Names | None = None,
    explain_all: bool = False,
) -> list[Decision]:
    """A decision for every message of the batch.

    Reasons are written for messages that are not safe, for all with `explain_all`; they need `scores.signals`. With
    `facts` and `names` they can say whose name or domain was imitated.
    Raises CalibrationMismatchError when the calibration was made for other detectors.
    """
    if tuple(calibration.detectors) != scores.detectors:
        raise CalibrationMismatchError(
            f"this calibration is for the detectors {', '.join(calibration.detectors)}, the engine has "
            f"{', '.join(scores.detectors)}: calibrate the tenant again with this engine"
        )
    tails = calibration.tail_probabilities(scores.values)
    combined = calibration.combined(tails)
    attack, suspicious = verdicts(combined, calibration)
    rarity = calibration.rarity(combined).tolist()
    weighted = calibration.shares(tails)
    leading = _leading(scores.values, weighted, combined).tolist()
    columns = (scores.values.T.tolist(), tails.T.tolist(), _shares(weighted).T.tolist())
    decisions = []
    for row, (values, probabilities, shares) in enumerate(zip(*columns, strict=True)):
        verdict = Verdict.ATTACK if attack[row] else Verdict.SUSPICIOUS if suspicious[row] else Verdict.SAFE
        parts = tuple(map(DetectorDecision, scores.detectors, values, probabilities, shares))
        flagged = verdict is not Verdict.SAFE
        decisions.append(
            Decision(
                verdict=verdict,
                kind=DETECTORS[scores.detectors[leading[row]]].kind if flagged else None,
                tail_probability=rarity[row],
                detectors=parts,
                reasons=reasons_of(batch, scores, row, parts, leading[row], facts, names)
                if flagged or explain_all
                else (),
            )
        )
    return decisions


def verdicts(combined: Floats, calibration: Calibration) -> tuple[Bools, Bools]:
    """Attack and suspicious by message (an attack is suspicious as well): the decision without its words, in bulk."""
    attack = combined <= calibration.attack_threshold
    return attack, attack | (combined <= calibration.suspicious_threshold)


def reasons_of(
    batch: MessageBatch,
    scores: Scores,
    row: int,
    parts: Sequence[DetectorDecision],
    leading: int = -1,
    facts: FactValues | None = None,
    names: Names | None = None,
) -> tuple[str, ...]:
    """The sentences that one message supports, weightiest first, of the detectors that share in the decision."""
    if scores.signals is None:
        raise ValueError("reasons are made of signals, and these scores were computed without keeping them")
    values = scores.signals.at(row)
    texts = texts_of(batch, row, facts, names)
    written: dict[str, float] = {}
    least = 0.3 * max(part.share for part in parts)
    for at, part in enumerate(parts):
        if part.share < least:
            continue
        # What the naming detector says comes first.
        share = 2.0 if at == leading else part.share
        detector = DETECTORS[part.name]
        found = [(sentence_of(reason, values, texts), reason.weight) for reason in detector.reasons]
        learned = detector.explain(values) if detector.explain is not None else []
        for sentence, weight in (*found, *learned):
            if sentence is not None:
                written[sentence] = max(written.get(sentence, 0.0), weight * share)
    return tuple(sorted(written, key=lambda sentence: -written[sentence]))[:MOST_REASONS]


def sentence_of(reason: Reason, values: dict[str, float], texts: dict[str, str | None]) -> str | None:
    """The reason as a sentence; None when the values do not support it (an unknown value supports nothing)."""
    for signal, low, high in reason.when:
        if not low <= values[signal.name] <= high:
            return None
    for template in (reason.text, reason.otherwise):
        quoted = _fields(template)
        numbers = {name: values[name] for name in quoted if name in values}
        words = {name: texts[name] for name in quoted if name not in numbers}
        if template and not any(map(math.isnan, numbers.values())) and all(words.values()):
            return template.format(**numbers, **words)
    return None


TEXTS = (
    *("sender", "sender_name", "sender_domain", "reply_to", "link_host"),
    *("own_address", "lookalike_domain", "lookalike_difference"),
)
"""Texts that a reason can quote beside the numbers of its signals."""


def texts_of(
    batch: MessageBatch, row: int, facts: FactValues | None = None, names: Names | None = None
) -> dict[str, str | None]:
    """The texts of one message by the names of `TEXTS`; None where not known."""
    texts: dict[str, str | None] = dict.fromkeys(TEXTS)
    for name in ("sender", "sender_name", "sender_domain", "reply_to"):
        texts[name] = quotable(getattr(batch, name)[row])
    texts["link_host"] = quotable(_foremost_link(batch, row))
    if facts is not None and names is not None:
        texts["own_address"] = _named(names, int(facts[own_name_address][row]))
        imitated = texts["lookalike_domain"] = _named(names, _imitated(batch, row, facts))
        if imitated:
            difference = describe(site_of(batch.sender_domain[row]), imitated)
            texts["lookalike_difference"] = None if difference == "is unlike it" else quotable(difference)
    return texts


def quotable(text: str, longest: int = 80) -> str | None:
    """Text from a mail made fit for a sentence: printable, one line, cut; None when nothing remains.

    >>> quotable("a\\u202eb\\n")
    'ab'
    """
    clean = "".join(c for c in text if c.isprintable()).strip()
    return (clean if len(clean) <= longest else clean[: longest - 1] + "…") or None


def explaining(detector: Detector) -> set[str]:
    """Names that the reasons of a detector quote; each must be one of its signals or of `TEXTS`."""
    return {name for r in detector.reasons for template in (r.text, r.otherwise) for name in _fields(template)}


def _fields(template: str) -> list[str]:
    return [name for _, name, _, _ in string.Formatter().parse(template) if name]


NEAR = 3.0
"""Detectors within this factor of the combined number have as good a claim to name the kind."""


def _leading(scores: Floats, weighted: Floats, combined: Floats) -> Ints:
    """The detector that names the kind, int64[n]: of those that (nearly) attain the minimum, the most specific one.

    All scores hold the same part for the sender's standing (`detection.detectors.standing`). Where that part alone makes
    the decision the detectors are level, and the one that found most of its own kind has more to say than the one that
    is ahead by a hair.
    """
    if not len(scores):
        return np.zeros(len(combined), dtype=np.int64)
    specific = scores - scores.min(axis=0)
    near = (weighted <= NEAR * combined) | (weighted == weighted.min(axis=0))
    return np.asarray(np.where(near, specific, -1.0).argmax(axis=0), dtype=np.int64)


def _shares(weighted: Floats) -> Floats:
    """How much each detector has to do with the decision, adding to 1: its -log of the weighted tail among all's."""
    if not len(weighted):
        return weighted
    surprise = np.maximum(-np.log(np.maximum(weighted, 1e-300)), 0.0)
    whole = surprise.sum(axis=0)
    return np.where(whole > 0, surprise / np.where(whole > 0, whole, 1.0), 1.0 / len(weighted))


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


def _imitated(batch: MessageBatch, row: int, facts: FactValues) -> int:
    """The domain that was there first with the look-alike form that most mail came under, as a key; 0 when none."""
    start, stop = (int(batch.offsets[Level.VARIANT][i]) for i in (row, row + 1))
    own = int(batch.sender_site_key[row])
    sites = facts[variant_first_site].view(np.uint64)
    others = [(int(facts[variant_messages][i]), int(sites[i])) for i in range(start, stop) if int(sites[i]) != own]
    return max((pair for pair in others if pair[0] > 0), default=(0, 0))[1]


def _named(names: Names, key: int) -> str | None:
    key &= (1 << 64) - 1
    return quotable(names(key) or "") if key not in (0, (1 << 64) - 1) else None
