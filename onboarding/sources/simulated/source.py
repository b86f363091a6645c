"""The simulated organisation as a source of mail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from heapq import merge
from itertools import islice

from onboarding.sources.base import Listed, MailboxInfo, Page, Requirement, Source, SourceError
from onboarding.sources.registry import scheme
from onboarding.sources.simulated.attacks.cells import plan
from onboarding.sources.simulated.hours import weekday
from onboarding.sources.simulated.mailbox import Delivery, stream, written
from onboarding.sources.simulated.options import SCHEME, parse_uri
from onboarding.sources.simulated.people import Person
from onboarding.sources.simulated.training_source import TrainingSource
from onboarding.sources.simulated.vendors import Vendor
from onboarding.sources.simulated.world import World

PAGE = 500
"""Most messages of a page."""


@scheme(
    "simulated", "simulated:seed=7,mailboxes=40,days=180", "a made-up organisation's mail, for demonstration and tests"
)
def open_simulated(rest: str) -> Source:
    """The simulated organisation of the options behind `simulated:`, or training letters for `simulated:training`."""
    first, _, options = rest.partition(",")
    if first.strip() == "training":
        return TrainingSource(options)
    return SimulatedSource(f"{SCHEME}:{rest}")


class SimulatedSource:
    """A made-up organisation's mail, worked out on demand: nothing is stored; the same URI is the same mail for ever.

    A cursor is `day.number`: the position of the next message in the mailbox's stream.
    Raises SourceError for a URI that is not understood.
    """

    def __init__(self, uri: str) -> None:
        self.options = parse_uri(uri)
        self.uri = self.options.uri()
        self.world = World(self.options)

    @property
    def domains(self) -> tuple[str, ...]:
        """The organisation's own domains."""
        return (self.world.roster.domain,)

    @property
    def name(self) -> str:
        """The organisation's name."""
        return self.world.roster.company

    @property
    def people(self) -> tuple[Person, ...]:
        return self.world.people

    @property
    def executives(self) -> tuple[Person, ...]:
        return self.world.executives

    @property
    def vendors(self) -> tuple[Vendor, ...]:
        return self.world.vendors

    def check(self) -> list[Requirement]:
        """Nothing is needed."""
        return [Requirement("simulation", True, f"worked out from its options: {self.options.uri()}")]

    def mailboxes(self) -> list[MailboxInfo]:
        """Every mailbox by its address; estimates are the mean volume over the days its owner is there."""
        return [MailboxInfo(person.address, self._estimate(person)) for person in self.people]

    def _estimate(self, person: Person) -> int:
        options = self.options
        start = max(0, person.joined)
        stop = options.days if person.left is None else min(person.left, options.days)
        first = weekday(options.first_second)
        working = sum(1 for day in range(start, stop) if (first + day) % 7 < 5)
        return round(options.rate * working)

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """The mailbox's pages after a cursor. Raises SourceError for a mailbox or cursor that is not this source's."""
        owner = self._owner(mailbox)
        day, number = self._position(mailbox, cursor)
        rest = (d for d in stream(self.world, owner, day, self.options.days) if (d.day, d.number) >= (day, number))
        while chosen := list(islice(rest, PAGE)):
            last = chosen[-1]
            yield Page(tuple(map(self.listed, chosen)), f"{last.day}.{last.number + 1}")

    def deliveries(self, mailbox: str) -> Iterator[Delivery]:
        """The mailbox's history before it is written out, with what the simulation knows of each mail."""
        return stream(self.world, self._owner(mailbox), 0, self.options.days)

    def live(self, days: int, per_kind: int = 0) -> Iterator[Listed]:
        """What arrives in all mailboxes in the days after history, in time order, labelled: held-out mail.

        `per_kind` attacks of every kind are dealt over these days, beside those that the options bring.
        Mail is written out one by one; memory grows with the number of mailboxes and not with `days`.
        """
        for delivery in self.live_deliveries(days, per_kind):
            yield self.listed(delivery)

    def live_deliveries(self, days: int, per_kind: int = 0) -> Iterator[Delivery]:
        """`live` before it is written out, with what the simulation knows of each mail."""
        first = self.options.days
        world = replace(self.world, planned=plan(self.world, first, days, per_kind))
        streams = [stream(world, person, first, first + days) for person in world.people]
        return merge(*streams, key=lambda d: (d.mail.time, d.mail.message_id, d.owner.index))

    def listed(self, delivery: Delivery) -> Listed:
        """A delivery as the source lists it, with its bytes."""
        mail = delivery.mail
        date = self.options.date_of(delivery.day)
        return Listed(
            path=delivery.path.format(date=f"{date.year}/{date.month:02d}/{date.day:02d}"),
            content=written(self.world, delivery),
            folder=delivery.folder,
            time_hint=mail.time,
            label=mail.label,
        )

    def _owner(self, mailbox: str) -> Person:
        owner = self.world.by_mailbox.get(mailbox)
        if owner is None:
            raise SourceError(f"{self.uri} has no mailbox {mailbox!r}: mailboxes() lists them by address")
        return owner

    def _position(self, mailbox: str, cursor: str | None) -> tuple[int, int]:
        if cursor is None:
            return 0, 0
        day, dot, number = cursor.partition(".")
        if not (dot and day.isascii() and day.isdigit() and number.isascii() and number.isdigit()):
            raise SourceError(
                f"mailbox {mailbox} of {self.uri}: {cursor!r} is not a cursor of this source (day.number)"
            )
        return int(day), int(number)
