"""Decisions: thresholds, kinds, shares, and reasons that say only what the values support."""

from __future__ import annotations

import math
import string
from dataclasses import dataclass

import numpy as np
import pytest

from detection.baselines.facts import FACTS, variant_first_site, variant_messages
from detection.baselines.values import FactValues
from detection.decision import TEXTS, CalibrationMismatchError, Verdict, decide, quotable, sentence_of, texts_of
from detection.detectors.registry import DETECTORS, Reason
from detection.engine import Engine, Scores
from detection.keys import key_of
from detection.mail.batch import COLUMNS, Floats, Level, MessageBatch
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues


@dataclass(frozen=True)
class Thresholds:
    """A calibration whose tail probability is exp(-score)."""

    weights: tuple[float, ...] = (0.25,) * len(DETECTORS)
    attack_threshold: float = 1e-3
    suspicious_threshold: float = 1e-2
    detectors: tuple[str, ...] = tuple(DETECTORS)

    def tail_probabilities(self, scores: Floats) -> Floats:
        return np.exp(-scores)

    def shares(self, tails: Floats) -> Floats:
        return np.asarray(tails / np.array(self.weights)[:, None])

    def combined(self, tails: Floats) -> Floats:
        return np.asarray(self.shares(tails).min(axis=0))

    def rarity(self, combined: Floats) -> Floats:
        return np.minimum(combined, 1.0)


def scored(*rows: tuple[float, ...], **signals: float) -> Scores:
    n = len(rows)
    values = SignalValues({name: np.full(n, signals.get(name, math.nan)) for name in SIGNALS})
    padded = [tuple(row) + (0.0,) * (len(DETECTORS) - len(row)) for row in rows]
    return Scores(tuple(DETECTORS), np.array(padded).T, values)


def batch_of(n: int) -> MessageBatch:
    return MessageBatch.from_rows([{name: row_value(kind, level) for name, kind, level in COLUMNS}] * n)


def row_value(kind: object, level: Level) -> object:
    return [] if level is not Level.MESSAGE else "" if str(kind) == "string" else 0


def test_verdicts_follow_the_thresholds() -> None:
    safe, suspicious, attack = decide(batch_of(3), scored((1.0,), (6.5,), (9.0,)), Thresholds())
    assert [d.verdict for d in (safe, suspicious, attack)] == [Verdict.SAFE, Verdict.SUSPICIOUS, Verdict.ATTACK]
    assert safe.kind is None
    assert suspicious.kind == attack.kind == next(iter(DETECTORS.values())).kind


def test_a_number_at_the_threshold_is_flagged() -> None:
    (at,) = decide(batch_of(1), scored((9.0,)), Thresholds(attack_threshold=math.exp(-9.0) / 0.25))
    assert at.verdict is Verdict.ATTACK


def test_the_detector_that_attains_the_minimum_names_the_kind() -> None:
    second = list(DETECTORS.values())[1]
    (decision,) = decide(batch_of(1), scored((9.0, 11.0)), Thresholds())
    assert decision.kind is second.kind
    # With a weight small enough, the other one attains it although its tail probability is larger.
    weights = (0.9, 0.01) + (0.05,) * (len(DETECTORS) - 2)
    (weighted,) = decide(batch_of(1), scored((9.0, 11.0)), Thresholds(weights=weights))
    assert weighted.kind is next(iter(DETECTORS.values())).kind


def test_of_detectors_that_are_level_the_most_specific_names_the_kind() -> None:
    base, specific = 8.0, 8.9  # within a factor of three of one another as tail probabilities
    last = list(DETECTORS.values())[-1]
    calibration = Thresholds(weights=(0.5,) + (0.25,) * (len(DETECTORS) - 1))
    scores = scored((base + 0.8,) + (base,) * (len(DETECTORS) - 2) + (specific,))
    assert calibration.shares(calibration.tail_probabilities(scores.values)).argmin() == 0
    (decision,) = decide(batch_of(1), scores, calibration)
    assert decision.kind is last.kind


def test_shares_add_to_one_and_the_leading_detector_has_most() -> None:
    (decision,) = decide(batch_of(1), scored((9.0, 12.0)), Thresholds())
    assert sum(d.share for d in decision.detectors) == pytest.approx(1)
    assert max(decision.detectors, key=lambda d: d.share).name == list(DETECTORS)[1]
    assert [d.name for d in decision.detectors] == list(DETECTORS)


def test_a_calibration_of_other_detectors_is_refused() -> None:
    with pytest.raises(CalibrationMismatchError, match="calibrate the tenant again"):
        decide(batch_of(1), scored((1.0,)), Thresholds(detectors=("other",)))


def test_safe_messages_are_explained_only_when_asked() -> None:
    scores = scored((1.0,), lure_credential=2, link_to_ip=1)
    (quiet,) = decide(batch_of(1), scores, Thresholds())
    (asked,) = decide(batch_of(1), scores, Thresholds(), explain_all=True)
    assert quiet.reasons == ()
    assert "A link leads to a bare IP address." in asked.reasons


def test_deciding_a_scored_batch_of_nothing_gives_nothing() -> None:
    empty = batch_of(0)
    facts = FactValues({fact: np.zeros(0, dtype=np.int64) for fact in FACTS.values()})
    assert decide(empty, Engine().score(empty, facts), Thresholds()) == []


ALL_REASONS = [(d.name, reason) for d in DETECTORS.values() for reason in d.reasons]


@pytest.mark.parametrize(("name", "reason"), ALL_REASONS, ids=[f"{n}-{r.text[:40]}" for n, r in ALL_REASONS])
def test_every_reason_quotes_only_its_own_signals_and_known_texts(name: str, reason: Reason) -> None:
    declared = {signal.name for signal, _, _ in reason.when} | {signal.name for signal in reason.shows}
    for template in (reason.text, reason.otherwise):
        quoted = {field for _, field, _, _ in string.Formatter().parse(template) if field}
        assert quoted <= declared | set(TEXTS)
    texts: dict[str, str | None] = dict.fromkeys(TEXTS, "something")
    within = {signal.name: max(low, min(high, low + 1)) for signal, low, high in reason.when}
    numbers = within | {signal.name: 3.0 for signal in reason.shows if signal.name not in within}
    sentence = sentence_of(reason, numbers, texts)
    assert sentence is not None
    assert sentence.endswith(".")
    for signal, low, high in reason.when:
        for outside in (low - 0.5, high + 0.5, math.nan):
            if not low <= outside <= high:
                assert sentence_of(reason, numbers | {signal.name: outside}, texts) is None


def test_a_sentence_falls_back_when_a_text_is_not_known() -> None:
    reason = Reason(
        text="It imitates {own_address}.",
        otherwise="It imitates one of yours.",
        when=((SIGNALS["own_name_misused"], 1, 1),),
    )
    values = {"own_name_misused": 1.0}
    assert sentence_of(reason, values, {"own_address": "a@acme.example"}) == "It imitates a@acme.example."
    assert sentence_of(reason, values, {"own_address": None}) == "It imitates one of yours."


def test_an_imitated_domain_is_named_with_what_differs() -> None:
    known = key_of("acme-supplies.example")
    row = {name: row_value(kind, level) for name, kind, level in COLUMNS}
    row |= {"sender_domain": "acrne-supplies.example", "sender_site_key": 5, "variant_key": [7, 8]}
    batch = MessageBatch.from_rows([row])
    facts = {fact: np.zeros(2 if fact.level is Level.VARIANT else 1, dtype=np.int64) for fact in FACTS.values()}
    facts[variant_messages] = np.array([0, 12])
    facts[variant_first_site] = np.array([0, known], dtype=np.uint64).view(np.int64)
    texts = texts_of(batch, 0, FactValues(facts), {known: "acme-supplies.example"}.get)
    assert texts["lookalike_domain"] == "acme-supplies.example"
    assert texts["lookalike_difference"] == "uses look-alike letters ('rn' for 'm')"
    assert texts_of(batch, 0, FactValues(facts), lambda key: None)["lookalike_domain"] is None


def test_text_of_a_mail_cannot_break_out_of_its_sentence() -> None:
    reason = Reason(text="From {sender}.", when=((SIGNALS["bulk"], 1, 1),))
    hostile = "{bulk!r} \u202egpj.exe\r\nX-Forged: {0}"
    sentence = sentence_of(reason, {"bulk": 1.0}, {"sender": quotable(hostile)})
    assert sentence == "From {bulk!r} gpj.exeX-Forged: {0}."
    assert len(quotable("a" * 10_000) or "") == 80
    assert quotable("\u200b\n") is None
