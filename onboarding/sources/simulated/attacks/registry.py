"""Attack recipes are declared by decorating a function; the registry is the list of kinds the simulation can send."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from onboarding.sources.simulated.conversations import message_id
from onboarding.sources.simulated.mail import Content, File, Mail
from onboarding.sources.simulated.parties import Address, Party
from onboarding.sources.simulated.people import Department, Person, Position
from onboarding.sources.simulated.randomness import Draw, digest_of
from onboarding.sources.simulated.wording.lure import lure_text
from onboarding.sources.simulated.wording.lures import LURES
from onboarding.sources.simulated.wording.slots import Slots
from onboarding.sources.simulated.world import World


@dataclass(frozen=True, slots=True)
class Scene:
    """One attack about to happen: on whom, when, and the chance that decides the rest."""

    world: World
    kind: str
    target: Person
    day: int
    moment: int
    key: int
    draw: Draw

    @property
    def boss(self) -> Person:
        """An executive that the target would obey, and is not."""
        others = [person for person in self.world.executives if person.index != self.target.index]
        return self.draw.pick_front(others, 2.0)

    def colleague(self, department: Department | None = None) -> Person:
        """Somebody inside, other than the target, present today; of a department if it has such a person."""
        circle = [self.world.people[i] for i in self.world.circle(self.target.index)]
        pool = self.world.of(department) if department is not None else circle
        fitting = [
            person
            for person in pool
            if person.index != self.target.index and person.present(self.day) and person.position is not Position.SHARED
        ]
        return self.draw.pick(fitting) if fitting else self.boss

    def mail(
        self,
        sender: Party,
        *,
        lure: str = "",
        files: tuple[File, ...] = (),
        me: str = "",
        reply_to: Address | None = None,
        previous: Mail | None = None,
        subject: str = "",
        also: tuple[Person, ...] = (),
        html: str = "",
        **slots: str,
    ) -> Mail:
        """The attack as a mail to the target: words of a lure (by default the kind's), the sender's machinery."""
        words = LURES[lure or self.kind]
        given = {
            "me": me or sender.mailbox.name.partition(" ")[0],
            "to": self.target.given,
            "company": self.world.roster.company,
        }
        filled = Slots(self.key, **{**given, **slots})
        made = subject or self.draw.pick(words.subjects).format_map(filled)
        if previous is not None:
            made = previous.subject if previous.subject.startswith("Re:") else f"Re: {previous.subject}"
        return Mail(
            time=self.moment,
            sender=sender,
            to=(self.target.mailbox, *(person.mailbox for person in also)),
            cc=(),
            subject=made,
            message_id=message_id(sender, self.key),
            content=partial(_content, lure or self.kind, filled, self.key, sender, files, html),
            inside=(self.target.index, *(person.index for person in also)),
            references=() if previous is None else (*previous.references, previous.message_id),
            previous=previous,
            reply_to=reply_to,
            label=self.kind,
            about=f"attack:{self.kind}",
        )


def _content(lure: str, slots: Slots, key: int, sender: Party, files: tuple[File, ...], html: str) -> Content:
    text = lure_text(Draw(key, "lure"), LURES[lure], slots)
    return Content(text, sender.signed, files, html)


Recipe = Callable[[Scene], Mail]

RECIPES: dict[str, Recipe] = {}
"""Every kind of attack the simulation can send, by the kind's name."""


def recipe(kind: str) -> Callable[[Recipe], Recipe]:
    """Declares how a kind of attack is made. Raises ValueError when the kind has a recipe already."""

    def declare(make: Recipe) -> Recipe:
        if kind in RECIPES:
            raise ValueError(f"attack kind {kind} has two recipes: {RECIPES[kind].__name__} and {make.__name__}")
        RECIPES[kind] = make
        return make

    return declare


def attack(world: World, kind: str, target: Person, day: int, moment: int, number: int) -> Iterator[Mail]:
    """One attack of a kind on a person."""
    key = digest_of(world.seed, "attack", kind, target.index, day, number)
    yield RECIPES[kind](Scene(world, kind, target, day, moment, key, Draw(key, "scene")))
