"""One mailbox as a stream in time order, worked out day by day from the cells it takes part in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from detection.mail.message import Folder
from onboarding.sources.simulated import conversations, invoices, lists, newsletters, notifications, oddities, spam
from onboarding.sources.simulated.attacks.cells import attacks_on
from onboarding.sources.simulated.hours import DAY
from onboarding.sources.simulated.letter import letter
from onboarding.sources.simulated.mail import Mail
from onboarding.sources.simulated.people import Person
from onboarding.sources.simulated.transport import arrived
from onboarding.sources.simulated.world import World

BACK = conversations.LONGEST + 1
"""Days before a day whose cells may still send mail on it."""
AHEAD = 1
"""Days after a day whose cells may already: a working day east of UTC begins on the day before."""

Cell = Callable[[World, Person, int], Iterator[Mail]]


@dataclass(slots=True)
class Delivery:
    """One mail as it lies in one mailbox, not written out yet."""

    mail: Mail
    owner: Person
    folder: Folder
    day: int
    number: int
    """Position within the mailbox's day."""

    @property
    def path(self) -> str:
        return f"{self.owner.address}/{self.folder.name.lower()}/{{date}}-{self.number:04d}.eml"


def stream(world: World, owner: Person, first: int, stop: int, cells: tuple[Cell, ...] = ()) -> Iterator[Delivery]:
    """Everything that lies in a mailbox from day `first` up to before day `stop`, in time order.

    Starting on any day gives the same mail from there on. Memory: the mail plans of about a week.
    """
    waiting: dict[int, list[Mail]] = {}
    known = first - BACK
    for day in range(first, stop):
        while known <= day + AHEAD:
            for mail in _cell(world, owner, known, cells or CELLS):
                at = (mail.time - world.options.first_second) // DAY
                if at >= day:
                    waiting.setdefault(at, []).append(mail)
            known += 1
        today = waiting.pop(day, [])
        if not owner.present(day):
            continue
        today.sort(key=lambda mail: (mail.time, mail.message_id))
        for number, mail in enumerate(today):
            folder = Folder.SENT if mail.author == owner.index else Folder.JUNK if mail.junk else Folder.INBOX
            yield Delivery(mail, owner, folder, day, number)


def _cell(world: World, owner: Person, day: int, cells: tuple[Cell, ...]) -> Iterator[Mail]:
    for cell in cells:
        for mail in cell(world, owner, day):
            if mail.author == owner.index or owner.index in mail.inside:
                yield mail


def _talks(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """The conversations of the person's own day and of the days of everyone in their circle."""
    for talk in conversations.conversations(world, owner, day):
        yield from conversations.mails(world, talk)
    for other in world.circle(owner.index):
        for talk in conversations.conversations(world, world.people[other], day):
            if owner.index in talk.insiders:
                yield from conversations.mails(world, talk)


CELLS: tuple[Cell, ...] = (
    _talks,
    newsletters.newsletters,
    notifications.notifications,
    lists.announcements,
    lists.lists,
    spam.spam,
    invoices.invoices,
    oddities.oddities,
    attacks_on,
)
"""Every kind of mail a mailbox may hold, in an order that does not matter."""


def written(world: World, delivery: Delivery) -> bytes:
    """The mail's bytes as they lie in this mailbox, lines ended by CRLF."""
    text = letter(delivery.mail, world.seed)
    if delivery.folder is not Folder.SENT:
        text = arrived(delivery.mail, world.roster, delivery.owner, world.seed) + text
    return text.replace("\n", "\r\n").encode()
