"""Step 1: is the source there, what does it grant, which mailboxes does it list."""

from __future__ import annotations

import logging

from onboarding.database import mailboxes, tenants, watching
from onboarding.database.runs import RunToken
from onboarding.holds import Hold, HoldReason, hold
from onboarding.lifecycle import Step, TenantState
from onboarding.reach import earliest
from onboarding.sources.base import ReadsBack, Requirement, SourceError
from onboarding.sources.registry import open_source
from onboarding.stage import Held, stage
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)


def connect(workspace: Workspace, token: RunToken) -> dict[str, int | None]:
    """The mailboxes to read with their estimated numbers of messages.

    Those read to their end before are among them: mail may have come since, and reading on from a cursor behind the
    last message costs next to nothing.

    Raises Held when the source cannot be read, lacks a permission, or lists no mailbox.
    """
    tenant = token.tenant
    with stage(workspace, token, Step.CONNECT, unit="mailboxes") as current:
        with workspace.database.session(tenant) as session:
            row = tenants.get(session, tenant)
        uri = row.source
        try:
            source = open_source(uri)
            missing = [one for one in source.check() if not one.granted and not one.optional]
            if missing:
                raise Held(_hold_for(tenant, uri, missing))
            found = source.mailboxes_since(earliest(row)) if isinstance(source, ReadsBack) else source.mailboxes()
        except (SourceError, OSError) as error:
            raise Held(hold(HoldReason.SOURCE_UNREACHABLE, tenant=tenant, source=uri, detail=error)) from error
        if not found:
            raise Held(hold(HoldReason.NO_MAILBOXES, tenant=tenant, source=uri))
        with workspace.database.transaction(tenant) as session:
            new = mailboxes.discover(session, token, [(one.name, one.estimate) for one in found])
            if row.state is TenantState.ACTIVE:
                watching.pin(session, tenant)
        current.summary |= {"mailboxes": len(found), "new": new}
        log.info("%s: %d mailboxes found, %d of them new", tenant, len(found), new)
    return {one.name: one.estimate for one in found}


def _hold_for(tenant: str, uri: str, missing: list[Requirement]) -> Hold:
    """The hold for requirements that are not met: permissions are named with what grants them."""
    if all(one.permission for one in missing):
        names = ", ".join(one.name for one in missing)
        remedies = "; ".join(one.remedy for one in missing)
        return hold(HoldReason.PERMISSION_MISSING, tenant=tenant, source=uri, missing=names, detail=remedies)
    detail = "; ".join(f"{one.evidence} ({one.remedy})" if one.remedy else one.evidence for one in missing)
    return hold(HoldReason.SOURCE_UNREACHABLE, tenant=tenant, source=uri, detail=detail)
