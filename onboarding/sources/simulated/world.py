"""The organisation and its surroundings: who writes to whom, and whose days a mailbox has to look at.

Nothing here grows with the amount of mail. Every relation is bounded and can be asked from both ends: whom a person
starts conversations with (`circle`), and who may start one with them (`circle_of_others`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from onboarding.sources.simulated.options import Options
from onboarding.sources.simulated.parties import Address, Party, Way
from onboarding.sources.simulated.people import Department, Person, Position, Roster, hire
from onboarding.sources.simulated.randomness import Draw
from onboarding.sources.simulated.vendors import Vendor, vendors_of

_CROSS_TIES = 3
"""Ties to people of other teams that each person has."""


@dataclass(frozen=True, eq=False)
class World:
    """Everything that a mail of the simulation is a function of."""

    options: Options
    planned: Mapping[tuple[int, int], tuple[str, ...]] = field(default_factory=dict)
    """Kinds of attack to send by (person, day), beside those that `Options.attacks` brings."""

    @cached_property
    def roster(self) -> Roster:
        return hire(self.options)

    @property
    def people(self) -> tuple[Person, ...]:
        return self.roster.people

    @property
    def seed(self) -> int:
        return self.options.seed

    @cached_property
    def vendors(self) -> tuple[Vendor, ...]:
        """Every vendor that sends invoices."""
        return vendors_of(self.options, self.people)

    @cached_property
    def vendors_by_person(self) -> dict[int, list[Vendor]]:
        """Vendors whose mail reaches a person."""
        known: dict[int, list[Vendor]] = {}
        for vendor in self.vendors:
            for person in vendor.inside:
                known.setdefault(person, []).append(vendor)
        return known

    @cached_property
    def by_mailbox(self) -> dict[str, Person]:
        return {person.address: person for person in self.people}

    @cached_property
    def executives(self) -> tuple[Person, ...]:
        return tuple(person for person in self.people if person.position is Position.EXECUTIVE)

    def of(self, department: Department) -> tuple[Person, ...]:
        """People of a department who are there throughout, without shared mailboxes; executives if there is none."""
        return self._stable.get(department) or self._stable[Department.EXECUTIVE]

    @cached_property
    def _stable(self) -> dict[Department, tuple[Person, ...]]:
        found: dict[Department, list[Person]] = {}
        for person in self.people:
            if person.joined < 0 and person.left is None and person.position is not Position.SHARED:
                found.setdefault(person.department, []).append(person)
        return {department: tuple(persons) for department, persons in found.items()}

    # --- circles -------------------------------------------------------------------------------------------------

    @cached_property
    def _teams(self) -> dict[int, tuple[int, ...]]:
        teams: dict[int, list[int]] = {}
        for person in self.people:
            teams.setdefault(person.team, []).append(person.index)
        return {team: tuple(members) for team, members in teams.items()}

    @cached_property
    def _reports(self) -> dict[int, tuple[int, ...]]:
        reports: dict[int, list[int]] = {}
        for index, manager in enumerate(self.roster.managers):
            if manager is not None:
                reports.setdefault(manager, []).append(index)
        return {manager: tuple(found) for manager, found in reports.items()}

    @cached_property
    def _offsets(self) -> tuple[int, ...]:
        """Distances on the ring of all people at which cross ties lie; to both sides, so the relation is symmetric."""
        draw = Draw(self.seed, "ties")
        return tuple(1 + draw.below(max(1, len(self.people) // 2)) for _ in range(_CROSS_TIES))

    @cached_property
    def _circles(self) -> dict[int, tuple[int, ...]]:
        return {}

    def circle(self, index: int) -> tuple[int, ...]:
        """People someone writes to, the closest first; symmetric, so these are also those who write to them."""
        found = self._circles.get(index)
        if found is None:
            person = self.people[index]
            n = len(self.people)
            near = dict.fromkeys(Draw(self.seed, "circle", index).shuffled(self._teams[person.team]))
            manager = self.roster.managers[index]
            if manager is not None:
                near[manager] = None
            near.update(dict.fromkeys(self._reports.get(index, ())))
            for offset in self._offsets:
                near[(index + offset) % n] = None
                near[(index - offset) % n] = None
            near.pop(index, None)
            found = self._circles[index] = tuple(near)
        return found

    # --- addresses -----------------------------------------------------------------------------------------------

    def own_service(self, name: str, local: str) -> Party:
        """A program of the organisation that sends mail in its name."""
        domain = self.roster.domain
        first = self.people[0].party.way
        way = Way(
            domain=domain,
            host=f"mail.{domain}",
            network=self.roster.network,
            posture=first.posture,
            mailer="",
            form=first.form,
            offset=0,
            internal=True,
            id_host=f"mail.{domain}",
        )
        return Party(Address(name, f"{local}@{domain}"), way)
