"""The deployments, declared once: `gatehouse up` registers them from here, and `prefect.yaml` is held to agree by a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

POOL = "gatehouse"
POOL_TYPE = "process"
TAG = "gatehouse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Declared:
    """One deployment, which has its flow's name."""

    name: str
    entrypoint: str
    """Module path of the flow: found wherever Gatehouse is installed, so no code has to be pulled."""
    description: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    """Defaults of the form."""
    cron: str | None = None
    """When it runs by itself (UTC)."""
    most_at_once: int | None = None
    """Runs at the same time; a run beyond it waits. None: bounded by the worker alone."""

    @property
    def full_name(self) -> str:
        """As `prefect deployment run` wants it."""
        return f"{self.name}/{self.name}"


DEPLOYMENTS = (
    Declared(
        name="onboard-tenant",
        entrypoint="flows.onboard.onboard_tenant",
        description="Takes a tenant from its mail to switched-on detection; goes on where an earlier run stopped. "
        "A second run of a tenant that is being worked on is refused by name.",
    ),
    Declared(
        name="recalibrate-tenant",
        entrypoint="flows.recalibrate.recalibrate_tenant",
        description="Sets thresholds again, for one tenant or a fleet, from what is stored. No mail is fetched.",
        most_at_once=1,
    ),
    Declared(
        name="refresh-baselines",
        entrypoint="flows.refresh.refresh_baselines",
        description="Merges what came since into the baselines of every active tenant, nightly. No history is read again.",
        parameters={"request": {"tenants": {"every": True}}},
        cron="30 2 * * *",
        most_at_once=1,
    ),
    Declared(
        name="watch-tenants",
        entrypoint="flows.watch.watch_tenants",
        description="Follows live mail of every active tenant: decides, records, learns, and acts as the tenant's mode says. "
        "A run lasts nine minutes; what came between two runs is caught up.",
        parameters={"request": {"tenants": {"every": True}, "minutes": 9}},
        cron="*/10 * * * *",
        most_at_once=1,
    ),
    Declared(
        name="steward",
        entrypoint="flows.steward.steward",
        description="Does what is due at every tenant: goes on with held ones whose cause is gone, merges live mail into "
        "baselines, calibrates again, advances or drops modes, retires old versions.",
        parameters={"request": {"tenants": {"every": True}}},
        cron="5-55/10 * * * *",
        most_at_once=1,
    ),
    Declared(
        name="resume-interrupted",
        entrypoint="flows.resume.resume_interrupted",
        description="Hands onboardings whose process died to a worker again. Runs when one is seen to have crashed, and "
        "every ten minutes for those that nobody saw.",
        cron="*/10 * * * *",
        most_at_once=1,
    ),
)

ONBOARD, RESUME = DEPLOYMENTS[0], DEPLOYMENTS[-1]
