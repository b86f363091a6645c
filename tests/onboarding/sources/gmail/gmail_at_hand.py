"""A simulated Gmail as tests ask for it."""

from __future__ import annotations

from collections.abc import Callable

from simulators.gmail import Gmail
from simulators.gmail_store import gmail_id
from simulators.limits import Limit
from simulators.organisation import Organisation

from onboarding.sources.gmail.source import GmailSource

Serve = Callable[..., GmailSource]

GENEROUS = Limit(units=10_000_000, seconds=60.0, at_once=10)


def gmail_of(organisation: Organisation, *args: object, **more: object) -> Gmail:
    """A simulated Gmail that allows more than anybody asks."""
    return Gmail(organisation, *args, **{"limit": GENEROUS, **more})  # type: ignore[arg-type]


def ids_in(organisation: Organisation, mailbox: str) -> list[str]:
    """The ids of what is in a mailbox."""
    return sorted(map(gmail_id, organisation.boxes[mailbox].items))
