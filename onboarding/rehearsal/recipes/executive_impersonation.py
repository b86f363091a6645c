"""Somebody who matters, by name only."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.EXECUTIVE_IMPERSONATION, Difficulty.EASY)
def boss_by_free_mail(scene: Scene) -> Draft:
    """The name of somebody who matters, over a free-mail address, to one of their people."""
    boss, report = scene.executive_and_report()
    return Draft(sender=scene.free_mail(boss.name), to=report, way=Way.FREE_MAIL)


@recipe(AttackKind.EXECUTIVE_IMPERSONATION, Difficulty.MEDIUM)
def boss_alike(scene: Scene) -> Draft:
    """The name and address of somebody who matters, at a domain that reads like the tenant's."""
    boss, report = scene.executive_and_report()
    return Draft(sender=scene.alike_address(boss), to=report, way=Way.OWN_SERVER)


@recipe(AttackKind.EXECUTIVE_IMPERSONATION, Difficulty.HARD)
def boss_alike_with_copy(scene: Scene) -> Draft:
    """The same with a copy to another who matters, and answers that go elsewhere unnoticed."""
    boss, report = scene.executive_and_report()
    return Draft(
        sender=scene.alike_address(boss),
        to=report,
        way=Way.OWN_SERVER,
        cc=(scene.executive(),),
        reply_to=scene.alike_address(boss)[1],
    )
