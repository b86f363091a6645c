"""The reason nobody has to look: what is due at a tenant, and doing it. A pass too many does nothing.

    duty          when                                                       what
    count         mail was decided on                                        counts by day; the mode advances or drops by policy
    resume        held, and its cause is gone or its retry is due; or        onboarding goes on
                  an early go has older mail left
    refresh       a day since the last, and live mail came                   folded into history, merged into the baseline
    recalibrate   the promise broke, people labelled, live mail drifted,     calibrated again; put in force if better
                  a gate may be cured by time, or a month has passed
    retire        versions nobody will go back to, decisions beyond their    deleted
                  retention

`due` is a pure function of where a tenant stands; `look_after` does what it says.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from onboarding import clock
from onboarding.database import activations, labels, runs, steps, tenants, versions
from onboarding.database.runs import TenantBusy
from onboarding.holds import HoldReason
from onboarding.lifecycle import Mode, RunState, Step, TenantState
from onboarding.live.arrivals import closed
from onboarding.live.drift import drift_of
from onboarding.live.fold import fold, folded_segments
from onboarding.live.tally import tally
from onboarding.policy import review
from onboarding.reach import still_to_read
from onboarding.recalibrate import attempt
from onboarding.refresh import refresh_baseline
from onboarding.retention import retire
from onboarding.run import running
from onboarding.sources.base import SourceError
from onboarding.sources.registry import open_source
from onboarding.stage import Held
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

REFRESH_EVERY = timedelta(hours=20)
"""Less than a day, so that a nightly pass is never a little too early."""

RECALIBRATE_EVERY = timedelta(days=30)
FEWEST_DAYS_BETWEEN = timedelta(days=1)
"""Between two recalibrations, whatever asks for them: each begins a new canary period."""

LABELS_EVERY = timedelta(days=21)
"""Labels alone ask for a new calibration so often. Longer than the longest canary: owners move mail to junk every week, and
a tenant that advances by itself would never arrive. A false positive does not wait for it, it is corrected at once."""

DRIFT_EVERY = timedelta(days=7)
"""Drift that a new calibration did not cure asks again so often."""

FIRST_RETRY = timedelta(hours=1)
LONGEST_RETRY = timedelta(days=7)

LOOKED_AT_CAUSE = frozenset({HoldReason.SOURCE_UNREACHABLE, HoldReason.PERMISSION_MISSING, HoldReason.NO_MAILBOXES})
"""Holds whose cause can be looked at without a run."""


class Duty(StrEnum):
    """What may be due."""

    COUNT = "count"
    RESUME = "resume"
    REFRESH = "refresh"
    RECALIBRATE = "recalibrate"
    RETIRE = "retire"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where a tenant stands, as far as duties ask."""

    state: TenantState
    mode: Mode
    held_reason: HoldReason | None = None
    held_since: datetime | None = None
    last_run_at: datetime | None = None
    """When the newest run of any kind ended."""
    runs_held: int = 0
    """Onboarding runs that ended held or failed, one after the other, up to now."""
    retry_at: datetime | None = None
    """When a gate that failed may have been cured by time."""
    baseline_at: datetime | None = None
    refreshed_at: datetime | None = None
    """When the newest refresh ended, whatever it came to."""
    calibration_at: datetime | None = None
    """When the newest calibration was tried."""
    labels_since: int = 0
    """Labels given since the calibration in force was made."""
    unfolded: int = 0
    """Closed segments of live mail that are not part of history yet."""
    unread: int = 0
    """Mailboxes with older mail that an early go left for later, when no run is reading it."""
    drift: str | None = None
    """What has changed in live mail, in a sentence."""


@dataclass(frozen=True, slots=True)
class Due:
    """One duty, and why."""

    duty: Duty
    why: str


@dataclass(frozen=True, slots=True)
class Done:
    """What came of a duty: `done`, `nothing`, `busy`, `held` or `failed`, and in a sentence."""

    tenant: str
    duty: Duty
    why: str
    outcome: str
    said: str


def due(standing: Standing, now: datetime) -> list[Due]:
    """What is due, in the order in which it is done."""
    found: list[Due] = []
    if standing.state is TenantState.HELD:
        if (why := _to_resume(standing, now)) is not None:
            found.append(Due(Duty.RESUME, why))
        return found
    if standing.state is not TenantState.ACTIVE or standing.mode is Mode.OFF:
        return found
    if standing.unread and (why := _to_resume(standing, now)) is not None:
        found.append(Due(Duty.RESUME, f"older mail of {standing.unread} mailboxes is still to be read; {why}"))
    found.append(Due(Duty.COUNT, "live mail is counted"))
    if _to_refresh(standing, now):
        found.append(Due(Duty.REFRESH, f"{standing.unfolded} segments of live mail are not in the baseline"))
    if (why := _to_recalibrate(standing, now)) is not None:
        found.append(Due(Duty.RECALIBRATE, why))
    found.append(Due(Duty.RETIRE, "what nobody will go back to is deleted"))
    return found


def _to_refresh(standing: Standing, now: datetime) -> bool:
    refreshed = max((at for at in (standing.refreshed_at, standing.baseline_at) if at is not None), default=None)
    return bool(standing.unfolded) and (refreshed is None or now - refreshed >= REFRESH_EVERY)


def _to_resume(standing: Standing, now: datetime) -> str | None:
    """Why a held tenant may go on: its gate's date has come, or the pause after so many held runs is over."""
    if standing.retry_at is not None and now >= standing.retry_at:
        return f"time may have cured what held it: looked at again from {standing.retry_at:%Y-%m-%d}"
    last = max((at for at in (standing.last_run_at, standing.held_since) if at is not None), default=None)
    pause = min(FIRST_RETRY * 2 ** min(max(standing.runs_held - 1, 0), 20), LONGEST_RETRY)
    if last is None or now - last >= pause:
        stood = f"held as {standing.held_reason}" if standing.held_reason else "the last run ended before it was done"
        return f"{stood}: tried again after {_said(pause)}"
    return None


def _to_recalibrate(standing: Standing, now: datetime) -> str | None:
    at = standing.calibration_at
    if at is not None and now - at < FEWEST_DAYS_BETWEEN:
        return None
    if standing.held_reason is HoldReason.PROMISE_BROKEN:
        return "live mail refuted the promise of the calibration in force"
    if standing.labels_since and (at is None or now - at >= LABELS_EVERY):
        return f"{standing.labels_since} labels were given since it was calibrated"
    if standing.drift and (at is None or now - at >= DRIFT_EVERY):
        return standing.drift
    if standing.retry_at is not None and now >= standing.retry_at and (at is None or standing.retry_at > at):
        return "time may have cured a gate that was not passed"
    if at is None or now - at >= RECALIBRATE_EVERY:
        return f"{_said(RECALIBRATE_EVERY)} have passed since it was calibrated"
    return None


def standing_of(workspace: Workspace, tenant: str) -> Standing:
    """Where the tenant stands, from the database and the journal of live mail."""
    with workspace.database.session(tenant) as session:
        row = tenants.get(session, tenant)
        known = runs.all_of(session, tenant, limit=100)
        current = activations.current(session, tenant)
        calibration = versions.calibration(session, tenant, current.calibration) if current else None
        newest = versions.calibration(session, tenant)
        baseline = versions.baseline(session, tenant, current.baseline) if current else None
        said = labels.all_of(session, tenant)
        readiness = steps.last_completed(session, tenant).get(Step.READINESS)
        folded = folded_segments(session, tenant)
        reading = bool(known) and known[0].state is RunState.RUNNING
        unread = 0 if reading else len(still_to_read(session, row))
    tried = [run.ended_at for run in known if run.kind == "calibrate" and run.ended_at]
    held = 0
    for run in known:
        if run.kind != "onboard":
            continue
        if run.state not in (RunState.HELD, RunState.FAILED, RunState.CRASHED):
            break
        held += 1
    retry = readiness.summary.get("retry_at") if readiness else None
    made = calibration.created_at if calibration else None
    calibrated = [at for at in (made, newest.created_at if newest else None, *tried) if at]
    waiting = [name for name in closed(workspace.layout(tenant).arrivals) if name not in folded]
    standing = Standing(
        state=row.state,
        mode=row.mode,
        held_reason=row.held_reason,
        held_since=row.held_since,
        last_run_at=max((run.ended_at for run in known if run.ended_at), default=None),
        runs_held=held,
        retry_at=datetime.fromisoformat(retry) if retry else None,
        baseline_at=baseline.created_at if baseline else None,
        refreshed_at=max((r.ended_at for r in known if r.kind == "refresh" and r.ended_at), default=None),
        calibration_at=max(calibrated, default=None),
        labels_since=sum(made is not None and one.labelled_at > made for one in said),
        unfolded=len(waiting),
        unread=unread,
    )
    # It reads every decision since the calibration came into force: once a day, with the refresh, is often enough.
    if row.state is TenantState.ACTIVE and _to_refresh(standing, clock.now()):
        return replace(standing, drift=drift_of(workspace, tenant))
    return standing


Onboard = Callable[[str], object]
"""Takes a held tenant on: in this process, or by handing it to a worker, which is then said (a str)."""


def look_after(workspace: Workspace, tenant: str, onboard: Onboard) -> list[Done]:
    """Does what is due at one tenant; what went wrong is a value, so that no tenant holds up another."""
    done = []
    for one in due(standing_of(workspace, tenant), clock.now()):
        try:
            outcome, said = _DOING[one.duty](workspace, tenant, onboard)
        except TenantBusy as busy:
            outcome, said = "busy", str(busy)
        except Held as held:
            outcome, said = "held", held.hold.message
        except Exception as error:
            log.exception("%s: %s failed", tenant, one.duty)
            outcome, said = "failed", f"{type(error).__name__}: {error}"[:1_000]
        if outcome != "nothing":
            log.info("%s: %s (%s): %s, %s", tenant, one.duty, one.why, outcome, said)
        done.append(Done(tenant, one.duty, one.why, outcome, said))
    return done


def _count(workspace: Workspace, tenant: str, onboard: Onboard) -> tuple[str, str]:
    tally(workspace, tenant)
    changed = review(workspace, tenant)
    return ("nothing", "") if changed is None else ("done", f"mode {changed.mode}: {changed.reason}")


def _resume(workspace: Workspace, tenant: str, onboard: Onboard) -> tuple[str, str]:
    with workspace.database.session(tenant) as session:
        row = tenants.get(session, tenant)
    if row.held_reason in LOOKED_AT_CAUSE and (still := _cause(row.source)) is not None:
        return "nothing", f"still: {still}"
    handed = onboard(tenant)
    if isinstance(handed, str):
        return "done", handed
    with workspace.database.session(tenant) as session:
        row = tenants.get(session, tenant)
    return "done", f"onboarding went on: {row.state}"


def _cause(uri: str) -> str | None:
    """What still keeps the source from being read; None when nothing does. Costs a look, not a run."""
    try:
        missing = [one for one in open_source(uri).check() if not one.granted]
    except SourceError as error:
        return str(error)
    return missing[0].evidence if missing else None


def _refresh(workspace: Workspace, tenant: str, onboard: Onboard) -> tuple[str, str]:
    with running(workspace, tenant, "refresh", actor="gatehouse") as token:
        folded = fold(workspace, token)
        refreshed = refresh_baseline(workspace, token)
    return "done", f"{folded.messages:,} live messages folded; {refreshed}"


def _recalibrate(workspace: Workspace, tenant: str, onboard: Onboard) -> tuple[str, str]:
    with running(workspace, tenant, "refresh", actor="gatehouse") as token:
        fold(workspace, token)
    made = attempt(workspace, tenant, promote_if_better=True)
    if "calibration" not in made:
        return str(made["outcome"]), str(made["error"])
    unmet = [one["said"] for one in made["criteria"] if not one["met"]]
    version = made["calibration"]["version"]
    said = "in force" if made["promoted"] else f"not better: {'; '.join(unmet)}" if unmet else "as before"
    return "done", f"calibration {version} is {said}" if made["promoted"] or unmet else f"calibration {version}, {said}"


def _retire(workspace: Workspace, tenant: str, onboard: Onboard) -> tuple[str, str]:
    gone = retire(workspace, tenant)
    return ("done", f"deleted: {gone}") if gone else ("nothing", "")


_DOING: Mapping[Duty, Callable[[Workspace, str, Onboard], tuple[str, str]]] = {
    Duty.COUNT: _count,
    Duty.RESUME: _resume,
    Duty.REFRESH: _refresh,
    Duty.RECALIBRATE: _recalibrate,
    Duty.RETIRE: _retire,
}


def _said(span: timedelta) -> str:
    hours = span.total_seconds() / 3600
    return f"{hours:.0f} hours" if hours < 48 else f"{span.days} days"
