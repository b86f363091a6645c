"""Which mailboxes of a source are read: rules in its URI.

    graph:TENANT-ID?include=*@acme.example&exclude=room-*,noreply@acme.example

A rule is an address in which `*` stands for anything. A mailbox is read when an include rule fits it (none given: all fit)
and no exclude rule does.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from urllib.parse import parse_qsl, quote

from onboarding.sources.base import SourceError


@dataclass(frozen=True, slots=True)
class MailboxRules:
    """Include and exclude rules, lower case, sorted."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()

    def admit(self, *names: str) -> bool:
        """Whether a mailbox known by these names is to be read.

        >>> MailboxRules(exclude=("room-*",)).admit("Room-1@acme.example")
        False
        """
        known = [name.lower() for name in names if name]
        if any(fnmatchcase(name, rule) for name in known for rule in self.exclude):
            return False
        return not self.include or any(fnmatchcase(name, rule) for name in known for rule in self.include)


@dataclass(frozen=True, slots=True)
class Address:
    """A network source's URI taken apart: what stands before the `?`, and the options behind it, in alphabetical order."""

    place: str
    rules: MailboxRules
    options: Mapping[str, str]

    def uri(self, scheme: str) -> str:
        """The canonical URI."""
        pairs = dict(self.options)
        for name, rules in (("include", self.rules.include), ("exclude", self.rules.exclude)):
            if rules:
                pairs[name] = ",".join(rules)
        query = "&".join(f"{name}={quote(value, safe='*@,._-+')}" for name, value in sorted(pairs.items()))
        return f"{scheme}:{self.place}" + (f"?{query}" if query else "")


def read_address(
    scheme: str, rest: str, known: Collection[str], check_place: Callable[[str], str | None] = lambda place: None
) -> Address:
    """Takes apart what stands behind `scheme:`; `known` are the options a source has besides include and exclude.

    `check_place` says what is wrong with the place, None when nothing is. Raises SourceError with what is wrong.
    """
    place, _, query = rest.strip().strip("/").partition("?")
    # Of what is refused the query is not repeated, nor what stands before an @: somebody may have put a password there.
    said = f"cannot open the source '{scheme}:{'…@' * ('@' in place)}{place.rpartition('@')[2]}'"
    wrong = check_place(place) if place else f"write {scheme}: and what it is to read"
    if wrong:
        raise SourceError(f"{said}: {wrong}")
    options: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in {"include", "exclude", *known}:
            allowed = ", ".join(sorted({"include", "exclude", *known}))
            raise SourceError(f"{said}: there is no option {name!r}; there are {allowed}")
        if name in options:
            raise SourceError(f"{said}: option {name!r} is given twice")
        options[name] = value.strip()
    rules = MailboxRules(_rules(options.pop("include", "")), _rules(options.pop("exclude", "")))
    return Address(place, rules, dict(sorted(options.items())))


def _rules(text: str) -> tuple[str, ...]:
    return tuple(sorted({rule.strip().lower() for rule in text.split(",") if rule.strip()}))
