"""Which mailbox is attacked on which day."""

from __future__ import annotations

from collections.abc import Iterator

from onboarding.sources.simulated.mail import Mail
from onboarding.sources.simulated.people import Person
from onboarding.sources.simulated.world import World


def attacks_on(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """Attacks that reach this person on this day."""
    return iter(())
