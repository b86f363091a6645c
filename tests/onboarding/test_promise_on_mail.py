"""The promise, end to end over simulated mail, small: `python -m benchmarks.promise` does the same on many tenants."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.promise import allowed_broken, calibrated, flagged, observed, try_one
from benchmarks.simulated_tenants import Mail, Scored, mail_of, scored, thinned

TENANTS = 3


@pytest.fixture(scope="module")
def mail() -> Mail:
    return mail_of("simulated:seed=5,mailboxes=6,days=40,rate=10,attacks=300", 15, 1)


@pytest.fixture(scope="module")
def judged(mail: Mail) -> Scored:
    return scored(mail)


def test_promises_are_broken_no_more_often_than_they_may_be() -> None:
    found = [try_one(40 + number, 0.05, mailboxes=5, days=35, after=14) for number in range(TENANTS)]
    assert all(one.campaigns > 50 for one in found)
    assert sum(one.broken for one in found) <= allowed_broken(TENANTS)


def test_thinning_takes_attacks_out_of_history_and_nothing_else(mail: Mail) -> None:
    less = thinned(mail, 0.002, 1)
    benign = [row["message_key"] for row, attack in zip(mail.rows, mail.attack, strict=True) if not attack]
    assert [row["message_key"] for row, attack in zip(less.rows, less.attack, strict=True) if not attack] == benign
    assert (less.attack & less.later).sum() == (mail.attack & mail.later).sum()
    history = int((~less.later).sum())
    assert (less.attack & ~less.later).sum() == round(0.002 * history)


def test_hidden_attacks_cost_recall_and_never_the_promise(mail: Mail, judged: Scored) -> None:
    """A threshold set with attacks among the benign is stricter on flagging: later benign mail is flagged less."""
    clean = scored(thinned(mail, 0.0, 1))
    dirty_result, clean_result = calibrated(judged, 0.05), calibrated(clean, 0.05)
    assert (judged.attack & ~judged.later).sum() > 10
    campaigns, hits = observed(judged, dirty_result)
    assert hits <= 0.05 * campaigns + 3 * np.sqrt(0.05 * campaigns)
    later = clean.attack & clean.later
    assert (flagged(clean, clean_result) & later).sum() >= (
        flagged(judged, dirty_result) & judged.attack & judged.later
    ).sum()
