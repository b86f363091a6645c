"""The report on disk: one self-contained HTML page, the same as Markdown, and the outcome as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from onboarding import clock
from onboarding.files import write_whole
from onboarding.report.evidence import Evidence, gather
from onboarding.report.html import page
from onboarding.report.markdown import markdown_of
from onboarding.report.sections import sections
from onboarding.workspace import Workspace


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
