"""Step 4: known kinds of attack, retargeted at this tenant, are put through the engine before anything goes live.

Attacks are made from the history, judged as of their own time against it, and their scores are kept beside the replay's:
calibration chooses weights on one set of wordings, recall is reported on the other. The attacks themselves are kept nowhere.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from detection.baselines.asking import facts_for
from detection.calibration.budget import Rehearsal
from detection.calibration.calibration import Calibration
from detection.engine import Engine, Scores
from detection.mail.batch import Floats, MessageBatch
from detection.mail.message import Defect
from detection.mail.organisation import Organisation
from detection.metrics import rate
from onboarding.baseline import READ
from onboarding.database import rehearsals as recorded
from onboarding.database import tenants, versions
from onboarding.database.rehearsals import RECIPES, Recalled
from onboarding.database.runs import RunToken
from onboarding.files import StoreError, write_whole
from onboarding.history import History, open_history, read_history
from onboarding.judged import NOTHING
from onboarding.layout import TenantLayout
from onboarding.lifecycle import Step
from onboarding.made import read_made
from onboarding.rehearsal.folder import retargeted
from onboarding.rehearsal.stage import Attacks, Rehearsed, rehearsal_version, rehearsals
from onboarding.rehearsal.target import COLUMNS, Target
from onboarding.rehearsal.wordings import WordingSet
from onboarding.sources.base import Source
from onboarding.stage import stage
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

LATEST = 1_000
"""Messages of history that tell how mail is seen now."""


@dataclass(frozen=True, slots=True, eq=False)
class RehearsedScores:
    """Scores of rehearsed attacks: `scores` float64[detectors, m], and what each attack is."""

    detectors: tuple[str, ...]
    scores: Floats
    labels: tuple[Rehearsed, ...]

    def of(self, which: WordingSet) -> RehearsedScores:
        """The attacks in the wordings of one set."""
        kept = [i for i, label in enumerate(self.labels) if label.set == which]
        return RehearsedScores(self.detectors, self.scores[:, kept], tuple(self.labels[i] for i in kept))


@dataclass(frozen=True, slots=True)
class RehearsalMade:
    """What the step hands on."""

    path: Path
    attacks: int


def rehearse(workspace: Workspace, token: RunToken) -> RehearsalMade:
    """Makes and scores the attacks, unless the same ones have been scored by this engine already.

    Raises StoreError when there is no history yet.
    """
    tenant = token.tenant
    with stage(workspace, token, Step.REHEARSE, unit="attacks") as current:
        layout = workspace.layout(tenant)
        history = open_history(layout)
        path = path_of(workspace, tenant, history)
        missing: dict[str, str] = {}
        if not _current(path):
            target = target_of(workspace, tenant)
            attacks = rehearsals(target, f"{tenant}/{history.digest}")
            write(path, attacks, score(target, attacks))
            missing = attacks.missing
        found = read(path)
        current.progress(len(found.labels), len(found.labels))
        current.summary |= {"attacks": len(found.labels), "not_possible": missing}
        log.info("%s: %d attacks rehearsed", tenant, len(found.labels))
    return RehearsalMade(path, len(found.labels))


def rehearse_folder(workspace: Workspace, token: RunToken, source: Source) -> list[Recalled]:
    """What the newest calibration catches of the attacks of a source, retargeted; only the sums are kept.

    Kinds are the names of the source's mailboxes: of `eml:FOLDER`, its first folder level. Raises StoreError when the
    tenant has no calibration of this engine.
    """
    tenant = token.tenant
    calibration, version = newest_calibration(workspace, tenant)
    target = target_of(workspace, tenant)
    attacks = retargeted(target, _mail_of(source), f"{tenant}/{source.uri}")
    if attacks.missing:
        log.info("%s: left out %s", tenant, ", ".join(f"{count} {reason}" for reason, count in attacks.missing.items()))
    if not attacks.labels:
        raise StoreError(f"{source.uri} holds no attack that could be sent to {tenant}")
    result = score(target, attacks)
    name = source.uri.rstrip("/").rpartition("/")[2]
    lines = recall_of(RehearsedScores(result.detectors, result.values, attacks.labels), calibration, name)
    with workspace.database.transaction(tenant) as session:
        recorded.record(session, token, version, name, lines)
    return lines


def newest_calibration(workspace: Workspace, tenant: str) -> tuple[Calibration, int]:
    """The newest calibration, if this engine made it. Raises StoreError, saying what to do, when there is none."""
    with workspace.database.session(tenant) as session:
        tenants.get(session, tenant)
        row = versions.calibration(session, tenant)
    if row is None or row.engine != Engine().version:
        made = "has no calibration yet" if row is None else f"was calibrated for another engine ({row.engine})"
        raise StoreError(f"tenant {tenant} {made}: run `gatehouse onboard {tenant}` first")
    artifact = workspace.layout(tenant).calibration(row.version)
    return Calibration.from_bytes(artifact.read_bytes()), row.version


def _mail_of(source: Source) -> Iterator[tuple[str, bytes]]:
    for mailbox in source.mailboxes():
        for page in source.pages(mailbox.name, None):
            for listed in page.messages:
                if isinstance(listed.content, bytes):
                    yield mailbox.name, listed.content


def path_of(workspace: Workspace, tenant: str, history: History) -> Path:
    """Where the scores of the attacks on a history by this engine lie; others where people said something else of it."""
    layout: TenantLayout = workspace.layout(tenant)
    said = read_made(layout).said or NOTHING
    named = filter(None, (history.digest, Engine().version, said.digest, "rehearsal"))
    return layout.scores / f"{'-'.join(named)}.parquet"


def target_of(workspace: Workspace, tenant: str) -> Target:
    """The tenant as its attackers see it, with its whole history in memory."""
    with workspace.database.session(tenant) as session:
        domains = tenants.get(session, tenant).domains
    batch = read_history(workspace.layout(tenant), [*READ, *(name for name in COLUMNS if name not in READ)])
    said = read_made(workspace.layout(tenant)).said or NOTHING
    return Target(batch, Organisation(frozenset(domains)), said)


def score(target: Target, attacks: Attacks) -> Scores:
    """The engine's scores of attacks, each as of its own time; they leave no trace and do not see each other.

    Where the source gives headers alone, nobody would read the attacks' bodies either.
    """
    batch = attacks.batch
    if headers_alone(target.batch):
        batch = replace(batch, defects=batch.defects | batch.defects.dtype.type(Defect.BODY_UNKNOWN))
    facts = facts_for(batch, target.batch, ~target.known_bad)
    return Engine().score(batch, facts)


def headers_alone(history: MessageBatch) -> bool:
    """Whether new mail of a tenant is seen without its body: its latest mail was."""
    latest = np.asarray(history.defects[-LATEST:])
    return bool(len(latest)) and float(((latest & Defect.BODY_UNKNOWN) != 0).mean()) > 0.5


def write(path: Path, attacks: Attacks, result: Scores) -> None:
    """Keeps scores and signals of attacks, and what each is: nothing of what they say."""
    assert result.signals is not None
    columns: dict[str, Any] = {name: [getattr(label, name) for label in attacks.labels] for name in _LABELS}
    columns = {name: pa.array(values, pa.string()) for name, values in columns.items()}
    columns |= {f"score:{name}": result.values[row] for row, name in enumerate(result.detectors)}
    columns |= {f"signal:{name}": values for name, values in result.signals.arrays.items()}
    table = pa.table(columns).replace_schema_metadata({_MADE_BY: rehearsal_version()})
    write_whole(path, lambda sink: pq.write_table(table, sink, compression="zstd", write_statistics=False))


def read(path: Path) -> RehearsedScores:
    """Scores of attacks without their signals."""
    with pq.ParquetFile(path) as file:
        names = [name for name in file.schema_arrow.names if not name.startswith("signal:")]
        table = file.read(columns=names)
    detectors = tuple(name.removeprefix("score:") for name in names if name.startswith("score:"))
    values = np.empty((len(detectors), table.num_rows))
    for row, name in enumerate(detectors):
        values[row] = table.column(f"score:{name}").to_numpy()
    labels = zip(*(table.column(name).to_pylist() for name in _LABELS), strict=True)
    return RehearsedScores(detectors, values, tuple(Rehearsed(*each) for each in labels))


def to_choose_on(workspace: Workspace, tenant: str, history: History) -> Rehearsal | None:
    """The attacks that weights may be chosen on; None when none were rehearsed for this history and engine."""
    path = path_of(workspace, tenant, history)
    if not path.exists():
        return None
    found = read(path).of(WordingSet.CHOOSING)
    return Rehearsal(
        scores=found.scores,
        kinds=[label.kind for label in found.labels],
        wordings=[label.wording for label in found.labels],
    )


def recall(
    workspace: Workspace, token: RunToken, history: History, calibration: Calibration, version: int
) -> list[Recalled]:
    """What a calibration catches of the attacks in the wordings that no weight was chosen on, recorded."""
    path = path_of(workspace, token.tenant, history)
    if not path.exists():
        return []
    found = read(path).of(WordingSet.REPORTING)
    lines = recall_of(found, calibration, RECIPES)
    with workspace.database.transaction(token.tenant) as session:
        recorded.record(session, token, version, RECIPES, lines)
    return lines


def recall_of(found: RehearsedScores, calibration: Calibration, source: str) -> list[Recalled]:
    """Caught and missed by kind and difficulty, with intervals, in the order of the attacks' kinds."""
    number = calibration.combined(calibration.tail_probabilities(found.scores))
    caught = number <= calibration.attack_threshold
    suspicious = ~caught & (number <= calibration.suspicious_threshold)
    groups: dict[tuple[str, str], list[int]] = {}
    for i, label in enumerate(found.labels):
        groups.setdefault((label.kind, label.difficulty), []).append(i)
    lines = []
    for (kind, difficulty), rows in sorted(groups.items(), key=lambda item: _place(*item[0])):
        hits = int(caught[rows].sum())
        share = rate(hits, len(rows))
        lines.append(
            Recalled(
                source=source,
                kind=kind,
                difficulty=difficulty,
                sent=len(rows),
                caught=hits,
                suspicious=int(suspicious[rows].sum()),
                low=share.low,
                high=share.high,
            )
        )
    return lines


_MADE_BY = b"gatehouse.rehearsal"


def _current(path: Path) -> bool:
    """Whether the file is there and holds the attacks of the recipes and wordings of now."""
    if not path.exists():
        return False
    made_by = (pq.read_schema(path).metadata or {}).get(_MADE_BY, b"")
    return bool(made_by == rehearsal_version().encode())


_LABELS = ("kind", "difficulty", "set", "recipe", "wording")
_ORDER = {"easy": "0", "medium": "1", "hard": "2"}


def _place(kind: str, difficulty: str) -> tuple[str, str]:
    return kind, _ORDER.get(difficulty, difficulty)
