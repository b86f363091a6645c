"""Following all active tenants, all day: tenants side by side, one follower each, a slow source holding up no other."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import httpx

from onboarding.database import activations, fleet, tenants, watching
from onboarding.database.heartbeat import repeating
from onboarding.lifecycle import Mode, TenantState
from onboarding.live.acting import carry_out
from onboarding.live.directory import most_open
from onboarding.live.follow import Followed, follow
from onboarding.live.tally import tally
from onboarding.live.tenant import LiveTenant
from onboarding.policy import review
from onboarding.scoring import NotActive
from onboarding.sources.registry import open_source
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

CLAIM = timedelta(minutes=2)
"""For so long a follower that went silent keeps a tenant from the others; one that works says so four times as often."""

COUNT_SECONDS = 60.0
"""How often what a tenant's mail came to is counted anew. It reads the last days' decisions: not after every message."""

MOST_PASSES = 50
"""Of one tenant in a round: a backlog longer than that lets others go first."""


class Watch:
    """The tenants that this process follows, open between rounds."""

    def __init__(self, workspace: Workspace, *, at_once: int = 4) -> None:
        self._workspace = workspace
        self._at_once = at_once
        self._open: dict[str, LiveTenant] = {}
        self._most_open = most_open()
        self._count_at: dict[str, float] = {}
        self._client = httpx.Client()
        self._owner = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(3)}"

    def round(self, names: Sequence[str] = ()) -> Iterator[dict[str, Any]]:
        """Looks once at every active tenant (of those named, if any); what came of each, as it is known."""
        with self._workspace.database.fleet_session() as session:
            active = {
                one.tenant
                for one in fleet.overview(session)
                if one.state is TenantState.ACTIVE and one.mode is not Mode.OFF
            }
        wanted = sorted(active & set(names) if names else active)
        for gone in set(self._open) - active:
            self._open.pop(gone).close()
        with ThreadPoolExecutor(self._at_once, thread_name_prefix="tenant") as pool:
            for done in as_completed([pool.submit(self._attempt, name) for name in wanted]):
                yield done.result()

    def close(self) -> None:
        """Closes all; what was planned and not carried out waits in the database."""
        for live in self._open.values():
            live.close()
        self._open.clear()
        self._client.close()

    def _attempt(self, tenant: str) -> dict[str, Any]:
        """One tenant's part of a round, with what went wrong as a value: no tenant holds up another."""
        try:
            with self._claimed(tenant) as mine:
                return self._one(tenant) if mine else {"tenant": tenant, "outcome": "followed-elsewhere"}
        except watching.FollowedElsewhereError as taken:
            log.warning("%s", taken)
            self._forget(tenant)
            return {"tenant": tenant, "outcome": "followed-elsewhere"}
        except (NotActive, tenants.TenantError) as error:
            self._forget(tenant)
            return {"tenant": tenant, "outcome": "not-active", "error": str(error)}
        except Exception as error:
            log.warning("%s cannot be followed: %s", tenant, error)
            self._forget(tenant)
            return {"tenant": tenant, "outcome": "failed", "error": f"{type(error).__name__}: {error}"[:1_000]}

    def _one(self, tenant: str) -> dict[str, Any]:
        with self._workspace.database.session(tenant) as session:
            uri = tenants.get(session, tenant).source
        live, source = self._current(tenant), open_source(uri)
        total, done = Followed(tenant), 0
        for _ in range(MOST_PASSES):
            one = follow(self._workspace, live, source, self._owner)
            done += carry_out(self._workspace, tenant, source, self._client)
            _add(total, one)
            if not one.more:
                break
        if len(self._open) > self._most_open:
            self._forget(tenant)
        if total.decided and time.monotonic() >= self._count_at.get(tenant, 0.0):
            self._count_at[tenant] = time.monotonic() + COUNT_SECONDS
            tally(self._workspace, tenant)
            review(self._workspace, tenant)
        return {
            "tenant": tenant,
            "outcome": "followed",
            "listed": total.listed,
            "decided": total.decided,
            "known": total.known,
            "skipped": total.skipped,
            "flagged": total.flagged,
            "planned": total.planned,
            "carried_out": done,
            "failed": total.failed,
            "backlog": total.more,
        }

    def _current(self, tenant: str) -> LiveTenant:
        """The tenant on what is in force now."""
        live = self._open.get(tenant)
        with self._workspace.database.session(tenant) as session:
            current = activations.current(session, tenant)
        if live is not None and current is not None and live.scorer.activation == current.version:
            live.correct()
            return live
        self._forget(tenant)
        live = self._open[tenant] = LiveTenant(self._workspace, tenant)
        return live

    def _forget(self, tenant: str) -> None:
        if (live := self._open.pop(tenant, None)) is not None:
            live.close()

    @contextmanager
    def _claimed(self, tenant: str) -> Iterator[bool]:
        database = self._workspace.database

        def claim() -> bool:
            with database.transaction(tenant) as session:
                return watching.claim(session, tenant, self._owner, CLAIM)

        if not claim():
            yield False
            return
        try:
            # However slow the source is or long the backlog. What was lost meanwhile `watching.hold` finds out.
            with repeating(claim, every=CLAIM.total_seconds() / 4, named=f"claim on {tenant}"):
                yield True
        finally:
            with database.transaction(tenant) as session:
                watching.let_go(session, tenant, self._owner)


def _add(total: Followed, one: Followed) -> None:
    for name in ("listed", "decided", "known", "skipped", "flagged", "planned"):
        setattr(total, name, getattr(total, name) + getattr(one, name))
    total.failed, total.more = one.failed, one.more
