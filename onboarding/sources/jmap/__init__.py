"""`jmap:HOST`: the mailboxes of a JMAP server (RFC 8620, RFC 8621). See docs/sources/jmap.md.

    jmap:mail.acme.example
    jmap:mail.acme.example?login=own&include=*@acme.example&account=acme&exclude=noreply@*

`login`, `users` and the other options of credentials: `onboarding.sources.network.logins`; by default the accounts that are
shared with one reader. `tls=none` is for a server on this machine.
"""

from __future__ import annotations

import re

from onboarding.sources.base import Source
from onboarding.sources.network.rules import read_address
from onboarding.sources.registry import scheme

_HOST = re.compile(r"(?:[0-9A-Za-z](?:[0-9A-Za-z.-]{0,251}[0-9A-Za-z])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@scheme("jmap", "jmap:HOST", "the mailboxes of a JMAP server")
def open_jmap(rest: str) -> Source:
    """The source of a server's mailboxes. No secret is looked up and nothing is asked until it is read."""
    from onboarding.sources.jmap.source import JmapSource
    from onboarding.sources.network.logins import OPTIONS

    return JmapSource(read_address("jmap", rest, OPTIONS | {"tls"}, _wrong_place))


def _wrong_place(place: str) -> str | None:
    return None if _HOST.fullmatch(place) else "it needs the server's name, such as mail.acme.example or host:8443"
