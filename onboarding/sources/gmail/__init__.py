"""`gmail:DOMAIN`: the mailboxes of a Google Workspace, through the Gmail API. See docs/sources/google-workspace.md.

    gmail:acme.example?admin=it@acme.example
    gmail:acme.example?account=acme&exclude=room-*

`admin` is as whom users are listed (left out: as the service account itself, which then needs an admin role); `include` and
`exclude` are rules for mailboxes; `account` names the credentials (default `gmail`): the secret `gmail-service-account`.
"""

from __future__ import annotations

import re

from onboarding.sources.base import Source
from onboarding.sources.network.rules import read_address
from onboarding.sources.registry import scheme

_DOMAIN = re.compile(r"(?=.{4,253}$)(?:[0-9a-z](?:[0-9a-z-]{0,61}[0-9a-z])?\.)+[0-9a-z-]{2,63}", re.IGNORECASE)


@scheme("gmail", "gmail:DOMAIN", "the mailboxes of a Google Workspace")
def open_gmail(rest: str) -> Source:
    """The source of a domain's mailboxes. Nothing is asked of Google, and no secret looked up, until it is read."""
    from onboarding.sources.gmail.source import GmailSource

    return GmailSource(read_address("gmail", rest, {"account", "admin"}, _wrong_place))


def _wrong_place(place: str) -> str | None:
    return None if _DOMAIN.fullmatch(place) else "it needs a domain of the organisation, such as acme.com"
