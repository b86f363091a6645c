"""Pictures of the report: SVG written by hand, so that the page needs no script, no font and no library."""

from __future__ import annotations

from base64 import b64encode


def as_data_uri(svg: str) -> str:
    """The picture as an address that carries it, for pages that are shown elsewhere."""
    return "data:image/svg+xml;base64," + b64encode(svg.encode()).decode()
