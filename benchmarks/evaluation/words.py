"""The baseline that knows nothing of the tenant: a logistic regression over the words of subject, sender and text.

Word 1-grams and 2-grams, hashed; sublinear term frequency times inverse document frequency, rows of length 1; L2
penalty, fitted to convergence by L-BFGS; its strength chosen on the last fifth of the training mail, by recall at a
false-positive rate of 0.1% there. That is how such a classifier is made well, short of knowing the tenant.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.sparse import csr_array

from detection.mail.batch import Bools, Floats
from detection.metrics import auc, recall_at

BITS = 20
LONGEST = 20_000
"""Characters of text that are read."""
STRENGTHS = (1.0, 10.0, 100.0)
"""Inverse penalties that are tried, as a sum over messages (scikit-learn's C)."""
STEPS = 80
FEWEST = 2
"""Mails that a word must be in to be learned."""

Grams = npt.NDArray[np.int32]
_WORD = re.compile(r"\w+")
_LAST = (1 << BITS) - 1


def grams(subject: str, sender: str, text: str) -> Grams:
    """The hashed words and word pairs of a mail, int32[k], with repetitions.

    >>> len(grams("Your invoice", "a@b.example", ""))
    9
    """
    parts = []
    for part in (subject, sender, text[:LONGEST]):
        words = _WORD.findall(part.lower())
        codes = np.array([crc32(word.encode("utf-8", "replace")) for word in words], dtype=np.uint64)
        pairs = codes[:-1] * np.uint64(0x9E3779B1) + codes[1:] * np.uint64(0x85EBCA77) + np.uint64(1)
        parts += [codes, (pairs ^ (pairs >> np.uint64(29)))]
    return (np.concatenate(parts) & np.uint64(_LAST)).astype(np.int32)


@dataclass(frozen=True, slots=True, eq=False)
class BagOfWords:
    """A fitted classifier. `strength` is the one that was chosen."""

    inverse_frequency: Floats
    weights: Floats
    bias: float
    strength: float

    def __call__(self, mails: Sequence[Grams]) -> Floats:
        """Log-odds of being an attack, float64[n]."""
        return np.asarray(_weighed(_counted(mails), self.inverse_frequency) @ self.weights + self.bias)


def fit(mails: Sequence[Grams], attack: Bools, held_out: Bools) -> BagOfWords:
    """Fits on mails and their labels; `held_out` mails choose the strength, then all are fitted.

    Raises ValueError without both classes among those that are not held out.
    """
    if not attack[~held_out].any() or attack[~held_out].all():
        raise ValueError("a classifier needs mail of both classes to learn from")
    counts = _counted(mails)
    seen, kept = np.flatnonzero(~held_out), np.flatnonzero(held_out)
    best = STRENGTHS[0], (-1.0, -1.0)
    if attack[kept].any() and not attack[kept].all():
        idf = _inverse_frequency(counts[seen])
        rows = _weighed(counts, idf)
        for strength in STRENGTHS:
            weights, bias = _logistic(rows[seen], attack[seen], strength)
            scores = rows[kept] @ weights + bias
            bad, good = scores[attack[kept]], scores[~attack[kept]]
            quality = recall_at(bad, good, 1e-3).value, auc(bad, good).value
            if quality > best[1]:
                best = strength, quality
    idf = _inverse_frequency(counts)
    weights, bias = _logistic(_weighed(counts, idf), attack, best[0])
    return BagOfWords(idf, weights, bias, best[0])


def _counted(mails: Sequence[Grams]) -> csr_array:
    ends = np.concatenate([[0], np.cumsum([len(one) for one in mails])])
    columns = np.concatenate(mails) if len(mails) else np.zeros(0, dtype=np.int32)
    rows = csr_array((np.ones(len(columns)), columns, ends), shape=(len(mails), 1 << BITS))
    rows.sum_duplicates()
    return rows


def _inverse_frequency(counts: csr_array) -> Floats:
    n = counts.shape[0]
    frequency = np.bincount(counts.indices, minlength=1 << BITS)
    return np.asarray(np.log((1 + n) / (1 + frequency)) + 1.0)


def _weighed(counts: csr_array, inverse_frequency: Floats) -> csr_array:
    values = (1.0 + np.log(counts.data)) * inverse_frequency[counts.indices]
    rows = csr_array((values, counts.indices, counts.indptr), shape=counts.shape)
    owner = np.repeat(np.arange(rows.shape[0]), np.diff(rows.indptr))
    length = np.sqrt(np.bincount(owner, weights=values**2, minlength=rows.shape[0]))
    rows.data = values / np.maximum(length, 1e-12)[owner]
    return rows


def _logistic(rows: csr_array, attack: Bools, strength: float) -> tuple[Floats, float]:
    """Minimises strength * sum(w_i log(1 + exp(-y_i f_i))) + |weights|^2 / 2, the classes weighing alike."""
    used = np.flatnonzero(np.bincount(rows.indices, minlength=rows.shape[1]) >= FEWEST)
    rows = rows[:, used]
    columns = rows.T.tocsr()
    y = np.where(attack, 1.0, -1.0)
    share = np.where(attack, 0.5 / max(int(attack.sum()), 1), 0.5 / max(int((~attack).sum()), 1)) * len(attack)

    def loss(point: Floats) -> tuple[float, Floats]:
        weights, bias = point[:-1], point[-1]
        margin = y * (rows @ weights + bias)
        value = strength * float(share @ np.logaddexp(0.0, -margin)) + 0.5 * float(weights @ weights)
        pull = -strength * share * y / (1.0 + np.exp(np.minimum(margin, 500.0)))
        return value, np.append(columns @ pull + weights, pull.sum())

    found = minimize(
        loss, np.zeros(len(used) + 1), jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 10}
    )
    weights = np.zeros(1 << BITS)
    weights[used] = found.x[:-1]
    return weights, float(found.x[-1])
