"""What each signal is worth to one tenant: how often it speaks, how it tells attacks from the tenant's own mail, what it repeats.

Everything is read from stored as-of signals: those of the replayed history, and those of the rehearsed attacks or of
attacks given as a source. An unknown value says nothing and is left out of the comparison; its share is shown.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from scipy.stats import rankdata

import detection.signals  # noqa: F401 - fills the registry
from detection.engine import Engine
from detection.mail.batch import Floats
from detection.metrics import Auc, auc
from detection.signals.registry import SIGNALS
from onboarding import rehearse, scores
from onboarding.files import StoreError
from onboarding.history import open_history
from onboarding.rehearsal.folder import retargeted
from onboarding.sources.base import Source
from onboarding.workspace import Workspace

CONFIDENCE = 0.95
MOST_COMPARED = 4_000
"""Messages of the tenant's own traffic that are compared, evenly over history: more changes no digit that is shown."""

Arrays = Mapping[str, Floats]


@dataclass(frozen=True, slots=True)
class SignalReport:
    """One signal on one tenant's traffic and attacks."""

    name: str
    coverage: float
    """Share of the tenant's own traffic for which it is known and not 0."""
    unknown: float
    """Share of the tenant's own traffic for which it is unknown."""
    separation: Auc
    """All attacks against the tenant's own traffic; below one half, attacks have the lower values."""
    best_kind: str
    """The kind of attack that it tells best from the tenant's traffic; empty when none was long enough to say."""
    best: Auc
    neighbour: str
    """The signal that it repeats most of."""
    correlation: float
    """Rank correlation with that one, over traffic and attacks."""

    @property
    def separates(self) -> bool:
        """Whether the interval of the separation, of all attacks or of one kind, leaves one half out."""
        return any(
            one.low > 0.5 or one.high < 0.5 for one in (self.separation, self.best) if one.attacks and one.benign
        )


def report(workspace: Workspace, tenant: str, attacks: Source | None = None) -> list[SignalReport]:
    """Every signal, on the tenant's scored history and its rehearsed attacks, or on the attacks of a source.

    Raises StoreError when the history was not scored by this engine, or no attacks were rehearsed.
    """
    layout = workspace.layout(tenant)
    history = open_history(layout)
    path = scores.path_of(layout, history.digest, Engine().version)
    if not path.exists():
        raise StoreError(f"tenant {tenant} has no scores of this engine: run `gatehouse onboard {tenant}`")
    counted = scores.read(path)
    benign, _ = _stored(path, np.flatnonzero(counted.received & ~counted.known_bad))
    if attacks is not None:
        target = rehearse.target_of(workspace, tenant)
        sent = retargeted(target, rehearse._mail_of(attacks), f"{tenant}/{attacks.uri}")
        if not sent.labels:
            raise StoreError(f"{attacks.uri} holds no attack that could be sent to {tenant}")
        found = rehearse.score(target, sent).signals
        assert found is not None
        return measured(benign, found.arrays, [label.kind for label in sent.labels])
    rehearsed = rehearse.path_of(workspace, tenant, history)
    if not rehearsed.exists():
        raise StoreError(
            f"no attacks were rehearsed on tenant {tenant}: run `gatehouse rehearse {tenant}`, or give some"
        )
    hostile, kinds = _stored(rehearsed)
    return measured(benign, hostile, kinds)


def measured(benign: Arrays, attacks: Arrays, kinds: Sequence[str]) -> list[SignalReport]:
    """Every signal that both sides hold: values by name, float64[n] and float64[m], and the kind of each attack."""
    names = [name for name in SIGNALS if name in benign and name in attacks]
    rows = {kind: np.flatnonzero(np.array(kinds) == kind) for kind in sorted(set(kinds))}
    neighbours = _neighbours([np.concatenate([benign[name], attacks[name]]) for name in names])
    reports = []
    for at, name in enumerate(names):
        own, theirs = benign[name], attacks[name]
        by_kind = {kind: _separation(theirs[where], own) for kind, where in rows.items()}
        best = max(by_kind, key=lambda kind: _strength(by_kind[kind]), default="")
        other, correlation = neighbours[at]
        reports.append(
            SignalReport(
                name=name,
                coverage=float(np.mean(np.nan_to_num(own) != 0)) if len(own) else math.nan,
                unknown=float(np.isnan(own).mean()) if len(own) else math.nan,
                separation=_separation(theirs, own),
                best_kind=best,
                best=by_kind[best] if best else _separation(theirs[:0], own),
                neighbour=names[other] if other >= 0 else "",
                correlation=correlation,
            )
        )
    return reports


def _separation(attacks: Floats, benign: Floats) -> Auc:
    return auc(attacks[~np.isnan(attacks)], benign[~np.isnan(benign)], CONFIDENCE)


def _strength(found: Auc) -> float:
    """How far the interval keeps from one half; at most 0 when it holds it."""
    return max(found.low - 0.5, 0.5 - found.high) if found.attacks and found.benign else -1.0


def _neighbours(columns: Sequence[Floats]) -> list[tuple[int, float]]:
    """For each column the one it correlates most with by rank, and how much; -1 and NaN for a constant one."""
    if not columns:
        return []
    ranks = np.stack([rankdata(np.where(np.isnan(column), -1.0, column)) for column in columns])
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((ranks**2).sum(axis=1))
    ranks /= np.where(length > 0, length, 1.0)[:, None]
    correlations = ranks @ ranks.T
    np.fill_diagonal(correlations, 0.0)
    nearest = np.abs(correlations).argmax(axis=1)
    return [
        (int(other), float(correlations[at, other])) if length[at] > 0 and length[other] > 0 else (-1, math.nan)
        for at, other in enumerate(nearest.tolist())
    ]


def _stored(path: Path, rows: np.typing.NDArray[np.intp] | None = None) -> tuple[dict[str, Floats], list[str]]:
    """Stored signals by name, of some rows thinned evenly, and the kind of each where the file says it."""
    with pq.ParquetFile(path) as file:
        names = file.schema_arrow.names
        wanted = [name for name in names if name.startswith("signal:") or name == "kind"]
        table = file.read(columns=wanted)
    kinds = table.column("kind").to_pylist() if "kind" in names else []
    kept = rows if rows is not None else np.arange(table.num_rows)
    if rows is not None and len(kept) > MOST_COMPARED:
        kept = kept[np.linspace(0, len(kept) - 1, MOST_COMPARED).astype(np.intp)]
    signals = {name.removeprefix("signal:"): table.column(name).to_numpy()[kept] for name in wanted if name != "kind"}
    return signals, kinds
