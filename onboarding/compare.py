"""What another calibration would have changed: threshold by threshold, and over the tenant's whole stored history.

Reads calibrations and stored scores only. Where the scores that a calibration was made for are not stored for the
history of now, the thresholds are compared and the reason for the rest being absent is given.
"""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from typing import Any

import numpy as np

from detection.calibration.calibration import Calibration
from detection.calibration.order_statistics import clopper_pearson
from detection.decision import decide
from detection.mail.batch import Bools, Floats, Ints
from onboarding import scores
from onboarding.calibrate import read_calibration
from onboarding.database import tenants, versions
from onboarding.database.activations import ActivationError
from onboarding.files import StoreError
from onboarding.history import History, open_history
from onboarding.rehearsed import Rehearsed, rehearsed_scores
from onboarding.scores import ReplayedScores
from onboarding.verdicts import flagged
from onboarding.workspace import Workspace

STRONGEST = 10
"""Examples that are shown of each kind of change."""
DAYS_A_WEEK = 7


def compare(workspace: Workspace, tenant: str, before: int, after: int) -> dict[str, Any]:
    """The differences from calibration `before` to calibration `after`, as JSON values.

    Raises ActivationError when there is no such calibration, StoreError when one cannot be read.
    """
    with workspace.database.session(tenant) as session:
        tenants.get(session, tenant)
        rows = {version: versions.calibration(session, tenant, version) for version in (before, after)}
    for version, row in rows.items():
        if row is None:
            raise ActivationError(
                f"tenant {tenant} has no calibration {version}; see `gatehouse calibrations list {tenant}`"
            )
    old, new = (read_calibration(workspace, tenant, version) for version in (before, after))
    result: dict[str, Any] = {
        "tenant": tenant,
        "before": _named(before, old),
        "after": _named(after, new),
        "detectors": thresholds(old, new),
        "history": None,
        "rehearsal": None,
        "missing": [],
    }
    engines = {row.engine for row in rows.values() if row is not None}
    try:
        if len(engines) > 1:
            raise StoreError(
                f"the two were made for different engines ({', '.join(sorted(engines))}): their scores do not compare; "
                f"`gatehouse calibrate {tenant}` makes one for this engine"
            )
        result["history"] = _over_history(workspace, tenant, engines.pop(), old, new)
    except StoreError as error:
        result["missing"].append(f"history: {error}")
    else:
        found = rehearsed_scores(workspace, tenant, rows[after].engine)  # type: ignore[union-attr]
        if found is None:
            result["missing"].append(
                f"rehearsal: no rehearsed attacks are stored; `gatehouse rehearse {tenant}` sends some"
            )
        else:
            result["rehearsal"] = recall_by_kind(found, old, new)
    return result


def thresholds(old: Calibration, new: Calibration) -> list[dict[str, Any]]:
    """For every detector of either: the score at which it alone makes an attack, and its weight, before and after."""
    sides = []
    for one in (old, new):
        at = one.scores_at(one.attack_threshold)
        sides.append(
            {
                name: {"attack_score": at[i], "weight": one.weights[i], "fixed_threshold": one.fixed_thresholds[i]}
                for i, name in enumerate(one.detectors)
            }
        )
    names = list(dict.fromkeys((*new.detectors, *old.detectors)))
    return [
        {
            "detector": name,
            "before": sides[0].get(name),
            "after": sides[1].get(name),
            "changed": sides[0].get(name) != sides[1].get(name),
        }
        for name in names
    ]


def _named(version: int, one: Calibration) -> dict[str, Any]:
    certificate = one.certificate
    return {
        "version": version,
        "alpha": certificate.alpha,
        "delta": certificate.delta,
        "basis": str(certificate.basis),
        "certified": certificate.certified,
        "counted_alpha": certificate.counted_alpha,
        "statement": certificate.statement,
    }


def _over_history(workspace: Workspace, tenant: str, engine: str, old: Calibration, new: Calibration) -> dict[str, Any]:
    layout = workspace.layout(tenant)
    history = open_history(layout)
    path = scores.path_of(layout, history.digest, engine)
    if not path.exists():
        raise StoreError(
            f"no scores of engine {engine} are stored for the history of now; `gatehouse calibrate {tenant}` makes "
            "those of this engine"
        )
    replayed = scores.read(path)
    was, now = (attacks(one, replayed) for one in (old, new))
    newly, no_longer = now & ~was & replayed.received, was & ~now & replayed.received
    return {
        "messages": int(replayed.received.sum()),
        "flagged_before": int((was & replayed.received).sum()),
        "flagged_after": int((now & replayed.received).sum()),
        "newly_flagged": _change(workspace, tenant, history, engine, replayed, newly, new),
        "no_longer_flagged": _change(workspace, tenant, history, engine, replayed, no_longer, old),
    }


def attacks(calibration: Calibration, replayed: ReplayedScores) -> Bools:
    """Which messages the calibration flags as attack, bool[n]."""
    number = _numbers(calibration, replayed.scores, replayed.detectors)
    return np.asarray(number <= calibration.attack_threshold)


def _numbers(calibration: Calibration, values: Floats, detectors: tuple[str, ...]) -> Floats:
    if detectors != calibration.detectors:
        raise StoreError("the stored scores are of other detectors than the calibration's")
    return calibration.combined(calibration.tail_probabilities(np.ascontiguousarray(values)))


def _change(
    workspace: Workspace,
    tenant: str,
    history: History,
    engine: str,
    replayed: ReplayedScores,
    changed: Bools,
    by: Calibration,
) -> dict[str, Any]:
    rows = np.flatnonzero(changed)
    weeks = Counter((replayed.time[rows] // (DAYS_A_WEEK * scores.SECONDS_A_DAY)).tolist())
    strongest = rows
    if len(rows) > STRONGEST:
        number = _numbers(by, replayed.scores[:, rows], replayed.detectors)
        strongest = np.sort(rows[np.argsort(number, kind="stable")[:STRONGEST]])
    return {
        "messages": len(rows),
        "campaigns": len(np.unique(replayed.campaigns[rows])),
        "known_bad": int(replayed.known_bad[rows].sum()),
        "by_week": {_week(week): count for week, count in sorted(weeks.items())},
        "strongest": _examples(workspace, tenant, history, engine, strongest, by),
    }


def _examples(
    workspace: Workspace, tenant: str, history: History, engine: str, rows: Ints, by: Calibration
) -> list[dict[str, Any]]:
    found = []
    for batch, replayed in scores.with_signals(workspace.layout(tenant), history, rows, engine):
        for row, decision in enumerate(decide(batch, replayed, by)):
            one = flagged(batch, row, decision)
            found.append(
                {
                    "message_id": one.message_id,
                    "path": one.path,
                    "time": datetime.fromtimestamp(one.time, UTC).isoformat(),
                    "sender": one.attribution["sender"],
                    "kind": one.kind,
                    "tail_probability": one.tail_probability,
                    "reasons": one.attribution["reasons"],
                }
            )
    return sorted(found, key=lambda example: example["tail_probability"])


def recall_by_kind(found: Rehearsed, old: Calibration, new: Calibration) -> dict[str, Any]:
    """For each kind of rehearsed attack and for all: how many are caught before and after, with 95% intervals."""
    was, now = (np.asarray(_numbers(one, found.scores, found.detectors) <= one.attack_threshold) for one in (old, new))
    kinds = np.asarray(found.kinds)
    chosen = {kind: kinds == kind for kind in sorted(set(found.kinds))} | {"all": np.ones(len(kinds), dtype=np.bool_)}
    return {
        kind: {
            "sent": int(mask.sum()),
            "caught_before": int(was[mask].sum()),
            "caught_after": int(now[mask].sum()),
            "interval_before": list(clopper_pearson(int(was[mask].sum()), int(mask.sum()))),
            "interval_after": list(clopper_pearson(int(now[mask].sum()), int(mask.sum()))),
        }
        for kind, mask in chosen.items()
    }


def _week(number: int) -> str:
    """The first day of a week that began on a Thursday, as the epoch did."""
    return datetime.fromtimestamp(number * DAYS_A_WEEK * scores.SECONDS_A_DAY, UTC).date().isoformat()
