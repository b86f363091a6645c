"""The models that come with the engine: whole, as their card says, and of this engine's signals."""

from __future__ import annotations

import re
from hashlib import sha256

import numpy as np
import pytest

from detection import models
from detection.detectors.model import SignalsModel, pushes, signals_model_of
from detection.learning.labels import Nature, nature_of
from detection.mail.content import words_of
from detection.mail.text_model import HEADS, text_model_of
from detection.models.artifact import read_artifact
from detection.signals.registry import SIGNALS

FILES = (models.TEXT_MODEL, models.SIGNALS_MODEL)


@pytest.fixture(scope="module")
def shipped() -> SignalsModel:
    return signals_model_of(read_artifact((models.SHIPPED / models.SIGNALS_MODEL).read_bytes()))


def test_the_card_is_of_these_files() -> None:
    card = (models.SHIPPED / models.CARD).read_text()
    said = dict(re.findall(r"\| `([\w.]+)` \| [\d,]+ \| `([0-9a-f]{64})` \|", card))
    assert said == {name: sha256((models.SHIPPED / name).read_bytes()).hexdigest() for name in FILES}


def test_they_are_small() -> None:
    assert sum((models.SHIPPED / name).stat().st_size for name in FILES) <= 2_000_000


def test_every_signal_the_model_asks_for_is_one_of_this_engine(shipped: SignalsModel) -> None:
    gone = set(shipped.trees.signals) - set(SIGNALS)
    assert not gone, f"signals renamed or dropped since the models were made: {gone}; run `gatehouse model train` again"


def test_the_words_of_a_lure_weigh_more_than_those_of_a_colleague() -> None:
    model = text_model_of(read_artifact((models.SHIPPED / models.TEXT_MODEL).read_bytes()))
    lure = model(
        words_of(
            "Your account will be suspended",
            "Dear customer, we noticed unusual activity. Click below to verify your account and claim your money now, "
            "this free offer ends today.",
        )
    )
    work = model(
        words_of("Review on Thursday", "Hi Ann, could you look over the open points of the draft? Thanks, Ben")
    )
    assert all(bad > good for bad, good in zip(lure, work, strict=True)), dict(
        zip(HEADS, zip(lure, work, strict=True), strict=True)
    )


def test_a_sentence_is_written_only_for_a_signal_that_raised_the_score(shipped: SignalsModel) -> None:
    ordinary = dict(zip(shipped.trees.signals, shipped.ordinary, strict=True))
    assert pushes(shipped, 0, ordinary) == []
    odd = ordinary | {"text_model_spam": 6.0, "sender_messages": 0.0, "wrote_to_sender": 0.0, "lure_credential": 4.0}
    said = pushes(shipped, 0, odd)
    assert said
    assert all(added > 0 for _, added in said)
    docs = {" ".join(SIGNALS[name].doc.split()).rstrip(".") for name in odd if odd[name] != ordinary.get(name)}
    assert all(any(sentence.startswith(doc) for doc in docs) for sentence, _ in said)


def test_unknown_supports_no_sentence(shipped: SignalsModel) -> None:
    assert pushes(shipped, 0, dict.fromkeys(shipped.trees.signals, np.nan)) == []


@pytest.mark.parametrize(
    ("label", "nature"),
    [
        *(("hard-ham-1", Nature.BENIGN), ("benign", Nature.BENIGN), ("spam_2", Nature.SPAM), ("Junk", Nature.SPAM)),
        *(("phishing", Nature.PHISHING), ("qr-phishing", Nature.PHISHING), ("fraud", Nature.FRAUD), ("2023", None)),
        *(("shamrock", None), ("", None)),
    ],
)
def test_a_folder_says_what_its_mail_is(label: str, nature: Nature | None) -> None:
    assert nature_of(label) is nature
