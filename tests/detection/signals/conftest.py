"""One message with given columns and facts, measured: an ordinary mail unless said otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

from detection.baselines.facts import FACTS
from detection.baselines.values import FactValues
from detection.mail.batch import COLUMNS, Level, MessageBatch
from detection.signals.registry import compute_signals

NOW = 1_700_000_000
DAY = 86_400
SENDER, SENDER_SITE, PARTY, OWN_PERSON, OWN_SITE = 10, 11, 12, 20, 21

ORDINARY: dict[str, Any] = {
    "time": NOW,
    "date_skew": 0,
    "sender_key": SENDER,
    "sender_domain_key": SENDER_SITE,
    "sender_site_key": SENDER_SITE,
    "sender_party_key": PARTY,
    "recipient_key": [OWN_PERSON],
    "recipient_site_key": [OWN_SITE],
    "recipient_is_own": [True],
    "recipient_count": 1,
    "own_recipient_count": 1,
    "variant_key": [30],
    "subject_length": 12,
    "text_length": 1_000,
    "own_id_key": 40,
    "thread_key": 40,
    "mailer_key": 50,
    "spf_aligned": -1,
    "dkim_aligned": -1,
}
ORDINARY_FACTS: dict[str, Any] = {"tenant_messages": 1_000}

Measure = Callable[..., dict[str, float]]


@pytest.fixture(scope="session")
def measure() -> Measure:
    def measured(columns: Mapping[str, Any] = {}, facts: Mapping[str, Any] = {}) -> dict[str, float]:
        given = ORDINARY | dict(columns)
        sizes = {level: max(_length(given.get(name)) for name, _, lv in COLUMNS if lv is level) for level in Level}
        row = {}
        for name, kind, level in COLUMNS:
            empty: Any = "" if str(kind) == "string" else 0
            row[name] = given.get(name, empty if level is Level.MESSAGE else [empty] * sizes[level])
        batch = MessageBatch.from_rows([row])
        told = ORDINARY_FACTS | dict(facts)
        unheard = set(told) - set(FACTS)
        assert not unheard, f"no such facts: {unheard}"
        arrays = {}
        for name, fact in FACTS.items():
            size = 1 if fact.level is Level.MESSAGE else sizes[fact.level]
            arrays[fact] = np.broadcast_to(np.array(told.get(name, 0), dtype=np.int64), (size,)).copy()
        return compute_signals(batch, FactValues(arrays)).at(0)

    return measured


def _length(value: object) -> int:
    return len(value) if isinstance(value, list) else 0
