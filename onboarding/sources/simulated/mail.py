"""One simulated mail before it becomes bytes: cheap to plan, written out only for the mailboxes it lies in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from onboarding.sources.simulated.parties import Address, Party

BENIGN = "benign"


@dataclass(frozen=True, slots=True)
class File:
    """An attachment: its name, declared type and bytes."""

    name: str
    declared_type: str
    content: bytes
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Content:
    """What a mail says. A link is written `[[shown|target]]` in `text`; `html` replaces the page made from `text`."""

    text: str
    signature: str = ""
    files: tuple[File, ...] = ()
    html: str = ""
    pictures: tuple[str, ...] = ()
    """URLs of pictures that the HTML page loads."""


@dataclass(slots=True)
class Mail:
    """A planned mail. Not frozen only because a thousand are planned for each that is written, and freezing costs."""

    time: int
    """Seconds since the epoch, of its Date."""
    sender: Party
    to: tuple[Address, ...]
    cc: tuple[Address, ...]
    subject: str
    message_id: str
    """Without angle brackets."""
    content: Callable[[], Content]
    inside: tuple[int, ...]
    """People whose mailboxes it arrives in."""
    author: int | None = None
    """The person who sent it and keeps a copy in the Sent folder."""
    references: tuple[str, ...] = ()
    previous: Mail | None = None
    """The mail it answers and quotes."""
    reply_to: Address | None = None
    envelope: str = ""
    """Return path, when it is not the sender's address."""
    headers: tuple[tuple[str, str], ...] = ()
    """Further headers, such as List-Id."""
    client: str = ""
    """Public IPv4 address an insider sent it from, when not from the office."""
    junk: bool = False
    label: str = BENIGN
    """As `Listed.label`."""
    about: str = ""
    """For people and tests: which oddity or attack recipe made it; empty for the everyday."""
