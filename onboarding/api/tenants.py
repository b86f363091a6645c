"""Tenants over HTTP: add one, see where it stands, onboard it, switch its mode."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from onboarding.activate import set_mode
from onboarding.api.access import Admin, Analyst, Reader, workspace_of
from onboarding.database import tenants
from onboarding.lifecycle import Mode, Step
from onboarding.one_tenant import one_tenant
from onboarding.orchestration import orchestrator
from onboarding.overview import overviews
from onboarding.reach import FIXED
from onboarding.registration import checked_domain
from onboarding.shown import tenant_shown
from onboarding.sources.registry import open_source

router = APIRouter(prefix="/v1/tenants", tags=["tenants"])


class NewTenant(BaseModel):
    """A tenant to register. Nothing is read yet."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {"name": "acme", "domains": ["acme.example"], "source": "maildir:/mail/acme", "budget": 1e-4}
        },
    )

    name: str = Field(max_length=63)
    domains: Annotated[list[str], Field(min_length=1, max_length=1_000)]
    source: str = Field(
        max_length=2_000, description="maildir:, mbox:, eml:, graph:, gmail:, jmap:, imap: or simulated:"
    )
    budget: float | None = Field(default=None, gt=0, lt=0.5, description="share of benign mail that may be flagged")
    delta: float | None = Field(default=None, gt=0, lt=0.5, description="one minus the confidence of the promise")
    lookback_days: int | None = Field(default=None, ge=1, le=3_650)
    tags: list[str] = Field(default_factory=list, max_length=100)


class NewOnboarding(BaseModel):
    """How far to go."""

    model_config = ConfigDict(extra="forbid")

    until: Step | None = Field(default=None, description="the last step; by default all of them")


class NewMode(BaseModel):
    """The mode that the tenant is switched to, if its gates and canary allow it."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"example": {"mode": "alert", "reason": "agreed"}})

    mode: Mode
    reason: str = Field(default="", max_length=2_000)


@router.get("")
def all_tenants(request: Request, grant: Analyst) -> list[dict[str, Any]]:
    """Every tenant at a glance (a token for all tenants)."""
    return overviews(workspace_of(request))


@router.post("", status_code=201)
def add_tenant(new: NewTenant, request: Request, response: Response, grant: Admin) -> dict[str, Any]:
    """Registers a tenant (an admin's token for all tenants)."""
    workspace = workspace_of(request)
    tenants.check_name(new.name)
    own = sorted({checked_domain(domain) for domain in new.domains})
    source = open_source(new.source).uri
    settings = workspace.settings
    with workspace.database.transaction(new.name) as session:
        row = tenants.add(
            session,
            new.name,
            domains=own,
            source=source,
            alpha=new.budget if new.budget is not None else settings.alpha,
            delta=new.delta if new.delta is not None else settings.delta,
            lookback_days=new.lookback_days if new.lookback_days is not None else settings.lookback_days,
            tags=new.tags,
            overrides={FIXED: True} if new.lookback_days is not None else {},
            actor=f"token {grant.token}",
        )
    response.headers["Location"] = f"/v1/tenants/{new.name}"
    return tenant_shown(row)


@router.get("/{tenant}")
def status(tenant: str, request: Request, grant: Reader) -> dict[str, Any]:
    """Where the tenant stands: state, progress, reason for holding and remedy, gates, what is in force."""
    return one_tenant(workspace_of(request), tenant)


@router.post("/{tenant}/onboardings", status_code=202)
def onboard(tenant: str, request: Request, grant: Admin, wanted: NewOnboarding | None = None) -> dict[str, Any]:
    """Hands onboarding to the workers that `gatehouse up` (or your own Prefect) runs; one under way is joined."""
    workspace = workspace_of(request)
    with workspace.database.session(tenant) as session:
        tenants.get(session, tenant)
    return orchestrator().submit(workspace, tenant, (wanted or NewOnboarding()).until)


@router.post("/{tenant}/mode")
def switch(tenant: str, wanted: NewMode, request: Request, grant: Admin) -> dict[str, Any]:
    """Switches the tenant's mode; refused, with the reason, while a gate or the canary period forbids it."""
    reason = wanted.reason or "by the API"
    activation = set_mode(workspace_of(request), tenant, wanted.mode, actor=f"token {grant.token}", reason=reason)
    return {"tenant": tenant, "activation": activation.version, "mode": str(activation.mode)}
