"""Where one tenant stands, in detail, as JSON values: for the command line and the HTTP API alike."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from sqlalchemy.orm import Session

from onboarding.database import activations, canary, gates, progress, runs, steps, tenants, watching
from onboarding.lifecycle import MailboxState
from onboarding.policy import canary_of
from onboarding.report.write import report_path
from onboarding.run import outcome
from onboarding.workspace import Workspace


def one_tenant(workspace: Workspace, name: str) -> dict[str, Any]:
    """One tenant in detail, as JSON values."""
    with workspace.database.session(name) as session:
        row = tenants.get(session, name)
        run = runs.latest(session, name, "onboard") or runs.latest(session, name)
        boxes = progress.of_mailboxes(session, name)
        whole = progress.of(session, name)
        stages = steps.of_run(session, name, run.id) if run else []
        measured = gates.latest(session, name)
        activation = activations.current(session, name)
        live = _live(session, name)
        alive = bool(run and run.state == "running" and runs.is_alive(run))
    if not alive:
        # Nobody reads on: what was read lately says nothing of an end.
        whole = replace(whole, per_second=0.0, expected_end=None)
        boxes = [(box, replace(one, per_second=0.0, expected_end=None)) for box, one in boxes]
    report = report_path(workspace, name)
    detail = outcome(workspace, name, run.id if run else "")
    detail |= {
        "run_id": run.id if run else None,
        "domains": row.domains,
        "source": row.source,
        "budget": row.alpha,
        "held_since": row.held_since,
        "run": {
            "id": run.id,
            "kind": run.kind,
            "state": str(run.state) if run.state != "running" or alive else "crashed",
            "started_at": run.started_at,
            "ended_at": run.ended_at,
            "error": run.error,
        }
        if run
        else None,
        "steps": [
            {
                "name": str(s.name),
                "state": str(s.state),
                "done": s.done,
                "total": s.total,
                "unit": s.unit,
                "seconds": s.seconds,
                "error": s.error,
            }
            for s in stages
        ],
        "mailbox_states": [
            {
                "name": m.name,
                "state": str(m.state),
                "reason": m.reason,
                "listed": m.listed,
                "stored": m.stored,
                "duplicates": m.duplicates,
                "skipped": m.skipped,
                "estimate": m.estimate,
                "per_second": p.per_second,
                "expected_end": p.expected_end,
            }
            for m, p in boxes
        ],
        "progress": {
            **asdict(whole),
            "reading": alive,
            "slowest": [m.name for m, _ in progress.slowest(boxes)],
        }
        if any(m.state is MailboxState.INGESTING for m, _ in boxes)
        else None,
        "gates": [
            {
                "name": g.name,
                "measure": g.measure,
                "value": g.value,
                "bar": g.bar,
                "passed": g.passed,
                "remedy": g.remedy,
            }
            for g in measured
        ],
        "activation": {
            "version": activation.version,
            "engine": activation.engine,
            "baseline": activation.baseline,
            "calibration": activation.calibration,
            "mode": str(activation.mode),
            "since": activation.since,
        }
        if activation
        else None,
        "live": live,
        "report": str(report) if report.exists() else None,
    }
    return detail


def _live(session: Session, name: str) -> dict[str, Any] | None:
    """Live mail since the calibration in force is; None for a tenant with nothing in force."""
    seen = canary_of(session, name)
    if seen is None:
        return None
    followed = watching.all_of(session, name)
    same = [one.version for one in activations.all_of(session, name) if one.calibration == seen.calibration]
    return {
        "decided": sum(row.messages for row in canary.of_activations(session, name, same)),
        "campaigns": seen.campaigns,
        "flagged_and_not_confirmed": seen.flagged,
        "confirmed": seen.confirmed,
        "days": seen.days,
        "promised": seen.watch.alpha,
        "alarm": seen.alarm,
        "mailboxes_followed": sum(one.looked_at is not None for one in followed),
        "last_looked": max((one.looked_at for one in followed if one.looked_at is not None), default=None),
        "unreadable": {one.mailbox: one.error for one in followed if one.error},
    }
