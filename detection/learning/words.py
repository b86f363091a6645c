"""Fitting the text model: one logistic regression a head over hashed n-grams (Fan et al. 2008 compare such models).

Every text is a row with the value 1 / sqrt(k) in each of its k different buckets, so all rows have length 1 and the
loss is smooth enough for a fixed step. Few steps of Nesterov's accelerated gradient (1983) are taken on purpose: a
descent that is stopped early is regularised, as rare n-grams have not moved far by then.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array

from detection.learning.labels import Nature
from detection.mail.batch import Bools, Floats
from detection.mail.ngrams import BUCKETS, Buckets
from detection.mail.text_model import FEWEST, HEADS, TextModel

Natures = npt.NDArray[np.int8]

STEPS = 70
STEP = 3.5
"""Below 4 / max ||x||**2 = 4, the inverse of the steepest the mean loss can bend."""
SHRINKAGE = 1e-6
_OF_HEAD = {"phishing": Nature.PHISHING, "fraud": Nature.FRAUD, "spam": Nature.SPAM}


def rows_of(texts: Sequence[Buckets]) -> csr_array:
    """Texts' buckets as a sparse matrix [texts, BUCKETS] with rows of length 1."""
    lengths = np.array([len(buckets) for buckets in texts], dtype=np.int64)
    columns = np.concatenate(texts) if len(texts) else np.empty(0, dtype=np.int64)
    ends = np.concatenate([[0], np.cumsum(lengths)])
    values = np.repeat(1.0 / np.sqrt(np.maximum(lengths, 1)), lengths)
    # In the order of their buckets: buckets come in an order that says nothing, and sums of fractions depend on it.
    rows = csr_array((values, columns, ends), shape=(len(texts), BUCKETS))
    rows.sort_indices()
    return rows


def wanted_by_heads(nature: Natures) -> Bools:
    """What each head of `HEADS` is to find, bool[heads, n]."""
    return np.stack([nature == _OF_HEAD[name] for name in HEADS])


def fit_text_model(rows: csr_array, wanted: Bools, benign: Bools, weight: Floats) -> TextModel:
    """A head for each row of `wanted` bool[heads, n] against benign mail; one with nothing to find says nothing."""
    weights = np.zeros((BUCKETS, len(HEADS)), dtype=np.int8)
    scales, biases = [], []
    for head, sought in enumerate(wanted):
        used = np.flatnonzero(sought | benign)
        if not sought.any() or not benign.any():
            scales.append(0.0)
            biases.append(0.0)
            continue
        found, bias = _fit(rows[used], sought[used], weight[used])
        # The few heaviest are cut, so that the many others keep their digits.
        limit = float(np.quantile(np.abs(found), 1 - 1e-4)) or 1.0
        scale = limit / 127
        weights[:, head] = np.rint(np.clip(found, -limit, limit) / scale)
        scales.append(scale)
        biases.append(bias)
    return TextModel(weights, tuple(scales), tuple(biases))


def predict(model: TextModel, rows: csr_array) -> Floats:
    """The log-odds of many texts, float64[heads, texts], as the model gives them one by one (up to rounding)."""
    out = np.empty((len(HEADS), rows.shape[0]))
    short = np.diff(rows.indptr) < FEWEST
    for head in range(len(HEADS)):
        out[head] = rows @ model.weights[:, head].astype(np.float64) * model.scale[head] + model.bias[head]
        out[head, short] = np.nan
    return out


def _fit(rows: csr_array, attack: Bools, weight: Floats) -> tuple[Floats, float]:
    """Weights and bias; attacks weigh half as much as benign mail in all, whatever their numbers."""
    weight = weight.copy()
    weight[attack] *= 0.5 * weight[~attack].sum() / weight[attack].sum()
    weight /= weight.sum()
    columns = rows.T.tocsr()
    solution, ahead = np.zeros(BUCKETS), np.zeros(BUCKETS)
    bias, bias_ahead, momentum = 0.0, 0.0, 1.0
    for _ in range(STEPS):
        probability = 1.0 / (1.0 + np.exp(-(rows @ ahead + bias_ahead)))
        residual = weight * (probability - attack)
        moved = ahead - STEP * (columns @ residual + SHRINKAGE * ahead)
        bias_moved = bias_ahead - STEP * float(residual.sum())
        following = (1.0 + np.sqrt(1.0 + 4.0 * momentum**2)) / 2.0
        push = (momentum - 1.0) / following
        ahead, bias_ahead = moved + push * (moved - solution), bias_moved + push * (bias_moved - bias)
        solution, bias, momentum = moved, bias_moved, following
    return solution, bias
