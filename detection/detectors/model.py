"""One detector for each head of the model over signals (`detection.detectors.odds`): phishing, and talk that leads to money.

Without a model both score by the sender's standing alone, as every detector does on mail in which it finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from detection.detectors.odds import HEADS, SignalsModel, learned_odds, log_odds, signals_model, signals_model_of
from detection.detectors.reasons import FIRST_CONTACT, NEW_LINK, REPLY_DIVERTED, REQUEST_FOR_MONEY
from detection.detectors.registry import AttackKind, Explain, Severity, detector
from detection.detectors.standing import standing
from detection.mail.batch import Floats
from detection.signals.registry import SIGNALS
from detection.signals.values import SignalValues

__all__ = ["HEADS", "SignalsModel", "log_odds", "pushes", "signals_model", "signals_model_of"]

MOST_SENTENCES = 3
LEAST_PUSH = 0.3
"""Log-odds that a signal must have added to be worth a sentence."""


def _score(signals: SignalValues, head: int) -> Floats:
    """The common score, and once more the log-odds, bent so that they fade where they are negative: (z + sqrt(z**2 + 4)) / 2.

    On ordinary mail, where the model finds nothing, the detector thus ranks messages as all others do, which costs the
    budget nothing (see `detection.detectors.standing`); on the rest the log-odds speak.
    """
    stranger, unease = standing(signals, head)
    base = stranger * (1.0 + unease)
    odds = learned_odds(signals)
    if odds is None:
        return np.asarray(base)
    z = odds[head]
    return np.asarray(base + (z + np.sqrt(z * z + 4.0)) * 0.5)


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
