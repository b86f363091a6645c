"""What a run on an active tenant leaves to those who follow it: mail that came since, and that nobody has decided on yet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from detection.mail.batch import Row
from detection.mail.message import SkipReason
from onboarding.database import activations, tenants
from onboarding.lifecycle import TenantState
from onboarding.live.recent import Recent, read_recent
from onboarding.parsing import ParsedPage
from onboarding.workspace import Workspace


@dataclass(frozen=True, slots=True)
class LeftToWatch:
    """Live is what came from `since` on (seconds since the epoch) and is not part of the baseline in force."""

    since: int
    learned: Recent

    def without(self, page: ParsedPage) -> ParsedPage:
        """The page with live mail skipped: learned as history it would never be decided on."""
        rows = [row for row in page.rows if not self._live(row)]
        left = Counter({SkipReason.LEFT_TO_WATCH: len(page.rows) - len(rows)})
        # Only counts above zero stay in a sum of counters.
        return ParsedPage(rows, page.skipped + left)

    def _live(self, row: Row) -> bool:
        return row["time"] >= self.since and not self.learned.knows(row["message_key"], row["time"])


def left_to_watch(workspace: Workspace, tenant: str) -> LeftToWatch | None:
    """What a run leaves of a tenant's mail; None where nobody decides on it yet, or any more. The home has to be at hand.

    A mailbox that is followed from no cursor is followed from when the tenant was added (`onboarding.live.follow`): the two
    part its mail at the same moment.
    """
    with workspace.database.session(tenant) as session:
        row, current = tenants.get(session, tenant), activations.current(session, tenant)
    if row.state is not TenantState.ACTIVE:
        return None
    assert current is not None, "an active tenant has something in force"
    return LeftToWatch(int(row.created_at.timestamp()), read_recent(workspace.layout(tenant).recent(current.baseline)))
