"""What people said of single messages, as examples that a calibration is held to, and where false positives come from.

Joined are labels with the stored scores and signals of history (live mail is part of it once it is folded).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from detection.calibration.calibration import Calibration
from detection.detectors.registry import DETECTORS
from detection.engine import Scores
from detection.keys import Keys
from detection.mail.batch import Bools, Floats
from onboarding import scores
from onboarding.database import labels, versions
from onboarding.database.labels import Label, Verdict
from onboarding.files import StoreError
from onboarding.history import open_history
from onboarding.rehearsed import rehearsed_scores
from onboarding.scores import ReplayedScores
from onboarding.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Examples:
    """Keys of labelled messages of history, and how a calibration decides them."""

    safe: int
    safe_flagged: frozenset[int]
    attacks: int
    attacks_missed: frozenset[int]

    def document(self) -> dict[str, int]:
        """For a calibration's summary."""
        return {
            "safe": self.safe,
            "safe_flagged": len(self.safe_flagged),
            "attacks": self.attacks,
            "attacks_missed": len(self.attacks_missed),
        }


def tried(calibration: Calibration, replayed: ReplayedScores, keys: Keys | None, judged: Sequence[Label]) -> Examples:
    """How the calibration decides what people judged; `keys` are those of the replayed messages, None for nothing judged."""
    if keys is None or not judged:
        return Examples(0, frozenset(), 0, frozenset())
    safe, attack = (_at(keys, judged, verdict) for verdict in (Verdict.SAFE, Verdict.ATTACK))
    either = safe | attack
    hit = np.zeros(len(keys), dtype=np.bool_)
    hit[either] = _numbers(calibration, replayed.scores[:, either], replayed.detectors) <= calibration.attack_threshold
    return Examples(
        int(safe.sum()),
        frozenset(keys[safe & hit].tolist()),
        int(attack.sum()),
        frozenset(keys[attack & ~hit].tolist()),
    )


def tried_on_history(workspace: Workspace, tenant: str, row: versions.Calibration) -> Examples | None:
    """The same of a recorded calibration, from what is stored; None where it, or scores that it was made for, are not."""
    with workspace.database.session(tenant) as session:
        judged = labels.all_of(session, tenant)
    layout = workspace.layout(tenant)
    try:
        calibration = Calibration.from_bytes(layout.calibration(row.version).read_bytes())
        path = scores.path_of(layout, open_history(layout).digest, row.engine)
        return tried(calibration, scores.read(path), scores.message_keys(path), judged) if path.exists() else None
    except (OSError, StoreError, ValueError):
        return None


def false_positives(workspace: Workspace, tenant: str, row: versions.Calibration) -> list[dict[str, Any]]:
    """Where labelled-safe messages that the calibration flags come from: a line a detector, those with most first.

    `signals` counts the signals that its sentences on these messages rest on. `cost` is what correcting it would: its
    threshold raised beyond all of them, how many of the rehearsed attacks caught now would still be.
    """
    with workspace.database.session(tenant) as session:
        judged = labels.all_of(session, tenant)
    layout = workspace.layout(tenant)
    try:
        calibration = Calibration.from_bytes(layout.calibration(row.version).read_bytes())
        history = open_history(layout)
        path = scores.path_of(layout, history.digest, row.engine)
        if not judged or not path.exists():
            return []
        keys = scores.message_keys(path)
        rows = np.flatnonzero(_at(keys, judged, Verdict.SAFE))
        lines: dict[str, dict[str, Any]] = {}
        for _, scored in scores.with_signals(layout, history, rows, row.engine):
            for at, detector in _responsible(calibration, scored):
                line = lines.setdefault(
                    detector, {"detector": detector, "flagged": 0, "highest": -np.inf, "signals": {}}
                )
                line["flagged"] += 1
                line["highest"] = max(line["highest"], float(scored.values[calibration.detectors.index(detector), at]))
                for signal in _signals(detector, scored, at):
                    line["signals"][signal] = line["signals"].get(signal, 0) + 1
    except (OSError, StoreError, ValueError):
        return []
    rehearsed = rehearsed_scores(workspace, tenant, row.engine)
    for line in lines.values():
        line["cost"] = None
        if rehearsed is not None and rehearsed.detectors == calibration.detectors:
            line["cost"] = _cost(calibration, rehearsed.scores, line["detector"], line["highest"])
        line["signals"] = dict(sorted(line["signals"].items(), key=lambda one: (-one[1], one[0])))
    return sorted(lines.values(), key=lambda line: (-line["flagged"], line["detector"]))


def _responsible(calibration: Calibration, scored: Scores) -> list[tuple[int, str]]:
    """Of the flagged among some messages: their positions and the detector that flags each."""
    if scored.detectors != calibration.detectors:
        raise StoreError("the stored scores are of other detectors than the calibration's")
    shares = calibration.shares(calibration.tail_probabilities(np.ascontiguousarray(scored.values)))
    flagged = np.flatnonzero(shares.min(axis=0, initial=np.inf) <= calibration.attack_threshold)
    return [(int(at), calibration.detectors[int(shares[:, at].argmin())]) for at in flagged]


def _signals(detector: str, scored: Scores, at: int) -> list[str]:
    """Signals that the detector's sentences on a message rest on."""
    declared = DETECTORS.get(detector)
    if declared is None or scored.signals is None:
        return []
    values, found = scored.signals.at(at), dict[str, None]()
    for reason in declared.reasons:
        if all(low <= values.get(signal.name, np.nan) <= high for signal, low, high in reason.when):
            found.update(dict.fromkeys(signal.name for signal, _, _ in reason.when))
    return list(found)


def _cost(calibration: Calibration, attacks: Floats, detector: str, highest: float) -> dict[str, int]:
    """Rehearsed attacks caught now, and with the detector silent up to the score `highest`."""
    shares = calibration.shares(calibration.tail_probabilities(np.ascontiguousarray(attacks)))
    before = shares.min(axis=0, initial=np.inf) <= calibration.attack_threshold
    position = calibration.detectors.index(detector)
    shares[position, attacks[position] <= highest] = np.inf
    after = shares.min(axis=0, initial=np.inf) <= calibration.attack_threshold
    return {"sent": attacks.shape[1], "caught": int(before.sum()), "caught_after": int(after.sum())}


def _numbers(calibration: Calibration, values: Floats, detectors: tuple[str, ...]) -> Floats:
    if detectors != calibration.detectors:
        raise StoreError("the stored scores are of other detectors than the calibration's")
    return calibration.combined(calibration.tail_probabilities(np.ascontiguousarray(values)))


def _at(keys: Keys, judged: Sequence[Label], verdict: Verdict) -> Bools:
    named = np.array([one.message_key for one in judged if one.verdict is verdict], dtype=np.uint64)
    return np.asarray(np.isin(keys, named), dtype=np.bool_)
