"""A short question that finds out who answers."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.RECONNAISSANCE, Difficulty.EASY)
def question_of_stranger(scene: Scene) -> Draft:
    """A stranger by free mail."""
    return Draft(sender=scene.free_mail(scene.stranger()[0]), to=scene.victim(), way=Way.FREE_MAIL)


@recipe(AttackKind.RECONNAISSANCE, Difficulty.MEDIUM)
def question_of_boss(scene: Scene) -> Draft:
    """The name of somebody who matters, over a free-mail address."""
    boss, report = scene.executive_and_report()
    return Draft(sender=scene.free_mail(boss.name), to=report, way=Way.FREE_MAIL)


@recipe(AttackKind.RECONNAISSANCE, Difficulty.HARD)
def question_of_boss_alike(scene: Scene) -> Draft:
    """Somebody who matters, at a domain that reads like the tenant's."""
    boss, report = scene.executive_and_report()
    return Draft(sender=scene.alike_address(boss), to=report, way=Way.OWN_SERVER)
