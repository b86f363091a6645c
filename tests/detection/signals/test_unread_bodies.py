"""Mail of which only the headers were given: nothing of its body counts as harmless."""

from __future__ import annotations

import numpy as np

import detection.signals  # noqa: F401 - declares every signal
from detection.signals.registry import SIGNALS
from detection.signals.unread import OF_BODY, OF_HEADERS, reads_body, without_body


def test_every_named_signal_is_declared() -> None:
    assert not (OF_HEADERS | OF_BODY) - set(SIGNALS)


def test_links_attachments_and_wording_are_of_the_body_and_the_sender_is_not() -> None:
    of_body = {name for name, one in SIGNALS.items() if reads_body(name, one.level)}
    assert {"lure_payment", "text_model_phishing", "image_only", "stranger_asks_money"} <= of_body
    assert {name for name, one in SIGNALS.items() if one.level in ("links", "attachments")} <= of_body
    assert not {name for name, one in SIGNALS.items() if one.level == "authentication"} & of_body
    assert "subject_missing" not in of_body


def test_only_unread_messages_lose_only_what_is_of_the_body() -> None:
    values = np.ones((2, 3))
    masked = without_body(
        values, ["subject_missing", "text_length"], ["message", "message"], np.array([True, False, True])
    )
    assert np.isnan(masked).tolist() == [[False] * 3, [True, False, True]]
    assert values.all()
