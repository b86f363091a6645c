"""What nobody will go back to is deleted: old versions' files, and what is beyond its time. Records of versions stay.

Kept are the versions that ever were in force in the last `KEPT_DAYS` days, the three before them, and every newer one.
Beyond the days that the settings give, go

* decisions: the log of all of them by day; in the database those of calibrations that are not kept. What a calibration that
  may be in force has flagged stays, because the watched promise counts it against what people confirmed.
* actions, when nothing of them can be taken back: a message that lies where we moved it can be released at any time.
* labels of messages that are neither in the store nor in the journal, nor decided on by a row that is kept: every other one
  has a part in the next calibration.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import numpy as np

from detection.keys import Keys
from onboarding import clock
from onboarding.database import actions, activations, decisions, labels, versions
from onboarding.database.activations import Activation
from onboarding.files import StoreError, remove_tree
from onboarding.layout import TenantLayout
from onboarding.live.arrivals import segments
from onboarding.live.decision_log import forget_before, read_segment
from onboarding.made import remember_learned
from onboarding.store import read_part, stored_parts
from onboarding.workspace import Workspace

KEPT_DAYS = 60
KEPT_BEFORE = 3


def retire(workspace: Workspace, tenant: str) -> str:
    """Deletes what is beyond its time; gives what, in words, empty when nothing was."""
    layout, settings = workspace.layout(tenant), workspace.settings
    now = clock.now()
    with workspace.database.session(tenant) as session:
        history = activations.all_of(session, tenant)
        newest = versions.baseline(session, tenant)
    recent = _recently_in_force(history, now)
    gone = []
    if recent and newest:
        removed = _retire_baselines(layout, min(one.baseline for one in recent) - KEPT_BEFORE)
        if removed:
            gone.append(f"{removed} baselines")
    days = settings.decisions_days
    if files := forget_before(layout, (now - timedelta(days=days)).date()):
        gone.append(f"decisions older than {days} days ({files} files)")
    oldest = min((one.calibration for one in recent), default=0) - KEPT_BEFORE
    with workspace.database.transaction(tenant) as session:
        before = now - timedelta(days=days)
        if rows := decisions.forget(session, tenant, before, calibrations_before=oldest):
            gone.append(f"{rows} rows of decisions of earlier calibrations older than {days} days")
        if rows := actions.forget(session, tenant, now - timedelta(days=settings.actions_days)):
            gone.append(f"{rows} actions older than {settings.actions_days} days")
    if rows := _retire_labels(workspace, tenant, now - timedelta(days=settings.labels_days)):
        gone.append(f"{rows} labels older than {settings.labels_days} days of messages that are not kept")
    return ", ".join(gone)


def _recently_in_force(history: Sequence[Activation], now: datetime) -> list[Activation]:
    """What was in force at any moment of the last days; `history` is newest first."""
    since = now - timedelta(days=KEPT_DAYS)
    return [one for at, one in enumerate(history) if at == 0 or history[at - 1].since > since]


def _retire_baselines(layout: TenantLayout, oldest: int) -> int:
    removed = 0
    for version in range(1, max(oldest, 1)):
        if layout.baseline(version).exists():
            remove_tree(layout.baseline(version))
            for path in (layout.names(version), layout.recent(version)):
                path.unlink(missing_ok=True)
            remember_learned(layout, version, None)
            removed += 1
    return removed


def _retire_labels(workspace: Workspace, tenant: str, before: datetime) -> int:
    layout = workspace.layout(tenant)
    # Every stored message may have to be looked at: once a day is enough.
    today = clock.now().date().isoformat()
    if layout.tidied.exists() and layout.tidied.read_text() == today:
        return 0
    with workspace.database.session(tenant) as session:
        old = labels.given_before(session, tenant, before)
        if not old:
            return 0
        old -= decisions.message_keys(session, tenant)
    layout.tidied.write_text(today)
    wanted = np.array(sorted(old), dtype=np.uint64)
    try:
        for keys in _kept(layout):
            wanted = wanted[~np.isin(wanted, keys)]
            if not len(wanted):
                return 0
    except StoreError:
        # What cannot be read may hold their messages.
        return 0
    with workspace.database.transaction(tenant) as session:
        return labels.forget(session, tenant, before, [int(key) for key in wanted])


def _kept(layout: TenantLayout) -> Iterator[Keys]:
    """Keys of the messages that are kept, piece by piece. Raises StoreError for a part that cannot be read."""
    for name, _ in segments(layout.arrivals):
        yield np.array([arrival.key for arrival in read_segment(layout.arrivals / name)], dtype=np.uint64)
    for name in stored_parts(layout):
        yield read_part(layout, name, ["message_key"]).column("message_key").to_numpy()
