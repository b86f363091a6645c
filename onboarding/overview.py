"""Where all tenants stand, as JSON values: for the command line and the HTTP API alike.

By itself, apart from the detail of one: what that needs takes longer to load than a thousand tenants to read.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from onboarding.database import fleet
from onboarding.workspace import Workspace


def overviews(workspace: Workspace) -> list[dict[str, Any]]:
    """Every tenant at a glance."""
    with workspace.database.fleet_session() as session:
        return [asdict(one) for one in fleet.overview(session)]
