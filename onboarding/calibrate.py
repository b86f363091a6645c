"""Step 4: thresholds for this tenant from its replayed scores, under its budget, with a certificate.

Reads stored scores only, so it can be run again after a change of budget or overrides without any mail at hand.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from detection.calibration.burn_in import BurnIn, burn_in
from detection.calibration.calibrate import CalibrationResult, calibrate
from detection.calibration.calibration import Calibration
from detection.decision import decide
from detection.engine import Engine
from detection.mail.batch import Ints
from onboarding import scores
from onboarding.database import decisions, labels, tenants, versions
from onboarding.database.decisions import Flagged
from onboarding.database.rehearsals import Recalled
from onboarding.database.runs import RunToken
from onboarding.examples import Examples, tried
from onboarding.files import StoreError, write_whole
from onboarding.history import open_history
from onboarding.judged import Judged
from onboarding.lending import lent_to
from onboarding.lifecycle import Step
from onboarding.rehearse import recall, to_choose_on
from onboarding.scores import ReplayedScores
from onboarding.stage import stage
from onboarding.tuning import overrides_in_force
from onboarding.verdicts import flagged
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

STRONGEST_FINDINGS = 25


@dataclass(frozen=True, slots=True)
class CalibrationMade:
    """What the step hands on."""

    version: int
    result: CalibrationResult
    burn_in: BurnIn
    recalled: Sequence[Recalled] = ()
    """What it catches of rehearsed attacks that no weight was chosen on."""


def make_calibration(
    workspace: Workspace, token: RunToken, baseline: int, *, actor: str = "gatehouse"
) -> CalibrationMade:
    """Calibrates on the stored scores of the history in force. Same scores, budget and overrides: same version.

    Raises StoreError when there are no scores of this engine.
    """
    tenant = token.tenant
    with stage(workspace, token, Step.CALIBRATE, unit="messages") as current:
        layout, engine = workspace.layout(tenant), Engine()
        history = open_history(layout)
        path = scores.path_of(layout, history.digest, engine.version)
        if not path.exists():
            raise StoreError(
                f"tenant {tenant} has no scores of engine {engine.version}: run `gatehouse onboard {tenant}`"
            )
        with workspace.database.session(tenant) as session:
            row = tenants.get(session, tenant)
            overrides = overrides_in_force(session, tenant, engine.detectors)
            judged = labels.all_of(session, tenant)
        keys = scores.message_keys(path) if judged else None
        replayed = scores.read(path)
        if keys is not None:
            replayed = replace(replayed, known_bad=Judged.of(judged).over(replayed.known_bad, keys))
        counted, warm = countable(replayed)
        made = partial(
            calibrate,
            replayed.scores[:, counted],
            replayed.detectors,
            replayed.campaigns[counted],
            replayed.days[counted],
            ~replayed.known_bad[counted],
            row.alpha,
            row.delta,
            overrides=overrides,
            rehearsal=to_choose_on(workspace, tenant, history),
        )
        result = made()
        if not result.certificate.certified and (reference := lent_to(workspace, tenant, engine.version)) is not None:
            log.info(
                "%s: its own mail certifies too little, tails of %d other tenants help out", tenant, reference.tenants
            )
            result = made(reference=reference)
            current.summary |= {"pooled_over": reference.tenants}
        found = _findings(workspace, tenant, result, counted)
        examples = tried(result.calibration, replayed, keys, judged)
        version = _record(workspace, token, baseline, result, warm, found, examples, actor)
        recalled = recall(workspace, token, history, result.calibration, version)
        current.summary |= {"version": version, "statement": result.certificate.statement, "findings": len(found)}
        log.info("%s: calibration %d is made, %d findings in history", tenant, version, len(found))
    return CalibrationMade(version, result, warm, recalled)


def countable(replayed: ReplayedScores) -> tuple[Ints, BurnIn]:
    """Rows of history that calibration may use: received by the tenant, after the burn-in."""
    rows = np.flatnonzero(replayed.received)
    warm = burn_in(replayed.senders[rows], replayed.days[rows])
    return rows[replayed.days[rows] >= warm.first_day], warm


def read_calibration(workspace: Workspace, tenant: str, version: int) -> Calibration:
    """A recorded calibration. Raises StoreError when its file is missing or damaged."""
    path = workspace.layout(tenant).calibration(version)
    try:
        return Calibration.from_bytes(path.read_bytes())
    except (OSError, ValueError) as error:
        raise StoreError(
            f"calibration {version} of {tenant} cannot be read from {path} ({error}): run `gatehouse calibrate {tenant}`"
        ) from error


def _record(
    workspace: Workspace,
    token: RunToken,
    baseline: int,
    result: CalibrationResult,
    warm: BurnIn,
    found: list[Flagged],
    examples: Examples,
    actor: str,
) -> int:
    layout, engine = workspace.layout(token.tenant), Engine()
    certificate = result.certificate
    digest = f"{result.calibration.digest}-{baseline}-{engine.version}"
    with workspace.database.session(token.tenant) as session:
        known = versions.calibration_of(session, token.tenant, digest)
        newest = versions.calibration(session, token.tenant)
    version = known.version if known is not None else (newest.version if newest else 0) + 1
    artifact = result.calibration.to_bytes()
    write_whole(layout.calibration(version), lambda sink: sink.write(artifact))
    with workspace.database.transaction(token.tenant) as session:
        row = versions.record_calibration(
            session,
            token,
            digest=digest,
            baseline=baseline,
            engine=engine.version,
            alpha=certificate.alpha,
            delta=certificate.delta,
            n=certificate.n,
            effective_n=float(certificate.effective_n),
            basis=certificate.basis,
            valid=certificate.certified,
            artifact=str(layout.calibration(version).relative_to(workspace.home)),
            summary=summary_of(result, warm) | {"labelled": examples.document()},
            actor=actor,
        )
        decisions.record_findings(session, token, row.version, found)
    return row.version


def summary_of(result: CalibrationResult, warm: BurnIn) -> dict[str, Any]:
    """What the report and `gatehouse calibrations show` say of a calibration: JSON values only."""
    return {
        "statement": result.certificate.statement,
        "certificate": asdict(result.certificate),
        "suspicious": asdict(result.suspicious_certificate),
        "detectors": [asdict(one) for one in result.detectors],
        "weights": result.weights.reason,
        "messages": result.messages,
        "campaigns": result.campaigns,
        "excluded_as_known_bad": result.excluded,
        "parts": dict(result.parts),
        "burn_in": {
            "first_day": warm.first_day,
            "days": warm.days,
            "settled": warm.settled,
            "new_sender_rate_before": warm.rate_before,
            "new_sender_rate_after": warm.rate_after,
            "batch_days": warm.batch_days,
            "rates": [round(float(rate), 6) for rate in warm.rates],
        },
        "walk_forward": {
            "weeks": len(result.audit.weeks),
            "promised": result.audit.promised,
            "observed": result.audit.observed,
            "interval": list(result.audit.interval),
            "kept": result.audit.kept,
            "campaigns": result.audit.campaigns,
            "flagged": result.audit.flagged,
            "by_week": [
                {
                    "first_day": week.first_day,
                    "basis": str(week.basis),
                    "promised": week.promised,
                    "campaigns": week.campaigns,
                    "flagged": week.flagged,
                    "low": week.interval[0],
                    "high": week.interval[1],
                    "kept": week.kept,
                }
                for week in result.audit.weeks
            ],
        },
    }


def _findings(workspace: Workspace, tenant: str, result: CalibrationResult, counted: Ints) -> list[Flagged]:
    """The strongest outliers of history with their reasons; they count as false positives until someone says otherwise."""
    layout = workspace.layout(tenant)
    rows = np.sort(counted[result.findings[:STRONGEST_FINDINGS]])
    found = []
    for batch, replayed in scores.with_signals(layout, open_history(layout), rows):
        for row, decision in enumerate(decide(batch, replayed, result.calibration)):
            found.append(flagged(batch, row, decision))
    return found
