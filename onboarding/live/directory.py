"""The tenants that this process has open for live mail; what is promoted or corrected is picked up in `LOOK_SECONDS`."""

from __future__ import annotations

import resource
import time
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from onboarding.database import activations, corrections, fleet
from onboarding.live.tenant import LiveTenant
from onboarding.scoring import NotActive
from onboarding.workspace import Workspace

LOOK_SECONDS = 1.0
MOST_OPEN = 1_000
"""Tenants open at a time; the one asked least recently is closed for another. Opening one takes milliseconds."""


def most_open() -> int:
    """How many this process can have open: each holds two files, and half are left for everything else."""
    return min(MOST_OPEN, max(resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4, 1))


class LiveTenants:
    """Opens tenants as they are asked for. Not safe for several threads at once."""

    def __init__(self, workspace: Workspace, *, at_most: int | None = None) -> None:
        self._workspace = workspace
        self._most_open = at_most if at_most is not None else most_open()
        self._open: OrderedDict[str, LiveTenant] = OrderedDict()
        self._in_force: Mapping[str, int] = {}
        self._corrected: Mapping[str, tuple[Any, ...]] = {}
        self._heeded: dict[str, tuple[Any, ...] | None] = {}
        self._added: Mapping[str, datetime] = {}
        self._opened: dict[str, datetime | None] = {}
        self._look_at = 0.0

    def __len__(self) -> int:
        return len(self._open)

    def get(self, tenant: str) -> LiveTenant:
        """The tenant, on what is in force now.

        Raises NotActive when nothing is, TenantError for a tenant that is not there.
        """
        self._look()
        live = self._open.get(tenant)
        if live is None:
            live = self._open[tenant] = LiveTenant(self._workspace, tenant)
            self._opened[tenant] = self._added.get(tenant)
            self._heeded[tenant] = self._corrected.get(tenant)
            if len(self._open) > self._most_open:
                self._open.popitem(last=False)[1].close()
        elif self._in_force.get(tenant, 0) > live.scorer.activation:
            try:
                live.switch()
            except NotActive:
                self.forget(tenant)
                raise
        if self._heeded.get(tenant) != self._corrected.get(tenant):
            live.correct()
            self._heeded[tenant] = self._corrected.get(tenant)
        self._open.move_to_end(tenant)
        return live

    def forget(self, tenant: str) -> None:
        """Closes a tenant, such as one that was removed."""
        if (live := self._open.pop(tenant, None)) is not None:
            live.close()

    def close(self) -> None:
        """Closes all."""
        for tenant in list(self._open):
            self.forget(tenant)

    def _look(self) -> None:
        now = time.monotonic()
        if now < self._look_at:
            return
        with self._workspace.database.fleet_session() as session:
            self._in_force = activations.newest(session)
            self._corrected = corrections.states(session)
            self._added = fleet.added(session)
        self._look_at = now + LOOK_SECONDS
        for tenant in list(self._open):
            # One that was removed, and one that was added under its name since: that is another customer.
            if tenant not in self._in_force or self._added.get(tenant) != self._opened.get(tenant):
                self.forget(tenant)
