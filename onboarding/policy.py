"""Shadow, alert, enforce: when a tenant may go further, and when it has to come back.

A new calibration stands its canary period first: what live mail comes to under it is counted by day
(`onboarding.database.canary`), and a sequential test (`detection.calibration.sequential`, valid however often it is
looked at) holds the share of campaigns that it flags against what its certificate promises. Flagged mail that a person
labelled an attack does not count against the promise; all else does.

    shadow -> alert     the gates pass, 7 days and 200 campaigns of live mail, no alarm
    alert -> enforce    the gates pass, 14 days and 500 campaigns, no alarm, and 7 of those days in alert
    any -> shadow       alarm: at once and by itself, with the reason in status and audit log

A tenant whose policy is `auto` (`gatehouse tenant set acme --auto alert|enforce`) takes each step up to that mode by
itself as soon as nothing is missing; others are asked to by `gatehouse activate`.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from detection.calibration.sequential import RateWatch
from onboarding.database import activations, audit, canary, decisions, gates, labels, tenants, versions
from onboarding.database.activations import Activation
from onboarding.holds import HoldReason, hold
from onboarding.lifecycle import Mode
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

AUTO = "auto"
"""Under which `Tenant.overrides` says up to which mode a tenant advances by itself."""


@dataclass(frozen=True, slots=True)
class Period:
    """What live mail must have shown before a mode."""

    days: int
    campaigns: int
    before: Mode
    """The mode in which the last `in_mode` days were spent."""
    in_mode: int


CANARY: Mapping[Mode, Period] = {
    Mode.ALERT: Period(days=7, campaigns=200, before=Mode.SHADOW, in_mode=0),
    Mode.ENFORCE: Period(days=14, campaigns=500, before=Mode.ALERT, in_mode=7),
}
LEAST_FLAGGED = 3
"""Campaigns that must be flagged before anybody speaks of a broken promise: under a strict budget one alone would refute
it, and one may be an attack that nobody has confirmed yet. To wait longer than the test asks for keeps it valid."""

NEXT = {Mode.SHADOW: Mode.ALERT, Mode.ALERT: Mode.ENFORCE}
STRICTNESS = (Mode.OFF, Mode.SHADOW, Mode.ALERT, Mode.ENFORCE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Canary:
    """What live mail came to under the calibration in force, in any mode."""

    calibration: int
    days: int
    """Days with mail."""
    days_in: Mapping[Mode, int]
    campaigns: int
    flagged: int
    """Flagged as attack and not confirmed to be one."""
    confirmed: int
    """Flagged, and an attack by a person's word."""
    watch: RateWatch

    @property
    def alarm(self) -> str | None:
        """Why the promise is broken, in a sentence; None while it is not."""
        if not self.watch.alarmed or self.flagged < LEAST_FLAGGED:
            return None
        return (
            f"live mail refutes the promise of calibration {self.calibration}: {self.flagged:,} of {self.campaigns:,} "
            f"campaigns over {self.days} days were flagged, so the rate is above 1 in "
            f"{1 / self.watch.lower_bound:,.0f} and 1 in {1 / self.watch.alpha:,.0f} was promised"
        )


def canary_of(session: Session, tenant: str) -> Canary | None:
    """The canary of the calibration in force; None when nothing is in force."""
    history = activations.all_of(session, tenant)
    if not history:
        return None
    now = history[0]
    same = []
    for one in history:
        if (one.engine, one.baseline, one.calibration) != (now.engine, now.baseline, now.calibration):
            break
        same.append(one)
    calibration = versions.calibration(session, tenant, now.calibration)
    assert calibration is not None, "an activation's versions are foreign keys"
    # What was promised by counting where the budget itself was not.
    promised = calibration.alpha
    if not calibration.valid:
        promised = float(calibration.summary.get("certificate", {}).get("counted_alpha", calibration.alpha))
    modes = {one.version: one.mode for one in same}
    confirmed = _confirmed(session, tenant, now.calibration)
    left = dict(confirmed)
    days: dict[Mode, set[int]] = defaultdict(set)
    watch = RateWatch(alpha=min(max(promised, 1e-9), 0.999), delta=calibration.delta)
    for row in canary.of_activations(session, tenant, list(modes)):
        days[modes[row.activation]].add(row.day)
        true = min(left.get(row.day, 0), row.flagged)
        left[row.day] = left.get(row.day, 0) - true
        watch = watch.observe(row.decided, row.flagged - true)
    return Canary(
        calibration=now.calibration,
        days=len(set().union(*days.values())),
        days_in={mode: len(seen) for mode, seen in days.items()},
        campaigns=watch.n,
        flagged=watch.hits,
        confirmed=sum(confirmed.values()) - sum(left.values()),
        watch=watch,
    )


def missing_for(session: Session, tenant: str, mode: Mode) -> list[str]:
    """What forbids the tenant a stricter mode than it has, a sentence each; nothing when it may have it."""
    before = activations.current(session, tenant)
    now = versions.calibration(session, tenant, before.calibration) if before else None
    lacking = [
        f"gate {row.name} asks for {row.bar} and measured "
        f"{'nothing' if row.value is None else f'{row.value:.3g}'} ({row.remedy})"
        for row in gates.latest(session, tenant)
        if not row.passed
        and mode in _blocked_by(row.name)
        # What is in force may have been certified since the gates were measured.
        and not (row.name == "certificate" and now is not None and now.valid)
    ]
    if before is None or mode not in CANARY or STRICTNESS.index(mode) <= STRICTNESS.index(before.mode):
        return lacking
    period, seen = CANARY[mode], canary_of(session, tenant)
    assert seen is not None, "there is an activation"
    if seen.alarm:
        lacking.append(f"{seen.alarm}: calibrate again and promote")
    if seen.days < period.days or seen.campaigns < period.campaigns:
        lacking.append(
            f"the canary asks for {period.days} days and {period.campaigns:,} campaigns of live mail under calibration "
            f"{seen.calibration} and has seen {seen.days} and {seen.campaigns:,} (`gatehouse replay` counts)"
        )
    if seen.days_in.get(period.before, 0) < period.in_mode:
        lacking.append(
            f"{period.in_mode} days in {period.before} come first, and there were {seen.days_in.get(period.before, 0)}"
        )
    return lacking


def review(workspace: Workspace, tenant: str) -> Activation | None:
    """Looks at what live mail came to: drops to shadow on an alarm, else advances if the policy is `auto`.

    Gives the new activation, None when nothing changed. Looking twice changes nothing.
    """
    with workspace.database.transaction(tenant) as session:
        row = tenants.get(session, tenant)
        before, seen = activations.current(session, tenant), canary_of(session, tenant)
        if before is None or seen is None or before.mode is Mode.OFF:
            return None
        if seen.alarm:
            return _drop(session, tenant, before, seen.alarm)
        limit = Mode(row.overrides.get(AUTO, Mode.OFF))
        step = NEXT.get(before.mode)
        if step is None or STRICTNESS.index(step) > STRICTNESS.index(limit) or missing_for(session, tenant, step):
            return None
        reason = (
            f"policy auto: gates pass, {seen.days} days and {seen.campaigns:,} campaigns of live mail keep the promise"
        )
        log.info("%s: advances to %s; %s", tenant, step, reason)
        return activations.set_mode(session, tenant, step, actor="gatehouse", reason=reason)


def _drop(session: Session, tenant: str, before: Activation, alarm: str) -> Activation | None:
    held = hold(HoldReason.PROMISE_BROKEN, tenant=tenant, alarm=alarm)
    dropped = None
    if before.mode is not Mode.SHADOW:
        dropped = activations.set_mode(session, tenant, Mode.SHADOW, actor="gatehouse", reason=alarm)
    if tenants.get(session, tenant).held_reason is not HoldReason.PROMISE_BROKEN:
        audit.record(session, tenant, "gatehouse", "promise-broken", {"mode": str(before.mode), "reason": alarm})
    tenants.hold(session, tenant, held, actor="gatehouse")
    log.warning("%s: %s; mode %s", tenant, alarm, Mode.SHADOW)
    return dropped


def _confirmed(session: Session, tenant: str, calibration: int) -> dict[int, int]:
    """Campaigns flagged live that a person called attacks, by day: one a sender and day."""
    called = {one.message_key for one in labels.all_of(session, tenant) if one.verdict is labels.Verdict.ATTACK}
    found = {
        (row.time // 86_400, row.attribution.get("sender"))
        for row in decisions.live(session, tenant, calibration)
        if row.verdict == "attack" and row.message_key in called
    }
    days: dict[int, int] = defaultdict(int)
    for day, _ in found:
        days[day] += 1
    return days


def _blocked_by(gate: str) -> frozenset[Mode]:
    from onboarding.readiness import GATES

    return next((one.blocks for one in GATES if one.name == gate), frozenset())
