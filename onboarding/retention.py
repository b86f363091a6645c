"""What nobody will go back to is deleted: old versions' files, and decisions beyond their retention. Their records stay.

Kept are the versions that ever were in force in the last `KEPT_DAYS` days, the three before them, and every newer one.
"""

from __future__ import annotations

from datetime import timedelta

from onboarding import clock
from onboarding.database import activations, versions
from onboarding.files import remove_tree
from onboarding.live.decision_log import forget_before
from onboarding.made import remember_learned
from onboarding.workspace import Workspace

KEPT_DAYS = 60
KEPT_BEFORE = 3


def retire(workspace: Workspace, tenant: str) -> str:
    """Deletes what is beyond its time; gives what, in words, empty when nothing was."""
    layout = workspace.layout(tenant)
    now = clock.now()
    with workspace.database.session(tenant) as session:
        history = activations.all_of(session, tenant)
        newest = versions.baseline(session, tenant)
    gone = []
    if history and newest:
        recent = [
            one for at, one in enumerate(history) if at == 0 or history[at - 1].since > now - timedelta(days=KEPT_DAYS)
        ]
        oldest = min(one.baseline for one in recent) - KEPT_BEFORE
        removed = 0
        for version in range(1, max(oldest, 1)):
            if layout.baseline(version).exists():
                remove_tree(layout.baseline(version))
                for path in (layout.names(version), layout.recent(version)):
                    path.unlink(missing_ok=True)
                remember_learned(layout, version, None)
                removed += 1
        if removed:
            gone.append(f"{removed} baselines")
    days = workspace.settings.decisions_days
    if files := forget_before(layout, (now - timedelta(days=days)).date()):
        gone.append(f"decisions older than {days} days ({files} files)")
    return ", ".join(gone)
