"""A stranger's uneasy mail of no particular kind."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.UNFAMILIAR_SENDER, Difficulty.EASY)
def stranger_with_link(scene: Scene) -> Draft:
    """A firm that nobody knows sends a link to a page that nobody knows."""
    return Draft(sender=scene.stranger(), to=scene.victim(), way=Way.OWN_SERVER, link=scene.strange_link("view"))


@recipe(AttackKind.UNFAMILIAR_SENDER, Difficulty.MEDIUM)
def stranger_in_no_thread(scene: Scene) -> Draft:
    """A stranger answers what was never asked, with a page on free hosting."""
    name, address = scene.stranger()
    return Draft(
        sender=(name, address),
        to=scene.victim(),
        way=Way.OWN_SERVER,
        reply_to=scene.free_mail(name)[1],
        link=scene.hosted_link("doc"),
    )


@recipe(AttackKind.UNFAMILIAR_SENDER, Difficulty.HARD)
def stranger_with_known_link(scene: Scene) -> Draft:
    """A stranger's mail with nothing wrong in it but that a service the tenant knows hosts the bait."""
    return Draft(sender=scene.stranger(), to=scene.victim(), way=Way.OWN_SERVER, link=scene.known_link("s"))
