"""What was learned from labelled mail over all signals: one detector for phishing, one for talk that leads to money.

The model is a sum of trees (`detection.detectors.trees`), trained by `gatehouse model train`; the card beside it says
on what. Without a model both detectors score by the sender's standing alone, as every detector does on mail in which
it finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np

from detection import models
from detection.detectors.reasons import FIRST_CONTACT, NEW_LINK, REPLY_DIVERTED, REQUEST_FOR_MONEY
from detection.detectors.registry import AttackKind, Explain, Severity, detector
from detection.detectors.standing import standing
from detection.detectors.trees import Trees
from detection.mail.batch import Floats
from detection.models.artifact import Artifact, ArtifactError
from detection.signals.registry import ROWS, SIGNALS
from detection.signals.values import SignalValues

HEADS = ("phishing", "fraud")
MOST_SENTENCES = 3
LEAST_PUSH = 0.3
"""Log-odds that a signal must have added to be worth a sentence."""


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


def _score(signals: SignalValues, head: int) -> Floats:
    """Standing plus the log-odds bent so that they fade where they are negative: (z + sqrt(z**2 + 4)) / 2.

    On ordinary mail, where the model finds nothing, the detector thus ranks messages as all others do, which costs the
    budget nothing (see `detection.detectors.standing`); on the rest the log-odds speak.
    """
    stranger, unease = standing(signals)
    base = stranger * (1.0 + unease)
    model = signals_model()
    if model is None:
        return np.asarray(base)
    if _CACHED not in signals.sums:
        z = log_odds(model, signals)
        bent = (z + np.sqrt(z * z + 4.0)) * 0.5
        signals.sums[_CACHED] = bent[:, 0] if bent.shape[1] == 1 else bent
    return np.asarray(base + signals.sums[_CACHED][head])


_CACHED = "learned"


def _explained(head: int) -> Explain:
    def sentences(values: Mapping[str, float]) -> list[tuple[str, float]]:
        model = signals_model()
        return [] if model is None else pushes(model, head, values)

    return sentences


def pushes(model: SignalsModel, head: int, values: Mapping[str, float]) -> list[tuple[str, float]]:
    """The signals that pushed one message most, as sentences with what each added to the log-odds.

    What a signal added is the difference to the same message with that signal as in ordinary mail.
    """
    names = model.trees.signals
    here = np.array([values.get(name, np.nan) for name in names])
    asked = np.tile(here[:, None], (1, len(names) + 1))
    np.fill_diagonal(asked[:, 1:], model.ordinary)
    odds = model.trees(asked)[head]
    added = odds[0] - odds[1:]
    found = []
    for at in np.argsort(-added, kind="stable")[:MOST_SENTENCES]:
        declared = SIGNALS.get(names[at])
        if added[at] >= LEAST_PUSH and declared is not None and not np.isnan(here[at]):
            found.append((_sentence(declared.doc, declared.unit, here[at], model.ordinary[at]), float(added[at])))
    return found


def _sentence(doc: str, unit: str, value: float, ordinary: float) -> str:
    said = " ".join(doc.split()).rstrip(".")
    if unit == "flag":
        return f"{said}: {'yes' if value else 'no'}."
    usual = "" if np.isnan(ordinary) else f" (in ordinary mail {ordinary:.3g})"
    return f"{said}: {value:.3g} {unit}{usual}."


@detector(
    kind=AttackKind.PHISHING,
    severity=Severity.HIGH,
    benign_lookalikes="First mail of a service somebody signed up for; a first newsletter; offers nobody asked for.",
    reasons=(NEW_LINK, FIRST_CONTACT),
    explain=_explained(0),
)
def learned_phishing(s: SignalValues) -> Floats:
    """All signals together look like mail that wants something opened, followed or logged in to."""
    return _score(s, 0)


@detector(
    kind=AttackKind.FRAUD,
    severity=Severity.HIGH,
    benign_lookalikes="A new business contact who speaks of money; an unknown supplier's first invoice.",
    reasons=(REQUEST_FOR_MONEY, FIRST_CONTACT, REPLY_DIVERTED),
    explain=_explained(1),
)
def learned_fraud(s: SignalValues) -> Floats:
    """All signals together look like mail that talks somebody into a payment or a favour."""
    return _score(s, 1)
