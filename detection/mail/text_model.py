"""What a mail's words suggest, as log-odds: a linear model over hashed n-grams, read while the text is in memory.

Only the outcome is kept, three numbers a mail. What the words weigh was learned from labelled mail
(`detection.learning`, `gatehouse model train`); the model card beside the model says from which.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import numpy.typing as npt

from detection import models
from detection.mail.ngrams import BITS, BUCKETS, CHARACTERS, LONGEST, Buckets, buckets_of, buckets_of_each
from detection.models.artifact import Artifact, ArtifactError

HEADS = ("phishing", "fraud", "spam")
"""What each number speaks of: asking to log in or open something; asking for money or favours; unasked-for offers."""
UNKNOWN = (math.nan,) * len(HEADS)
FEWEST = 8
"""Different buckets below which a text is too short to say anything: a word or two."""


@dataclass(frozen=True, eq=False)
class TextModel:
    """`weights` is int8[BUCKETS, heads] in units of `scale`; a text's log-odds are their sum over its different
    buckets, divided by the root of their number, plus `bias`. The sum is of whole numbers, so its order is free.
    """

    weights: npt.NDArray[np.int8]
    scale: tuple[float, ...]
    bias: tuple[float, ...]

    def __call__(self, text: bytes) -> tuple[float, ...]:
        """Log-odds by head, in the order of `HEADS`; NaN for a text too short. `text` as in `buckets_of`."""
        return self._score(buckets_of(text))

    def each(self, texts: Sequence[bytes]) -> list[tuple[float, ...]]:
        """The same numbers of several texts, at a fraction of the calls."""
        return list(map(self._score, buckets_of_each(texts)))

    def _score(self, buckets: Buckets) -> tuple[float, ...]:
        count = len(buckets)
        if count < FEWEST:
            return UNKNOWN
        total = int(np.add.reduce(self._packed[buckets]))
        root = math.sqrt(count)
        scores = []
        for bias, scale in zip(self.bias, self.scale, strict=True):
            # The lowest field, as a signed number; what is left is a multiple of the field's range.
            part = ((total + _HALF) & _FIELD) - _HALF
            total = (total - part) >> _FIELD_BITS
            scores.append(bias + scale * part / root)
        return tuple(scores)

    @cached_property
    def _packed(self) -> npt.NDArray[np.int64]:
        """A bucket's weights in one number, so that one sum adds all heads up; int64[BUCKETS]."""
        shifts = _FIELD_BITS * np.arange(len(HEADS), dtype=np.int64)
        return np.asarray((self.weights.astype(np.int64) << shifts).sum(axis=1))

    def artifact(self) -> Artifact:
        """The model as it is written down."""
        about = {
            "model": "text",
            "heads": list(HEADS),
            "scale": list(self.scale),
            "bias": list(self.bias),
            **_FEATURES,
        }
        return Artifact(about, {"weights": self.weights})


_FIELD_BITS = 21
"""Room for one head's sum: a text has at most 2 * LONGEST different buckets of at most 127 units, below 2**20."""
_FIELD, _HALF = (1 << _FIELD_BITS) - 1, 1 << (_FIELD_BITS - 1)
_FEATURES = {"bits": BITS, "longest": LONGEST, "characters": CHARACTERS}


def text_model_of(artifact: Artifact) -> TextModel:
    """The model that was written down. Raises ArtifactError for one made for other features or heads."""
    about, weights = artifact.about, artifact.arrays.get("weights")
    made_for = {name: about.get(name) for name in _FEATURES}
    if about.get("model") != "text" or about.get("heads") != list(HEADS) or made_for != _FEATURES:
        raise ArtifactError("the text model is for other features: make it again with `gatehouse model train`")
    if weights is None or weights.shape != (BUCKETS, len(HEADS)) or weights.dtype != np.int8:
        raise ArtifactError("the text model has weights of another shape: make it again with `gatehouse model train`")
    return TextModel(weights, tuple(map(float, about["scale"])), tuple(map(float, about["bias"])))


def text_model_scores(text: bytes) -> tuple[float, ...]:
    """Log-odds by head under the model in force; NaN for each where there is none."""
    model = _in_force()
    return UNKNOWN if model is None else model(text)


def text_model_scores_of_each(texts: Sequence[bytes]) -> list[tuple[float, ...]]:
    """`text_model_scores` of several texts."""
    model = _in_force()
    if model is None:
        return [UNKNOWN] * len(texts)
    return model.each(texts) if len(texts) > 1 else list(map(model, texts))


@cache
def _in_force() -> TextModel | None:
    artifact = models.load(models.TEXT_MODEL)
    return None if artifact is None else text_model_of(artifact)
