"""A colleague's real account, in other hands."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.INTERNAL_COMPROMISE, Difficulty.EASY)
def colleague_taken_over(scene: Scene) -> Draft:
    """A colleague's account from elsewhere sends a page on free hosting."""
    sender, to = scene.colleagues()
    return Draft(
        sender=(sender.name, sender.address),
        to=to,
        way=Way.TAKEN_OVER,
        account=sender,
        link=scene.hosted_link("document"),
    )


@recipe(AttackKind.INTERNAL_COMPROMISE, Difficulty.MEDIUM)
def colleague_with_known_link(scene: Scene) -> Draft:
    """A colleague's account from elsewhere sends a page on a service that the tenant knows."""
    sender, to = scene.colleagues()
    return Draft(
        sender=(sender.name, sender.address), to=to, way=Way.TAKEN_OVER, account=sender, link=scene.known_link("d")
    )


@recipe(AttackKind.INTERNAL_COMPROMISE, Difficulty.HARD)
def colleague_as_usual(scene: Scene) -> Draft:
    """A colleague's account in its usual way sends a page that nobody knows."""
    sender, to = scene.colleagues()
    return Draft(
        sender=(sender.name, sender.address), to=to, way=Way.AS_USUAL, account=sender, link=scene.strange_link("file")
    )
