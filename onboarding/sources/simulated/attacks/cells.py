"""Which mailbox is attacked on which day, and with what."""

from __future__ import annotations

import math
from collections.abc import Iterator

from onboarding.sources.simulated.attacks import business, technical, vendor  # noqa: F401  declares the recipes
from onboarding.sources.simulated.attacks.registry import RECIPES, attack
from onboarding.sources.simulated.hours import DAY, office_moment, weekday
from onboarding.sources.simulated.mail import Mail
from onboarding.sources.simulated.people import Department, Person, Position
from onboarding.sources.simulated.randomness import Draw, digest_of
from onboarding.sources.simulated.world import World

KINDS = tuple(sorted(RECIPES))
"""Every kind of attack, in alphabetical order."""


def attacks_on(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """Attacks on this person today, and those on people of their circle that reach them as well."""
    yield from _attacks(world, owner, day)
    for other in world.circle(owner.index):
        for mail in _attacks(world, world.people[other], day):
            if owner.index in mail.inside:
                yield mail


def _attacks(world: World, target: Person, day: int) -> Iterator[Mail]:
    planned = world.planned.get((target.index, day), ())
    count = _count(world, target, day)
    if not (planned or count) or not target.present(day):
        return
    draw = Draw(world.seed, "attacks", target.index, day)
    midnight = world.options.first_second + day * DAY
    kinds = [*planned, *(draw.pick(KINDS) for _ in range(count))]
    for number, kind in enumerate(kinds):
        # Whatever the zone, an attack dealt to a day happens within it (UTC): no more and no fewer than were asked for.
        moment = midnight + (office_moment(midnight, target.party.way.offset, draw) - midnight) % DAY
        yield from attack(world, kind, target, day, moment, number)


def _count(world: World, target: Person, day: int) -> int:
    """A Poisson number with the mean that the options ask for, by inversion of one uniform number."""
    mean = world.options.attacks / 10_000 * world.options.rate
    if mean == 0.0 or weekday(world.options.first_second + day * DAY) >= 5:
        return 0
    left = digest_of(world.seed, "attacked", target.index, day) / 2**64
    count, term = 0, math.exp(-mean)
    while left >= term and count < 500:
        left -= term
        count += 1
        term *= mean / count
    return count


def plan(world: World, first: int, days: int, per_kind: int) -> dict[tuple[int, int], tuple[str, ...]]:
    """`per_kind` attacks of every kind, dealt over people and working days from `first` on.

    Kinds that live on money go to those who pay, the others to anyone present.
    """
    working = [day for day in range(first, first + days) if weekday(world.options.first_second + day * DAY) < 5]
    dealt: dict[tuple[int, int], list[str]] = {}
    for kind in KINDS:
        for number in range(per_kind):
            draw = Draw(world.seed, "plan", first, kind, number)
            day = draw.pick(working or range(first, first + days))
            pool = [person for person in _victims(world, kind) if person.present(day)]
            dealt.setdefault((draw.pick(pool).index, day), []).append(kind)
    return {where: tuple(kinds) for where, kinds in dealt.items()}


_PAYERS = ("payment-fraud", "lookalike-domain", "vendor-compromise")


def _victims(world: World, kind: str) -> list[Person]:
    if kind in _PAYERS:
        return [p for p in world.people if p.index in world.vendors_by_person or p.department is Department.FINANCE]
    if kind == "payroll-diversion":
        return list(world.of(Department.HR)) + list(world.of(Department.FINANCE))
    return [person for person in world.people if person.position is not Position.SHARED]
