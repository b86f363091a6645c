"""`imap:HOST`: the mailboxes of an IMAP server (RFC 3501, RFC 9051). See docs/sources/imap.md.

    imap:mail.acme.example?login=admin
    imap:mail.acme.example:1993?login=master&users=/etc/gatehouse/acme-users&exclude=noreply@*

`login`, `users` and the other options of credentials: `onboarding.sources.network.logins`. `tls` is `implicit` (port 993, the
default), `starttls` (port 143), `none` (port 143, to this machine only), or `none-over-the-network`, which sends passwords
and mail in the clear and says so. `connections`: how many at a time at most.
"""

from __future__ import annotations

import re

from onboarding.sources.base import Source
from onboarding.sources.network.rules import read_address
from onboarding.sources.registry import scheme

_HOST = re.compile(r"(?:[0-9A-Za-z](?:[0-9A-Za-z.-]{0,251}[0-9A-Za-z])?|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


@scheme("imap", "imap:HOST", "the mailboxes of an IMAP server")
def open_imap(rest: str) -> Source:
    """The source of a server's mailboxes. No secret is looked up and nothing is asked until it is read."""
    from onboarding.sources.imap.source import ImapSource
    from onboarding.sources.network.logins import OPTIONS

    return ImapSource(read_address("imap", rest, OPTIONS | {"tls", "connections"}, _wrong_place))


def _wrong_place(place: str) -> str | None:
    return None if _HOST.fullmatch(place) else "it needs the server's name, such as mail.acme.example or host:1993"
