"""The report as Markdown: the page in the Prefect UI, and the plain form beside the HTML."""

from __future__ import annotations

from typing import Any

from onboarding.report.evidence import Evidence, gather
from onboarding.report.sections import Figures, Picture, Section, sections
from onboarding.report.svg import as_data_uri
from onboarding.report.text import cell, number, one_in, table
from onboarding.workspace import Workspace

__all__ = ["cell", "markdown_of", "number", "one_in", "outcome_page", "table"]


def outcome_page(workspace: Workspace, tenant: str, outcome: dict[str, Any]) -> str:
    """What was learned, what is promised, what was found, what happens next."""
    return markdown_of(tenant, sections(gather(workspace, tenant, outcome)))


def page_for_prefect(evidence: Evidence, where: str) -> tuple[str, str | None]:
    """The same with the picture of the score tails in it, and `where` the full report is; and that picture by itself."""
    parts = sections(evidence)
    tails = next((b for part in parts for b in part.blocks if isinstance(b, Picture) and b.tails), None)
    return markdown_of(evidence.tenant, parts, where, with_tails=True), tails.svg if tails else None


def markdown_of(tenant: str, parts: list[Section], above: str = "", with_tails: bool = False) -> str:
    """The sections without their pictures: what a picture shows stands in words or in a table as well."""
    written = [f"# Onboarding of {tenant}"]
    if above:
        written.append(above)
    for section in parts:
        written.append(f"## {section.title}")
        for block in section.blocks:
            if isinstance(block, Picture):
                if with_tails and block.tails:
                    written.append(f"![{block.caption}]({as_data_uri(block.svg)})")
            else:
                written.append(block.markdown if isinstance(block, Figures) else block)
    return "\n\n".join(written) + "\n"
