"""Shadow, alert, enforce: when a tenant may go further, and when it has to come back.

A new calibration stands its canary period first: what live mail comes to under it is counted by day
(`onboarding.database.canary`), and a sequential test (`detection.calibration.sequential`, valid however often it is
looked at) holds the share of campaigns that it flags against what its certificate promises.

Against the promise counts flagged mail that nobody confirmed as an attack. A wave of attacks must not switch off the
detection that catches it, so a day is heard when people had `SETTLING_DAYS` to speak, or when somebody called flagged mail
of it safe; and where at least a `WAVE` of a day's flagged campaigns are confirmed and none was called safe, the others are
taken to be of the same wave and left out. Whether benign mail is flagged does not depend on either, so the test stays valid;
it is slower to see a broken promise on days of attack on which nobody complains.

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
from onboarding import clock
from onboarding.database import activations, canary, decisions, gates, labels, tenants, versions
from onboarding.database.activations import Activation
from onboarding.holds import HoldReason, hold
from onboarding.lifecycle import Mode
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

CERTIFICATE = "certificate"
"""The gate that asks whether the budget is certified."""

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

SETTLING_DAYS = 1
"""Whole days after a day until it is heard without anybody's word."""

WAVE = 1 / 3
"""Share of a day's flagged campaigns."""

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
        # A refreshed baseline decides as snapshot and overlay did before: it begins no new period, or with one a night
        # none would ever end, and the test of the promise would begin anew every day.
        if (one.engine, one.calibration) != (now.engine, now.calibration):
            break
        same.append(one)
    calibration = versions.calibration(session, tenant, now.calibration)
    assert calibration is not None, "an activation's versions are foreign keys"
    # What was promised by counting where the budget itself was not.
    promised = calibration.alpha
    if not calibration.valid:
        promised = float(calibration.summary.get("certificate", {}).get("counted_alpha", calibration.alpha))
    modes = {one.version: one.mode for one in same}
    confirmed, cleared = _judged(session, tenant, now.calibration)
    left = dict(confirmed)
    heard_before = int(clock.now().timestamp()) // 86_400 - SETTLING_DAYS
    days: dict[Mode, set[int]] = defaultdict(set)
    watch = RateWatch(alpha=min(max(promised, 1e-9), 0.999), delta=calibration.delta)
    for row in canary.of_activations(session, tenant, list(modes)):
        days[modes[row.activation]].add(row.day)
        true = min(left.get(row.day, 0), row.flagged)
        left[row.day] = left.get(row.day, 0) - true
        unclear = row.flagged - true
        if row.day not in cleared:
            if row.flagged and row.day >= heard_before:
                continue
            if true >= WAVE * row.flagged:
                unclear = 0
        watch = watch.observe(row.decided - (row.flagged - true - unclear), unclear)
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
    measured = gates.latest(session, tenant)
    lacking = [
        f"gate {row.name} asks for {row.bar} and measured "
        f"{'nothing' if row.value is None else f'{row.value:.3g}'} ({row.remedy})"
        for row in measured
        # Whether the calibration in force is certified stands with it, whatever was measured of another.
        if not row.passed
        and mode in _blocked_by(row.name)
        and not (row.name == CERTIFICATE and now is not None and now.valid)
    ]
    said = any(row.name == CERTIFICATE and not row.passed for row in measured)
    if now is not None and not now.valid and not said and mode in _blocked_by(CERTIFICATE):
        statement = now.summary.get("statement", "too little mail")
        lacking.append(f"calibration {now.version} does not certify its budget: {statement}")
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
        # Followers and the steward look at the same time: the second sees what the first has done.
        row = tenants.get(session, tenant, lock=True)
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
    known = tenants.get(session, tenant).held_reason is HoldReason.PROMISE_BROKEN
    if known and before.mode is Mode.SHADOW:
        # Said before; that the numbers have gone on growing is no other alarm.
        return None
    held = hold(HoldReason.PROMISE_BROKEN, tenant=tenant, alarm=alarm)
    dropped = None
    if before.mode is not Mode.SHADOW:
        dropped = activations.set_mode(session, tenant, Mode.SHADOW, actor="gatehouse", reason=alarm)
    if not known:
        # As an event of its own, in place of that of any other hold.
        tenants.hold(session, tenant, held, actor="gatehouse", action="promise-broken", mode=str(before.mode))
    log.warning("%s: %s; mode %s", tenant, alarm, Mode.SHADOW)
    return dropped


def _judged(session: Session, tenant: str, calibration: int) -> tuple[dict[int, int], set[int]]:
    """By people's word on mail flagged live: attacks by day (one a sender and day), and days with flagged mail that is safe."""
    said = {one.message_key: one.verdict for one in labels.all_of(session, tenant)}
    found: set[tuple[int, object]] = set()
    cleared: set[int] = set()
    for row in decisions.live(session, tenant, calibration):
        if row.verdict != "attack" or row.message_key not in said:
            continue
        day = row.time // 86_400
        if said[row.message_key] is labels.Verdict.ATTACK:
            found.add((day, row.attribution.get("sender")))
        else:
            cleared.add(day)
    days: dict[int, int] = defaultdict(int)
    for day, _ in found:
        days[day] += 1
    return days, cleared


def _blocked_by(gate: str) -> frozenset[Mode]:
    from onboarding.readiness import GATES

    return next((one.blocks for one in GATES if one.name == gate), frozenset())
