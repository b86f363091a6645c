"""Calibration by itself: from stored columns and scores, without a source, without Prefect."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

from detection.calibration.order_statistics import clopper_pearson
from detection.versions import columns_version
from onboarding.baseline import make_baseline
from onboarding.calibrate import make_calibration
from onboarding.database import activations, audit, rehearsals, tenants, versions
from onboarding.database.activations import Activation, ActivationError
from onboarding.database.rehearsals import RehearsalRow
from onboarding.database.runs import RunToken, TenantBusy
from onboarding.examples import tried_on_history
from onboarding.lifecycle import Mode, TenantState
from onboarding.made import read_made
from onboarding.readiness import check_readiness
from onboarding.rehearse import rehearse
from onboarding.report.write import renew_report
from onboarding.run import CALIBRATE, running
from onboarding.stage import Held
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)


class NeverOnboardedError(ActivationError):
    """The tenant is registered, and nothing of it is stored yet."""


@dataclass(frozen=True, slots=True)
class Criterion:
    """One thing that a calibration must show to replace that in force by itself."""

    name: str
    met: bool
    said: str


def recalibrate(
    workspace: Workspace, tenant: str, *, promote_if_better: bool = False, flow_run: str | None = None
) -> dict[str, Any]:
    """A new calibration if anything it is made from has changed, and what is in force, as JSON values.

    No mail is fetched. What has not changed is not made again: an unchanged history is not consolidated, stored scores
    are read, a changed detector is computed alone from stored signals, changed signals from stored columns. Columns
    that another version of the parser made stay as they are, and `columns` says so. With `promote_if_better` the gates
    are measured, and the new calibration comes into force when all of `criteria` hold; else what is in force stays.
    Raises Held when nothing was ingested that could be learned from, or a gate fails that even shadow mode needs, and
    NeverOnboardedError for a tenant that is only registered.
    """
    promoted = None
    with workspace.database.session(tenant) as session:
        if tenants.get(session, tenant).state is TenantState.REGISTERED:
            raise NeverOnboardedError(
                f"tenant {tenant} has no mail stored to calibrate on: run `gatehouse onboard {tenant}`"
            )
    with running(workspace, tenant, CALIBRATE, actor="gatehouse", flow_run=flow_run) as token:
        baseline = make_baseline(workspace, token)
        rehearse(workspace, token)
        made = make_calibration(workspace, token, baseline.version)
        check_readiness(workspace, token, made, may_hold=promote_if_better)
        judged = criteria(workspace, tenant, made.version)
        if promote_if_better and judged and all(one.met for one in judged):
            reason = "better by " + ", ".join(one.name for one in judged)
            promoted = promote(workspace, tenant, made.version, actor="gatehouse", reason=reason, token=token)
    if promoted is not None:
        renew_report(workspace, tenant)
    with workspace.database.session(tenant) as session:
        current = activations.current(session, tenant)
        row = versions.calibration(session, tenant, made.version)
    assert row is not None, "it was just recorded"
    examples = tried_on_history(workspace, tenant, row)
    return {
        "tenant": tenant,
        "run_id": token.run,
        "baseline": baseline.version,
        "in_force": current.calibration if current else None,
        "promoted": promoted is not None,
        "criteria": [asdict(one) for one in judged],
        "columns": stale_columns(workspace, tenant),
        "calibration": {
            "version": row.version,
            "alpha": row.alpha,
            "delta": row.delta,
            "n": row.n,
            "effective_n": row.effective_n,
            "basis": row.basis,
            "certified": row.valid,
            **row.summary,
            # What was said since it was made counts as well: the same thresholds are the same version.
            "labelled": examples.document() if examples else row.summary.get("labelled"),
        },
    }


def criteria(workspace: Workspace, tenant: str, version: int) -> tuple[Criterion, ...]:
    """What speaks for putting a calibration in place of that in force; empty when it is in force, or none is.

    Better is: certified; for a budget that is the same or stricter (or that the tenant now has); its walk-forward audit
    kept; of rehearsed attacks it catches no smaller share than the lower end of the other's 95% interval; no person took it
    out of force; and it flags no message that people called safe and that the other lets through.
    """
    with workspace.database.session(tenant) as session:
        current = activations.current(session, tenant)
        new = versions.calibration(session, tenant, version)
        wanted = tenants.get(session, tenant).alpha
        if current is None or new is None or current.calibration == version:
            return ()
        old = versions.calibration(session, tenant, current.calibration)
        assert old is not None, "an activation's versions are foreign keys"
        recalls = [_recall(rehearsals.of_calibration(session, tenant, one.version)) for one in (old, new)]
        refused = _taken_out(activations.all_of(session, tenant), version)
    audit_kept = bool(new.summary.get("walk_forward", {}).get("kept", False))
    (old_sent, old_caught), (new_sent, new_caught) = recalls
    low = clopper_pearson(old_caught, old_sent)[0]
    kept = new_sent > 0 and new_caught / new_sent >= low
    return (
        Criterion("certificate", new.valid, str(new.summary.get("statement", ""))),
        Criterion(
            "budget",
            new.alpha <= old.alpha or new.alpha == wanted,
            f"1 in {1 / new.alpha:,.0f} after 1 in {1 / old.alpha:,.0f}; the tenant's budget is 1 in {1 / wanted:,.0f}",
        ),
        Criterion(
            "walk-forward", audit_kept, "history kept the promise" if audit_kept else "history broke the promise"
        ),
        Criterion(
            "recall",
            kept or not old_sent,
            f"{new_caught} of {new_sent} rehearsed attacks caught, {old_caught} of {old_sent} before (at least {low:.1%})"
            if old_sent
            else "nothing was rehearsed on the calibration in force",
        ),
        Criterion(
            "no-objection",
            refused is None,
            f"{refused.actor} took calibration {version} out of force on {refused.since:%Y-%m-%d}: it comes back by a "
            f"person's word only (`gatehouse calibrations promote {tenant} {version}`)"
            if refused is not None
            else "nobody took it out of force",
        ),
        _labelled_safe(workspace, tenant, old, new),
    )


def _labelled_safe(
    workspace: Workspace, tenant: str, old: versions.Calibration, new: versions.Calibration
) -> Criterion:
    """What people called safe is an example that stays learned: not flagged anew."""
    name = "labelled-safe"
    after = tried_on_history(workspace, tenant, new)
    if after is None or not after.safe_flagged:
        return Criterion(name, True, f"flags none of {after.safe if after else 0} messages that people called safe")
    before = tried_on_history(workspace, tenant, old)
    newly = after.safe_flagged - (before.safe_flagged if before else frozenset())
    return Criterion(
        name,
        not newly,
        f"flags {len(after.safe_flagged)} of {after.safe} messages that people called safe, {len(newly)} of them newly",
    )


def _taken_out(history: Sequence[Activation], version: int) -> Activation | None:
    """How a person put another calibration in this one's place, if that was the last that a person said of it; `history`
    is newest first."""
    for now, before in pairwise(history):
        if now.calibration == before.calibration or now.actor == "gatehouse":
            continue
        if version in (now.calibration, before.calibration):
            return now if before.calibration == version else None
    return None


def _recall(rows: Sequence[RehearsalRow]) -> tuple[int, int]:
    """Sent and caught of the attacks that recipes made."""
    own = [row for row in rows if row.source == rehearsals.RECIPES]
    return sum(row.sent for row in own), sum(row.caught for row in own)


def stale_columns(workspace: Workspace, tenant: str) -> dict[str, Any]:
    """How many parts of the history another version of the parser read, and what would read them anew."""
    read_by = read_made(workspace.layout(tenant)).read_by
    other = sum(count for version, count in read_by.items() if version != columns_version())
    if not other:
        return {"parts": sum(read_by.values()), "read_by_another_parser": 0, "note": None}
    note = (
        f"{other} of {sum(read_by.values())} parts of the history were read by another version of the parser. What this "
        f"version reads differently cannot be had without the mail itself: `gatehouse tenant set {tenant} --read-again`, "
        f"then `gatehouse onboard {tenant}`"
    )
    return {"parts": sum(read_by.values()), "read_by_another_parser": other, "note": note}


def recalibrate_all(
    workspace: Workspace, names: Iterable[str], *, promote_if_better: bool = False
) -> Iterator[dict[str, Any]]:
    """One tenant after the other, each under its own lease; what came of each. None keeps the others waiting.

    A tenant that is busy, held or fails is said so (`error`, and `held` or `failed`) and the next one goes on.
    """
    for name in names:
        yield attempt(workspace, name, promote_if_better=promote_if_better)


def attempt(
    workspace: Workspace, tenant: str, *, promote_if_better: bool, flow_run: str | None = None
) -> dict[str, Any]:
    """`recalibrate`, with what went wrong as a value: its outcome is `made`, `promoted`, `held`, `not-onboarded`, `busy`
    or `failed`."""
    try:
        made = recalibrate(workspace, tenant, promote_if_better=promote_if_better, flow_run=flow_run)
    except Held as held:
        return {"tenant": tenant, "outcome": "held", "error": held.hold.message, "remedy": held.hold.remedy}
    except NeverOnboardedError as never:
        return {
            "tenant": tenant,
            "outcome": "not-onboarded",
            "error": str(never),
            "remedy": f"gatehouse onboard {tenant}",
        }
    except TenantBusy as busy:
        return {"tenant": tenant, "outcome": "busy", "error": str(busy), "remedy": "run it again later"}
    except Exception as error:
        log.exception("%s could not be calibrated", tenant)
        return {"tenant": tenant, "outcome": "failed", "error": f"{type(error).__name__}: {error}", "remedy": ""}
    return made | {"outcome": "promoted" if made["promoted"] else "made"}


def promote(
    workspace: Workspace,
    tenant: str,
    version: int,
    *,
    actor: str,
    force: bool = False,
    reason: str | None = None,
    token: RunToken | None = None,
) -> Activation:
    """Puts a calibration in force, with the baseline it was made on, in the mode of now (shadow if there is none).

    Raises ActivationError when there is no such calibration, or it does not certify its budget and is not forced; with
    `force` a reason has to be given, and both stand in the audit log.
    """
    with workspace.database.transaction(tenant) as session:
        row = tenants.get(session, tenant)
        chosen = versions.calibration(session, tenant, version)
        if chosen is None:
            raise ActivationError(
                f"tenant {tenant} has no calibration {version}; see `gatehouse calibrations list {tenant}`"
            )
        if not workspace.layout(tenant).baseline(chosen.baseline).exists():
            raise ActivationError(
                f"calibration {version} of {tenant} was made on baseline {chosen.baseline}, which is not kept any more: "
                f"`gatehouse calibrate {tenant}` makes one on what is known now"
            )
        if not chosen.valid and not force:
            raise ActivationError(
                f"calibration {version} of {tenant} does not certify its budget: "
                f"{chosen.summary.get('statement', 'too little mail')} Calibrate on more mail or with a larger budget, "
                f"or say why all the same: `gatehouse calibrations promote {tenant} {version} --force --reason TEXT`"
            )
        if force and not (reason or "").strip():
            raise ActivationError(f"calibration {version} of {tenant} is not put in force by force without a reason")
        said = f": {reason.strip()}" if reason and reason.strip() else ""
        if not chosen.valid:
            detail = {
                "calibration": version,
                "reason": (reason or "").strip(),
                "statement": chosen.summary.get("statement"),
            }
            audit.record(session, tenant, actor, "promotion-forced", detail)
        return activations.activate(
            session,
            tenant,
            engine=chosen.engine,
            baseline=chosen.baseline,
            calibration=version,
            mode=row.mode if row.mode is not Mode.OFF else Mode.SHADOW,
            actor=actor,
            reason=f"calibration {version} promoted{' by force' if not chosen.valid else ''}{said}",
            token=token,
        )
