"""The report on disk: one self-contained HTML page, the same as Markdown, and the outcome as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from onboarding.files import write_whole
from onboarding.report.html import page
from onboarding.report.markdown import outcome_page
from onboarding.workspace import Workspace


def report_path(workspace: Workspace, tenant: str) -> Path:
    """Where the HTML page lies."""
    return workspace.layout(tenant).report / "report.html"


def write_report(workspace: Workspace, tenant: str, outcome: dict[str, Any]) -> Path:
    """Writes the report of the tenant's newest run; gives the HTML page's path."""
    folder = workspace.layout(tenant).report
    markdown = outcome_page(workspace, tenant, outcome)
    documents = {
        "report.md": markdown,
        "report.html": page(f"Onboarding of {tenant}", markdown),
        "outcome.json": json.dumps(outcome, indent=1, sort_keys=True) + "\n",
    }
    for name, text in documents.items():
        data = text.encode("utf-8", "replace")
        write_whole(folder / name, lambda sink, data=data: sink.write(data))  # type: ignore[misc]
    return report_path(workspace, tenant)
