"""Names that an Exchange or Notes export kept in fields of its own: X-From, X-To, X-cc, X-bcc.

Such exports (MAPI to RFC 822) strip display names from the address fields. The forms met are `Last, First
</O=ACME/OU=NA/CN=...>`, `First M Last`, `First Last <First Last/HOU/ACME@ACME>` and `"Name" <address>`.
"""

from __future__ import annotations

import re

_ENTRY = re.compile(r"([^<>]*+)<[^<>]*+>(?:@[^\s,<>]*+)?")
_TAIL = re.compile(r"@[\w.-]+\Z")


def names_in(text: str) -> list[str]:
    """The names of a list, in order; an entry that names nobody (a bare address) is an empty text.

    >>> names_in("Smith, Ann </O=ACME/CN=ASMITH>, Jones III, Bob </O=ACME/CN=BJONES>")
    ['Smith, Ann', 'Jones III, Bob']
    >>> names_in("Ann Smith, Bob Jones")
    ['Ann Smith', 'Bob Jones']
    """
    entries = [entry.lstrip(", ") for entry in _ENTRY.findall(text)] if "<" in text else text.split(",")
    return [_name(entry) for entry in entries]


def single_name(text: str) -> str:
    """The one name of X-From.

    >>> single_name('"Smith, Ann" <ann@acme.example>@ACME')
    'Smith, Ann'
    """
    return _name(text.partition("<")[0] if "<" in text else text)


def _name(entry: str) -> str:
    name = entry.strip().strip("\"'").strip()
    if "@" in name:
        # "Office of the Chairman@ACME" is a name in a directory; "ann@acme.example" is an address.
        name = _TAIL.sub("", name) if " " in name else ""
    return name[:200]
