"""Early go: a new tenant with much mail is protected in shadow on its newest days, while older mail is still to be read.

The first round of a run reads every mailbox back to `GATEHOUSE_EARLY_DAYS` and takes that through all steps; what came of it
is in force in shadow, and said to be early. The second reads on from where the first paused, and everything is made anew.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping

from onboarding.database import audit, tenants
from onboarding.database.runs import RunToken
from onboarding.lifecycle import TenantState, when_started
from onboarding.reach import early, reach_of
from onboarding.sources.registry import open_source
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

WORTH_MESSAGES = 10_000
"""Fewer are read whole in the time that a calibration takes."""


def goes_early(workspace: Workspace, token: RunToken, sizes: Mapping[str, int | None]) -> bool:
    """Whether this run begins with the newest mail alone: the tenant is not active yet, its source gives the newest mail
    first, and there is enough mail (or nobody knows how much) for it to be worth a calibration more."""
    days = workspace.settings.early_days
    with workspace.database.session(token.tenant) as session:
        row = tenants.get(session, token.tenant)
    if not days or row.state is TenantState.ACTIVE or reach_of(row, open_source(row.source), days).early is None:
        return False
    return None in sizes.values() or sum(size or 0 for size in sizes.values()) >= WORTH_MESSAGES


def reads_on(workspace: Workspace, token: RunToken) -> bool:
    """Whether older mail is still to be read after an early round; then that is noted, and a hold of it is over."""
    tenant = token.tenant
    with workspace.database.transaction(tenant) as session:
        row = tenants.get(session, tenant, lock=True)
        left = early(session, row)
        if left is None:
            return False
        audit.record(session, tenant, "gatehouse", "early-go", {**left, "state": str(row.state), "mode": str(row.mode)})
        tenants.move(session, tenant, when_started(row.state), actor="gatehouse")
    log.info(
        "%s: mail from %s on is in; %d mailboxes have older mail, which is read now",
        tenant,
        left["back_to"],
        left["mailboxes"],
    )
    return True
