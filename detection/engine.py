"""The one path from columns and facts to scores: for live mail, replayed history and rehearsed attacks alike."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from importlib.resources.abc import Traversable

import numpy as np

import detection.detectors
import detection.signals  # noqa: F401 - fills the registry
from detection import models
from detection.baselines.values import FactValues
from detection.detectors.registry import DETECTORS
from detection.mail.batch import Floats, MessageBatch
from detection.signals.registry import ROWS, compute_signals
from detection.signals.values import Rows, SignalValues

CHUNK = 8_192
"""Messages scored at a time: signals and evidence, some 1,000 rows of 8 bytes each, stay near 60 MB."""


@dataclass(frozen=True, slots=True, eq=False)
class Scores:
    """What the engine says of the messages of a batch.

    `values` is float64[detectors, n] in the order of `detectors`, never NaN. `signals` is None when it was asked to
    drop them.
    """

    detectors: tuple[str, ...]
    values: Floats
    signals: SignalValues | None

    def __len__(self) -> int:
        return int(self.values.shape[1])


@dataclass(frozen=True, slots=True)
class Engine:
    """All declared signals and detectors. It holds nothing of any tenant, and two engines of one version are alike."""

    @property
    def version(self) -> str:
        """Changes whenever the definition of a column, fact, signal or detector changes: 12 hexadecimal digits."""
        return _version()

    @property
    def detectors(self) -> tuple[str, ...]:
        """Names of the detectors, in the order of the rows of `Scores.values`."""
        return tuple(DETECTORS)

    def score(self, batch: MessageBatch, facts: FactValues, *, keep_signals: bool = True) -> Scores:
        """Signals and detector scores of every message.

        One message gives the same bits alone as among a million: everything is computed element by element. Without
        `keep_signals` the memory needed is that of the scores and one chunk.
        """
        n = len(batch)
        if n <= CHUNK:
            signals = compute_signals(batch, facts)
            return Scores(self.detectors, _detect(signals), signals if keep_signals else None)
        values = np.empty((len(DETECTORS), n))
        kept = np.empty((len(ROWS), n)) if keep_signals else None
        for start in range(0, n, CHUNK):
            stop = min(start + CHUNK, n)
            signals = compute_signals(batch.take(start, stop), facts.take(batch, start, stop))
            values[:, start:stop] = _detect(signals)
            if kept is not None:
                kept[:, start:stop] = signals.some(tuple(ROWS))
        return Scores(self.detectors, values, None if kept is None else SignalValues(Rows(kept, ROWS)))


def _detect(signals: SignalValues) -> Floats:
    found = [detector.compute(signals) for detector in DETECTORS.values()]
    # Of one message a detector may give a number or an array of one.
    scores = np.concatenate(found, axis=None)
    scores = scores.reshape(len(DETECTORS), -1) if scores.size else np.empty((len(DETECTORS), 0))
    if np.isnan(scores).any():
        for detector in DETECTORS.values():
            detector(signals)  # names the one that did not decide what an unknown signal means
    return scores


@cache
def _version() -> str:
    """Digest of what defines the meaning of a score: this package's sources below `mail` .. `detectors`, the models in force."""
    digest = sha256()
    root = files("detection")
    for package in ("mail", "baselines", "signals", "detectors"):
        for name, content in _sources(root / package, package):
            digest.update(name.encode() + b"\0" + content + b"\0")
    digest.update(models.digest().encode())
    return digest.hexdigest()[:12]


def _sources(folder: Traversable, path: str) -> list[tuple[str, bytes]]:
    """Python and data files below a folder, by path, in a fixed order."""
    found: list[tuple[str, bytes]] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        name = f"{path}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__":
                found.extend(_sources(entry, name))
        elif not entry.name.endswith((".pyc", ".md")):
            found.append((name, entry.read_bytes()))
    return found
