"""What the report is made from: read from the database and the stored scores, computed nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from detection.calibration.calibration import Calibration
from onboarding import scores
from onboarding.calibrate import read_calibration
from onboarding.database import activations, decisions, gates, mailboxes, rehearsals, tenants, versions
from onboarding.database.decisions import DecisionRow
from onboarding.database.gates import GateRow
from onboarding.database.rehearsals import RehearsalRow
from onboarding.examples import false_positives
from onboarding.files import StoreError
from onboarding.history import open_history
from onboarding.report.pictures import Curve
from onboarding.workspace import Workspace

DAYS_A_WEEK = 7
MOST_FINDINGS = 10
MOST_POINTS = 160
"""Of a curve: more would make the page heavy and look the same."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Evidence:
    """A tenant after a run."""

    tenant: str
    domains: Sequence[str]
    source: str
    outcome: Mapping[str, Any]
    """As `gatehouse onboard --json` gives it."""
    failed: Sequence[tuple[str, str]]
    """Mailboxes that could not be read, and why."""
    calibration: Mapping[str, Any] | None
    """What a calibration's record says of it."""
    engine: str | None
    curves: Sequence[Curve]
    recalled: Mapping[str, Sequence[RehearsalRow]]
    """Recall by source of attacks."""
    gates: Sequence[GateRow]
    findings: Sequence[DecisionRow]
    weeks: Sequence[tuple[int, int, int]]
    """First day, messages received, messages sent, a week."""
    wrong: Sequence[Mapping[str, Any]] = ()
    """Where labelled-safe messages that are flagged come from, a line a detector (`onboarding.examples`)."""


def gather(workspace: Workspace, tenant: str, outcome: Mapping[str, Any]) -> Evidence:
    """Everything of the tenant that the report shows; what a run has not come to is empty."""
    with workspace.database.session(tenant) as session:
        row = tenants.get(session, tenant)
        failed = [(m.name, m.reason or "") for m in mailboxes.all_of(session, tenant) if str(m.state) == "failed"]
        activation = activations.current(session, tenant)
        calibration = versions.calibration(session, tenant, activation.calibration if activation else None)
        measured = gates.latest(session, tenant)
        found: Sequence[DecisionRow] = []
        recalled: dict[str, Sequence[RehearsalRow]] = {}
        if calibration is not None:
            found = decisions.findings(session, tenant, calibration.version, limit=MOST_FINDINGS)
            for source in rehearsals.sources_of(session, tenant, calibration.version):
                recalled[source] = rehearsals.of_calibration(session, tenant, calibration.version, source)
    return Evidence(
        tenant=tenant,
        domains=row.domains,
        source=row.source,
        outcome=outcome,
        failed=failed,
        calibration=calibration.summary if calibration else None,
        engine=calibration.engine if calibration else None,
        curves=_curves(workspace, tenant, calibration) if calibration else (),
        recalled=recalled,
        gates=measured,
        findings=found,
        weeks=_weeks(_scores_of(workspace, tenant, calibration.engine)) if calibration else (),
        wrong=false_positives(workspace, tenant, calibration) if calibration else (),
    )


def _curves(workspace: Workspace, tenant: str, row: versions.Calibration) -> list[Curve]:
    try:
        calibration = read_calibration(workspace, tenant, row.version)
    except StoreError:
        return []
    highest = {one["detector"]: one["highest"] for one in row.summary["detectors"]}
    attack = calibration.scores_at(calibration.attack_threshold)
    return [
        _curve(calibration, position, highest.get(name, 0.0), attack[position])
        for position, name in enumerate(calibration.detectors)
        if len(calibration.own_tails[position].knots)
    ]


def _curve(calibration: Calibration, position: int, highest: float, threshold: float | None) -> Curve:
    """From where a tenth of the mail scores higher to what is never seen; the bulk below says nothing of an attack."""
    tail = calibration.own_tails[position]
    above = np.flatnonzero(tail.mass[1:] <= 0.5)
    low = float(tail.knots[above[0]]) if len(above) else float(tail.knots[0])
    end = max(highest, low) if threshold is None else max(highest, low, threshold)
    points = np.linspace(low, end if end > low else low + 1.0, MOST_POINTS)
    grid = np.zeros((len(calibration.detectors), MOST_POINTS))
    grid[position] = points
    return Curve(calibration.detectors[position], points, calibration.tail_probabilities(grid)[position], threshold)


def _scores_of(workspace: Workspace, tenant: str, engine: str) -> Path | None:
    layout = workspace.layout(tenant)
    try:
        path = scores.path_of(layout, open_history(layout).digest, engine)
    except StoreError:
        return None
    return path if path.exists() else None


def _weeks(path: Path | None) -> list[tuple[int, int, int]]:
    if path is None:
        return []
    try:
        table = pq.read_table(path, columns=["time", "received"])
    except (OSError, pa.ArrowException):
        return []
    time, received = table.column("time").to_numpy(), table.column("received").to_numpy()
    if not len(time):
        return []
    first = int(time.min()) // scores.SECONDS_A_DAY
    week = (time // scores.SECONDS_A_DAY - first) // DAYS_A_WEEK
    came, sent = np.bincount(week[received]), np.bincount(week[~received])
    count = int(week.max()) + 1
    came, sent = np.pad(came, (0, count - len(came))), np.pad(sent, (0, count - len(sent)))
    return [(first + DAYS_A_WEEK * n, int(came[n]), int(sent[n])) for n in range(count)]
