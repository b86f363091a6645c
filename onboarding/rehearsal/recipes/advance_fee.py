"""A fortune, for a small fee."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.ADVANCE_FEE, Difficulty.EASY)
def fortune_with_other_answer(scene: Scene) -> Draft:
    """A stranger by free mail, whose answers go to another free-mail address."""
    name = scene.stranger()[0]
    return Draft(sender=scene.free_mail(name), to=scene.victim(), way=Way.FREE_MAIL, reply_to=scene.free_mail(name)[1])


@recipe(AttackKind.ADVANCE_FEE, Difficulty.MEDIUM)
def fortune_by_free_mail(scene: Scene) -> Draft:
    """A stranger by free mail."""
    return Draft(sender=scene.free_mail(scene.stranger()[0]), to=scene.victim(), way=Way.FREE_MAIL)


@recipe(AttackKind.ADVANCE_FEE, Difficulty.HARD)
def fortune_of_a_firm(scene: Scene) -> Draft:
    """A firm that nobody knows, with a domain of its own that authenticates."""
    return Draft(sender=scene.stranger(), to=scene.victim(), way=Way.OWN_SERVER)
