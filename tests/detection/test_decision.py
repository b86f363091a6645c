"""Decisions: thresholds, kinds, shares, and reasons that say only what the values support."""

from __future__ import annotations

import math
import re
import string
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest

from detection.attribution import Known, counted, fields_of, history_of
from detection.baselines.facts import FACTS, variant_first_site, variant_messages
from detection.baselines.look_up import look_up
from detection.baselines.tables import build
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
    # What `otherwise` says needs no text that `text` does not need: else it could never be said in its place.
    assert (
        set(fields_of(reason.otherwise)) & set(TEXTS) < set(fields_of(reason.text)) & set(TEXTS) or not reason.otherwise
    )


SENTENCES = [
    (name, reason, otherwise)
    for name, reason in ALL_REASONS
    for otherwise in (False, True)
    if reason.otherwise or not otherwise
]


@pytest.mark.parametrize(
    ("name", "reason", "otherwise"), SENTENCES, ids=[f"{n}-{r.text[:40]}-{o}" for n, r, o in SENTENCES]
)
def test_no_sentence_is_said_unless_its_numbers_support_it(name: str, reason: Reason, otherwise: bool) -> None:
    needed = fields_of(reason.otherwise if otherwise else reason.text)
    texts: dict[str, str | None] = {text: "something" if text in needed else None for text in TEXTS}
    least = {signal.name: low for signal, low, _ in reason.when} | {signal.name: 3.0 for signal in reason.shows}
    most = least | {signal.name: min(high, low + 7) for signal, low, high in reason.when}
    for numbers in (least, most):
        sentence = sentence_of(reason, numbers, texts)
        assert sentence is not None
        assert sentence[-1] == "."
        assert sentence[0].isupper() or sentence[0].isdigit() or sentence.startswith("something")
        assert not re.search(r"\b1 \w+s\b(?<!ss)(?<!this)", sentence.replace("1 of SPF", "")), sentence
        assert "nan" not in sentence
        assert "inf" not in sentence.split()
        # Each number said is the signal's own.
        said = {round(numbers[field]) for field in needed if field in numbers}
        assert {int(word.replace(",", "")) for word in re.findall(r"(?<![\w-])\d[\d,]*", sentence)} <= said
        for signal, low, high in reason.when:
            for outside in (low - 0.5, high + 0.5, math.nan):
                if not low <= outside <= high:
                    assert sentence_of(reason, numbers | {signal.name: outside}, texts) is None
        for text in set(needed) & set(TEXTS):
            assert sentence_of(reason, numbers, texts | {text: None}) != sentence
        for shown in reason.shows:
            assert sentence_of(reason, numbers | {shown.name: math.nan}, texts) is None


def test_the_history_of_an_imitated_domain_is_looked_up_when_it_is_explained() -> None:
    site = key_of("acme-supplies.example")
    past = MessageBatch.from_rows(
        [
            {name: row_value(kind, level) for name, kind, level in COLUMNS}
            | {"sender_key": 3, "sender_party_key": site, "sender_site_key": site, "time": 1_709_900_000 + day}
            | {"recipient_key": [50 + day % 2], "recipient_is_own": [True]}
            | {key: [0] for key in ("recipient", "recipient_site_key", "recipient_name_key", "recipient_role")}
            | {"recipient": ["a@acme.example"]}
            for day in range(5)
        ]
    )
    tables = build(past)
    assert history_of(site, 1_720_000_000, partial(look_up, tables)) == "has written to 2 people since 2024-03"
    assert history_of(key_of("other.example"), 1_720_000_000, partial(look_up, tables)) is None


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
    texts = texts_of(batch, 0, Known(FactValues(facts), {known: "acme-supplies.example"}.get))
    assert texts["lookalike_domain"] == "acme-supplies.example"
    assert texts["lookalike_difference"] == "uses look-alike letters ('rn' for 'm')"
    assert texts_of(batch, 0, Known(FactValues(facts), lambda key: None))["lookalike_domain"] is None


def test_numbers_read_naturally() -> None:
    reason = Reason(text="It has {link_count:link}.", when=((SIGNALS["link_count"], 0, math.inf),))
    said = [sentence_of(reason, {"link_count": n}, {}) for n in (0.0, 1.0, 1_500.0)]
    assert said == ["It has 0 links.", "It has 1 link.", "It has 1,500 links."]
    assert counted(2, "amount of money|amounts of money") == "2 amounts of money"


def test_text_of_a_mail_cannot_break_out_of_its_sentence() -> None:
    reason = Reason(text="From {sender}.", when=((SIGNALS["bulk"], 1, 1),))
    hostile = "{bulk!r} \u202egpj.exe\r\nX-Forged: {0}"
    sentence = sentence_of(reason, {"bulk": 1.0}, {"sender": quotable(hostile)})
    assert sentence == "From {bulk!r} gpj.exeX-Forged: {0}."
    assert len(quotable("a" * 10_000) or "") == 80
    assert quotable("\u200b\n") is None
