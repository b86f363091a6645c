"""N-grams of bytes by array operations are those that a loop over words would find."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detection.mail import ngrams
from detection.mail.ngrams import BUCKETS, LONGEST, buckets_of, buckets_of_each
from detection.mail.text_model import FEWEST, HEADS, TextModel, text_model_of
from detection.models.artifact import Artifact, ArtifactError, read_artifact, write_artifact

_MASK = 2**64 - 1


def _slowly(text: bytes) -> set[int]:
    codes = [int(ngrams._CODES[byte]) for byte in text[:LONGEST]]
    words, word = [], list[int]()
    for code in [*codes, 0x20]:
        if code != 0x20:
            word.append(code)
        elif word:
            words.append(_hash(word))
            word = []
    hashed = [(w + int(ngrams._WORD_SALT)) & _MASK for w in words]
    hashed += [(a * int(ngrams._PAIR) + b + int(ngrams._PAIR_SALT)) & _MASK for a, b in pairwise(words)]
    n = ngrams.CHARACTERS
    hashed += [_hash(codes[i : i + n]) for i in range(len(codes) - n + 1)] if len(codes) > n else []
    return {(h * int(ngrams._MIX) & _MASK) >> int(ngrams._SHIFT) for h in hashed}


def _hash(codes: list[int]) -> int:
    return sum(code * pow(ngrams._BASE, at, 2**64) for at, code in enumerate(codes)) & _MASK


@given(st.one_of(st.binary(max_size=200), st.text("ab 1.é", max_size=80).map(str.encode)))
@settings(max_examples=100, deadline=None)
def test_the_buckets_are_those_of_the_words_pairs_and_stretches_each_once(text: bytes) -> None:
    found = buckets_of(text).tolist()
    assert len(found) == len(set(found))
    assert set(found) == _slowly(text)


def test_a_word_is_the_same_wherever_it_stands_and_digits_are_alike() -> None:
    alone = set(buckets_of(b"pay").tolist())
    assert alone <= set(buckets_of(b"please, will you pay? yes").tolist())
    assert set(buckets_of(b"invoice 123").tolist()) == set(buckets_of(b"invoice 987").tolist())


def test_what_lies_beyond_the_longest_is_not_read() -> None:
    text = b"word " * (LONGEST // 5)
    assert set(buckets_of(text + b"password").tolist()) == set(buckets_of(text).tolist())


def _model() -> TextModel:
    weights = np.random.default_rng(3).integers(-127, 128, (BUCKETS, len(HEADS))).astype(np.int8)
    return TextModel(weights, (0.01, 0.02, 0.03), (-1.0, 0.0, 1.0))


def test_a_text_model_survives_being_written_down_to_the_bit() -> None:
    model = _model()
    again = text_model_of(read_artifact(write_artifact(model.artifact())))
    text = b"please verify your account before friday"
    assert again(text) == model(text)
    assert write_artifact(again.artifact()) == write_artifact(model.artifact())


def test_too_short_a_text_is_unknown_and_not_harmless() -> None:
    short = b"ok"
    assert len(buckets_of(short)) < FEWEST
    assert np.isnan(_model()(short)).all()


@pytest.mark.parametrize("cut", [0, 10, -1])
def test_a_damaged_model_is_refused_by_name(cut: int) -> None:
    whole = write_artifact(_model().artifact())
    with pytest.raises(ArtifactError, match=r"some\.model"):
        read_artifact(whole[:cut], "some.model")


def test_a_model_for_other_features_is_refused() -> None:
    artifact = _model().artifact()
    with pytest.raises(ArtifactError, match="other features"):
        text_model_of(Artifact({**artifact.about, "bits": 12}, artifact.arrays))


@given(st.lists(st.text(alphabet="ab z.9é", max_size=40), max_size=8), st.integers(0, 3))
def test_texts_read_together_have_the_buckets_that_each_has_alone(texts: list[str], long: int) -> None:
    encoded = [text.encode() for text in texts] + [b"some words and more " * 400] * long
    together = buckets_of_each(encoded)
    assert [sorted(found.tolist()) for found in together] == [sorted(buckets_of(text).tolist()) for text in encoded]
