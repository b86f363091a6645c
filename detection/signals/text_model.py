"""What the trained text model says of a mail's words (`detection.mail.text_model`)."""

from __future__ import annotations

import numpy as np

from detection.mail.batch import Floats, MessageBatch
from detection.signals.arrays import stack
from detection.signals.context import Context
from detection.signals.registry import Member, SignalLevel, family

_DOCS = {
    "text_model_phishing": "How much its words are those of mail that asks to log in, confirm or open something.",
    "text_model_fraud": "How much its words are those of mail that talks people into payments or favours.",
    "text_model_spam": "How much its words are those of unasked-for offers.",
}


@family(SignalLevel.MESSAGE, *(Member(name, "log-odds", doc, low=-np.inf) for name, doc in _DOCS.items()))
def text_models(m: MessageBatch, c: Context) -> Floats:
    """The columns of the same names; unknown without a model or with hardly any text."""
    return stack([getattr(m, name) for name in _DOCS])
