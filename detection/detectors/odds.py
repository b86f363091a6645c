"""What was learned from labelled mail over all signals: the model, and the log-odds that it gives a message.

The model is a sum of trees (`detection.detectors.trees`), trained by `gatehouse model train`; the card beside it says on
what. Every detector hears it (`detection.detectors.standing`), and two detectors of their own speak for it
(`detection.detectors.model`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from detection import models
from detection.detectors.trees import Trees
from detection.mail.batch import Floats
from detection.models.artifact import Artifact, ArtifactError
from detection.signals.registry import ROWS
from detection.signals.values import SignalValues

HEADS = ("phishing", "fraud")
"""Mail that wants something opened, followed or logged in to; mail that talks somebody into a payment or a favour."""


@dataclass(frozen=True, slots=True, eq=False)
class SignalsModel:
    """The trees, and what each of their signals is in ordinary mail (the median; NaN when mostly unknown)."""

    trees: Trees
    ordinary: tuple[float, ...]

    def artifact(self, about: Mapping[str, object] = {}) -> Artifact:
        """The model as it is written down, with whatever else there is to say `about` it."""
        trees = self.trees
        described = {
            **about,
            "model": "signals",
            "heads": list(HEADS),
            "signals": list(trees.signals),
            "ranges": list(trees.heads),
            "bias": list(trees.bias),
            "ordinary": [None if np.isnan(value) else value for value in self.ordinary],
        }
        arrays = {
            "feature": trees.feature,
            "threshold": trees.threshold,
            "unknown": trees.unknown,
            "leaves": trees.leaves,
        }
        return Artifact(described, arrays)


def signals_model_of(artifact: Artifact) -> SignalsModel:
    """The model that was written down. Raises ArtifactError when it is not whole."""
    about, arrays = artifact.about, artifact.arrays
    if about.get("model") != "signals" or about.get("heads") != list(HEADS):
        raise ArtifactError("the model over signals has other heads: make it again with `gatehouse model train`")
    try:
        trees = Trees(
            signals=tuple(about["signals"]),
            feature=arrays["feature"],
            threshold=arrays["threshold"],
            unknown=arrays["unknown"],
            leaves=arrays["leaves"],
            heads=tuple(about["ranges"]),
            bias=tuple(about["bias"]),
        )
        depth, count = trees.feature.shape
        if trees.leaves.shape != (count, 1 << depth) or not 0 <= trees.feature.min() <= trees.feature.max() < len(
            trees.signals
        ):
            raise ValueError("its trees do not fit together")
        ordinary = tuple(np.nan if value is None else float(value) for value in about["ordinary"])
        return SignalsModel(trees, ordinary)
    except (KeyError, TypeError, ValueError) as error:
        raise ArtifactError(
            f"the model over signals is not whole ({error}): make it again with `gatehouse model train`"
        ) from error


@cache
def signals_model() -> SignalsModel | None:
    """The model in force; None when there is none."""
    artifact = models.load(models.SIGNALS_MODEL)
    return None if artifact is None else signals_model_of(artifact)


def log_odds(model: SignalsModel, signals: SignalValues) -> Floats:
    """float64[heads, n]. A signal that this engine no longer has is unknown."""
    names = model.trees.names
    if all(name in ROWS for name in names):
        return model.trees.evaluate(signals.some(names))
    known = tuple(name for name in names if name in ROWS)
    found = dict(zip(known, signals.some(known), strict=True))
    n = next(iter(found.values())).shape[0]
    return model.trees.evaluate(np.stack([found.get(name, np.full(n, np.nan)) for name in names]))


def learned_odds(signals: SignalValues) -> Any:
    """Log-odds by head, float64[heads, n], worked out once a batch; None where there is no model.

    Of one message a list of floats, which are quicker to reckon with, as in `evidence`.
    """
    if _CACHED not in signals.sums:
        model = signals_model()
        if model is None:
            return None
        z = log_odds(model, signals)
        signals.sums[_CACHED] = z[:, 0].tolist() if z.shape[1] == 1 else z
    return signals.sums[_CACHED]


_CACHED = "learned"
