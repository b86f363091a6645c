"""What a mail's words suggest, as log-odds: a linear model over hashed n-grams, read while the text is in memory.

Only the outcome is kept, three numbers a mail. What the words weigh was learned from labelled mail
(`detection.learning`, `gatehouse model train`); the model card beside the model says from which.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from detection import models
from detection.mail.ngrams import BITS, BUCKETS, CHARACTERS, LONGEST, buckets_of
from detection.models.artifact import Artifact, ArtifactError

HEADS = ("phishing", "fraud", "spam")
"""What each number speaks of: asking to log in or open something; asking for money or favours; unasked-for offers."""
UNKNOWN = (math.nan,) * len(HEADS)
FEWEST = 8
"""Different buckets below which a text is too short to say anything: a word or two."""


@dataclass(frozen=True, slots=True, eq=False)
class TextModel:
    """`weights` is int8[BUCKETS, heads] in units of `scale`; a text's log-odds are their sum over its different
    buckets, divided by the root of their number, plus `bias`. The sum is of whole numbers, so its order is free.
    """

    weights: npt.NDArray[np.int8]
    scale: tuple[float, ...]
    bias: tuple[float, ...]

    def __call__(self, text: bytes) -> tuple[float, ...]:
        """Log-odds by head, in the order of `HEADS`; NaN for a text too short. `text` as in `buckets_of`."""
        buckets = buckets_of(text)
        count = len(buckets)
        if count < FEWEST:
            return UNKNOWN
        sums = self.weights[buckets].sum(axis=0, dtype=np.int64).tolist()
        root = math.sqrt(count)
        return tuple([b + s * total / root for b, s, total in zip(self.bias, self.scale, sums, strict=True)])

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


@cache
def _in_force() -> TextModel | None:
    artifact = models.load(models.TEXT_MODEL)
    return None if artifact is None else text_model_of(artifact)
