"""Which tenants a form names, as a list of names."""

from __future__ import annotations

from flows.parameters import EveryTenant, OneTenant, Tenants
from onboarding.database import fleet
from onboarding.workspace import Workspace


def names_of(workspace: Workspace, tenants: Tenants) -> list[str]:
    """The names, in order. One that is named is given as it is: whether it exists is said where it is worked on."""
    if isinstance(tenants, OneTenant):
        return [tenants.tenant]
    tag = None if isinstance(tenants, EveryTenant) else tenants.tag
    with workspace.database.fleet_session() as session:
        return fleet.tagged(session, tag)
