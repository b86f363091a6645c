"""A run of work on one tenant: begun under a lease, kept alive, ended as it turned out; and what came of it in one document."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from onboarding.database import activations, decisions, mailboxes, rehearsals, runs, steps, tenants, versions
from onboarding.database.heartbeat import beating
from onboarding.database.runs import Fenced, RunToken
from onboarding.database.steps import StepRow
from onboarding.fencing import fenced, sweep_leftovers
from onboarding.lifecycle import RunState, Step, WorkState, when_started
from onboarding.reach import early
from onboarding.scores import SECONDS_A_DAY
from onboarding.stage import Held
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

ONBOARD = "onboard"
CALIBRATE = "calibrate"
REHEARSE = "rehearse"


@contextmanager
def running(
    workspace: Workspace, tenant: str, kind: str, *, actor: str, flow_run: str | None = None
) -> Iterator[RunToken]:
    """Holds the tenant's lease for the block, and writes down how it ended.

    Raises TenantBusy when another run is alive, TenantError for an unknown tenant; passes on what the block raises.
    """
    with workspace.database.transaction(tenant) as session:
        row = tenants.get(session, tenant)
        token = runs.begin(
            session, tenant, kind=kind, actor=actor, flow_run=flow_run, silent_after=workspace.settings.silent_seconds
        )
        if kind == ONBOARD:
            tenants.move(session, tenant, when_started(row.state), actor=actor)
    state, error = RunState.COMPLETED, None
    try:
        with beating(workspace.database, token, every=workspace.settings.heartbeat_seconds), fenced(workspace, token):
            if kind == ONBOARD:
                sweep_leftovers(workspace, token)
            yield token
    except Held as held:
        state, error = RunState.HELD, held.hold.message
        raise
    except Fenced:
        raise
    except Exception as failure:
        state, error = RunState.FAILED, f"{type(failure).__name__}: {failure}".splitlines()[0][:500]
        raise
    except BaseException:
        state, error = RunState.CANCELLED, "stopped; it can be resumed"
        raise
    finally:
        try:
            workspace.database.write(tenant, lambda session: runs.finish(session, token, state, error))
        except Fenced:
            log.warning("run %s of %s was replaced by another before it ended", token.run, tenant)


def outcome(workspace: Workspace, tenant: str, run: str) -> dict[str, Any]:
    """What `gatehouse onboard --json` ends with: where the tenant stands, in one document of JSON values.

    Baseline and calibration are those in force; of a tenant that was never activated, the newest. `early` says back to when
    mail is in while mailboxes have older mail that is still to be read; None when nothing is. Until `duplicates_known`, what
    is stored may hold duplicates: the baseline finds them out.
    """
    with workspace.database.session(tenant) as session:
        row = tenants.get(session, tenant)
        totals = mailboxes.totals(session, tenant)
        done = steps.of_run(session, tenant, run)
        activation = activations.current(session, tenant)
        baseline = versions.baseline(session, tenant, activation.baseline if activation else None)
        calibration = versions.calibration(session, tenant, activation.calibration if activation else None)
        rehearsed = rehearsals.of_calibration(session, tenant, calibration.version) if calibration else []
        going_early = early(session, row)
        found = decisions.count_findings(session, tenant, calibration.version) if calibration else 0
    return {
        "tenant": tenant,
        "run_id": run,
        "state": str(row.state),
        "mode": str(row.mode),
        "held_reason": str(row.held_reason) if row.held_reason else None,
        "held_message": row.held_message,
        "held_remedy": row.held_remedy,
        "early": going_early,
        "mailboxes": {"discovered": totals.discovered, "ingested": totals.ingested, "failed": totals.failed},
        "messages": {
            "listed": totals.listed,
            "stored": totals.stored,
            "duplicates": totals.duplicates,
            "skipped": dict(totals.skipped),
            "duplicates_known": _duplicates_known(done, baseline is not None),
        },
        "history": {
            "from": _day(totals.first_time),
            "to": _day(totals.last_time),
            "days": _span(totals.first_time, totals.last_time),
        },
        "baseline": {
            "version": baseline.version,
            "digest": baseline.digest,
            "messages": baseline.messages,
            "keys": baseline.facts.get("keys"),
        }
        if baseline
        else None,
        "calibration": {
            "version": calibration.version,
            "alpha": calibration.alpha,
            "delta": calibration.delta,
            "n": calibration.n,
            "effective_n": calibration.effective_n,
            "basis": calibration.basis,
            "certified": calibration.valid,
            "counted_alpha": calibration.summary["certificate"]["counted_alpha"],
            "observed_rate": calibration.summary["certificate"]["observed_rate"],
            "statement": calibration.summary["statement"],
        }
        if calibration
        else None,
        "activation": {"version": activation.version, "mode": str(activation.mode)} if activation else None,
        "rehearsal": {
            kind: {"sent": total["sent"], "caught": total["caught"]}
            for kind, total in rehearsals.summed(rehearsed, lambda line: line.kind).items()
        },
        "findings": found,
        "seconds": {str(step.name): step.seconds for step in done},
    }


def _duplicates_known(done: Sequence[StepRow], learned: bool) -> bool:
    """Whether all that was read has been looked through for duplicates: by a baseline that began after the reading did; of
    a run that read nothing, by an earlier one (`learned`)."""
    by_name = {step.name: step for step in done}
    ingest, baseline = by_name.get(Step.INGEST), by_name.get(Step.BASELINE)
    if ingest is None or baseline is None:
        return ingest is None and learned
    return baseline.state is WorkState.COMPLETED and baseline.started_at >= ingest.started_at


def _day(seconds: int | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).date().isoformat()


def _span(first: int | None, last: int | None) -> int:
    return 0 if first is None or last is None else (last - first) // SECONDS_A_DAY + 1
