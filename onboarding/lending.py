"""What tenants lend each other: the shape of a score's tail, pooled, and nothing else.

A small tenant's own mail says little about rare scores. The calibrations in force at other tenants of this Gatehouse
hold, for each detector, how rare a score is there: numbers without a key, an address or a word of mail. They are used
only in the mean over several tenants, so that no tenant's numbers stand for themselves, and only by a tenant whose
own mail does not certify its budget.
"""

from __future__ import annotations

import logging

from detection.calibration.calibration import Calibration
from detection.calibration.pooled import Reference, pool
from onboarding.database import fleet
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)

FEWEST_LENDERS = 3
MOST_LENDERS = 200
"""Beyond that, more tenants change the mean by less than its own spread."""


def lent_to(workspace: Workspace, tenant: str, engine: str) -> Reference | None:
    """The mean over other tenants' calibrations in force for this engine; None with fewer than `FEWEST_LENDERS`."""
    with workspace.database.fleet_session() as session:
        found = fleet.calibrations_in_force(session, engine, besides=tenant)
    lent = []
    for lender, artifact in found[:MOST_LENDERS]:
        try:
            lent.append(Calibration.from_bytes((workspace.home / artifact).read_bytes()))
        except (OSError, ValueError) as error:
            log.warning("the calibration of %s lends nothing: %s", lender, error)
    return pool(lent) if len(lent) >= FEWEST_LENDERS else None
