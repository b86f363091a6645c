"""`graph:TENANT-ID`: the mailboxes of a Microsoft 365 organisation, through Microsoft Graph. See docs/sources/microsoft-365.md.

    graph:acme.onmicrosoft.com
    graph:11111111-2222-3333-4444-555555555555?exclude=room-*&account=acme

`include` and `exclude` are rules for mailboxes; `account` names the credentials (default `graph`): the secrets
`graph-client-id`, and `graph-client-secret` or `graph-certificate`.
"""

from __future__ import annotations

import re

from onboarding.sources.base import Source
from onboarding.sources.network.rules import read_address
from onboarding.sources.registry import scheme

# A tenant is named by its id or by one of its domains.
_TENANT = re.compile(r"[0-9A-Za-z](?:[0-9A-Za-z.-]{0,251}[0-9A-Za-z])?")


@scheme("graph", "graph:TENANT-ID", "the mailboxes of a Microsoft 365 organisation")
def open_graph(rest: str) -> Source:
    """The source of an organisation's mailboxes. Nothing is asked of Microsoft, and no secret looked up, until it is read."""
    from onboarding.sources.graph.source import GraphSource

    return GraphSource(read_address("graph", rest, {"account"}, _wrong_place))


def _wrong_place(place: str) -> str | None:
    if _TENANT.fullmatch(place) and ("." in place or len(place) == 36):
        return None
    return "it needs the directory (tenant) id, or a domain of the organisation such as acme.onmicrosoft.com"
