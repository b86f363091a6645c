"""Which way each signal points, as the heuristic detectors declare it: what a learned model may not contradict."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from detection.detectors.evidence import declared_evidence
from detection.detectors.standing import FAMILIARITY
from detection.mail.text_model import HEADS


def signs_of(names: tuple[str, ...]) -> npt.NDArray[np.int8]:
    """For each signal +1 when suspicion rises with it, -1 when it falls, 0 when nobody says or detectors disagree.

    Such a constraint keeps what is learned from a few organisations true for others: a sender's history can then
    never count against it, however the training mail happened to be made.
    """
    said: dict[str, set[int]] = {f.signal: {-1} for f in FAMILIARITY}
    said |= {f"text_model_{head}": {1} for head in HEADS}
    for evidence in declared_evidence():
        rising = evidence.weight > 0
        said.setdefault(evidence.signal, set()).add(-1 if evidence.falling == rising else 1)
    return np.array([said[name].copy().pop() if len(said.get(name, ())) == 1 else 0 for name in names], dtype=np.int8)
