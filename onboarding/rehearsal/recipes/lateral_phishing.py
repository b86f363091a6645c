"""A colleague's real account, in other hands, writes to many colleagues at once."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.LATERAL_PHISHING, Difficulty.EASY)
def all_colleagues_from_elsewhere(scene: Scene) -> Draft:
    """From elsewhere, with a page on free hosting."""
    sender, to = scene.colleagues()
    return Draft(
        sender=(sender.name, sender.address),
        to=to,
        cc=scene.several(8),
        way=Way.TAKEN_OVER,
        account=sender,
        link=scene.hosted_link("signin"),
    )


@recipe(AttackKind.LATERAL_PHISHING, Difficulty.MEDIUM)
def all_colleagues_with_strange_page(scene: Scene) -> Draft:
    """From elsewhere, with a page on a domain that nobody knows."""
    sender, to = scene.colleagues()
    return Draft(
        sender=(sender.name, sender.address),
        to=to,
        cc=scene.several(6),
        way=Way.TAKEN_OVER,
        account=sender,
        link=scene.strange_link("login"),
    )


@recipe(AttackKind.LATERAL_PHISHING, Difficulty.HARD)
def some_colleagues_as_usual(scene: Scene) -> Draft:
    """In the account's usual way, to a few."""
    sender, to = scene.colleagues()
    return Draft(
        sender=(sender.name, sender.address),
        to=to,
        cc=scene.several(3),
        way=Way.AS_USUAL,
        account=sender,
        link=scene.strange_link("login"),
    )
