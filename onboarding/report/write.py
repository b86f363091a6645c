"""The report on disk: one self-contained HTML page, the same as Markdown, and the outcome as JSON."""

from __future__ import annotations

import json
import logging
from pathlib import Path
from typing import Any

from onboarding import clock
from onboarding.database import runs
from onboarding.files import StoreError, write_whole
from onboarding.report.evidence import Evidence, gather
from onboarding.report.html import page
from onboarding.report.markdown import markdown_of
from onboarding.report.sections import sections
from onboarding.run import ONBOARD
from onboarding.run import outcome as outcome_of
from onboarding.workspace import Workspace

log = logging.getLogger(__name__)


def report_path(workspace: Workspace, tenant: str) -> Path:
    """Where the HTML page lies."""
    return workspace.layout(tenant).report / "report.html"


def write_report(workspace: Workspace, tenant: str, outcome: dict[str, Any]) -> Evidence:
    """Writes the report of the tenant's newest run; gives what it was made from."""
    evidence = gather(workspace, tenant, outcome)
    parts = sections(evidence)
    folder = workspace.layout(tenant).report
    documents = {
        "report.md": markdown_of(tenant, parts),
        "report.html": page(f"Onboarding of {tenant}", parts, clock.now(), ", ".join(evidence.domains)),
        "outcome.json": json.dumps(outcome, indent=1, sort_keys=True) + "\n",
    }
    for name, text in documents.items():
        data = text.encode("utf-8", "replace")
        write_whole(folder / name, lambda sink, data=data: sink.write(data))  # type: ignore[misc]
    return evidence


def renew_report(workspace: Workspace, tenant: str) -> None:
    """Writes the report anew after something else came into force. What keeps it from being written is only logged: it
    was not what was asked for."""
    try:
        with workspace.database.session(tenant) as session:
            run = runs.latest(session, tenant, ONBOARD) or runs.latest(session, tenant)
        write_report(workspace, tenant, outcome_of(workspace, tenant, run.id if run else ""))
    except (OSError, StoreError) as error:
        log.warning("%s: the report could not be written: %s", tenant, error)
