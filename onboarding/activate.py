"""Step 6: the atomic switch. What was learned comes into force, in shadow at first, never in a mode that a gate forbids."""

from __future__ import annotations

import logging

from detection.engine import Engine
from onboarding.database import activations, tenants, versions, watching
from onboarding.database.activations import Activation, ActivationError
from onboarding.database.runs import RunToken
from onboarding.lifecycle import Mode, Step, TenantState
from onboarding.policy import STRICTNESS, missing_for
from onboarding.reach import still_to_read
from onboarding.readiness import Readiness
from onboarding.stage import stage
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)


class ModeRefused(Exception):  # noqa: N818 - an answer, not a mistake
    """A gate forbids the mode asked for. The message names the gates and what helps."""


def activate(
    workspace: Workspace, token: RunToken, baseline: int, calibration: int, readiness: Readiness
) -> Activation:
    """Puts the versions in force: a new tenant in shadow, an active one in its mode as far as the gates allow it."""
    tenant = token.tenant
    with stage(workspace, token, Step.ACTIVATE) as current, workspace.database.transaction(tenant) as session:
        row = tenants.get(session, tenant)
        wanted = row.mode if row.state is TenantState.ACTIVE and row.mode is not Mode.OFF else Mode.SHADOW
        mode = max(
            (m for m in STRICTNESS[: STRICTNESS.index(wanted) + 1] if m in readiness.allowed), key=STRICTNESS.index
        )
        early = still_to_read(session, row)
        onboarded = (
            f"onboarded early: older mail of {len(early)} mailboxes is still to be read" if early else "onboarded"
        )
        activation = activations.activate(
            session,
            tenant,
            engine=Engine().version,
            baseline=baseline,
            calibration=calibration,
            mode=mode,
            actor="gatehouse",
            reason=onboarded if mode is wanted else f"readiness gates allow no more than {mode}",
            token=token,
        )
        # In the same transaction: from the first moment on it is known what is history and what is live.
        watching.pin(session, tenant)
        current.summary |= {"activation": activation.version, "mode": str(activation.mode)}
        log.info("%s: active in %s", tenant, activation.mode)
    return activation


def set_mode(workspace: Workspace, tenant: str, mode: Mode, *, actor: str, reason: str) -> Activation:
    """Switches an onboarded tenant to another mode.

    Raises ModeRefused when a gate of its last run or its canary (`onboarding.policy`) forbids it, with what is missing.
    """
    with workspace.database.transaction(tenant) as session:
        tenants.get(session, tenant)
        missing = missing_for(session, tenant, mode)
        if missing:
            raise ModeRefused(f"tenant {tenant} cannot be switched to {mode}: {'; '.join(missing)}")
        return activations.set_mode(session, tenant, mode, actor=actor, reason=reason)


def roll_back(workspace: Workspace, tenant: str, *, actor: str, reason: str, to: int | None = None) -> Activation:
    """Puts in force again what was in force before (`activations.rollback`), if it is still on disk.

    Raises ActivationError when there is nothing to go back to, or when its files are gone: then nothing has changed.
    """
    layout = workspace.layout(tenant)
    with workspace.database.transaction(tenant) as session:
        tenants.get(session, tenant)
        back = activations.rollback(session, tenant, actor=actor, reason=reason, to=to)
        needed = (layout.baseline(back.baseline), layout.names(back.baseline), layout.calibration(back.calibration))
        if any(not path.exists() for path in needed):
            raise ActivationError(
                f"tenant {tenant} cannot go back to activation {back.restores}: the files of its baseline {back.baseline} "
                f"or calibration {back.calibration} are no longer on disk. `gatehouse calibrations promote {tenant} "
                f"{back.calibration}` puts that calibration in force on a baseline that is there"
            )
    return back


def in_force(workspace: Workspace, tenant: str) -> tuple[Activation, versions.Baseline, versions.Calibration] | None:
    """The activation with its baseline and calibration; None when nothing was ever activated."""
    with workspace.database.session(tenant) as session:
        activation = activations.current(session, tenant)
        if activation is None:
            return None
        baseline = versions.baseline(session, tenant, activation.baseline)
        calibration = versions.calibration(session, tenant, activation.calibration)
    assert baseline is not None, "an activation's versions are foreign keys"
    assert calibration is not None, "an activation's versions are foreign keys"
    return activation, baseline, calibration
