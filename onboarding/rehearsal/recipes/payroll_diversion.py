"""Somebody's salary, to be paid elsewhere."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.PAYROLL_DIVERSION, Difficulty.EASY)
def payroll_by_free_mail(scene: Scene) -> Draft:
    """An employee's name over a free-mail address wants their salary paid elsewhere."""
    sender, to = scene.colleagues()
    return Draft(sender=scene.free_mail(sender.name), to=to, way=Way.FREE_MAIL)


@recipe(AttackKind.PAYROLL_DIVERSION, Difficulty.MEDIUM)
def payroll_alike(scene: Scene) -> Draft:
    """An employee at a look-alike domain wants their salary paid elsewhere."""
    sender, to = scene.colleagues()
    return Draft(sender=scene.alike_address(sender), to=to, way=Way.OWN_SERVER)


@recipe(AttackKind.PAYROLL_DIVERSION, Difficulty.HARD)
def payroll_taken_over(scene: Scene) -> Draft:
    """An employee's real account, from elsewhere, wants their salary paid elsewhere."""
    sender, to = scene.colleagues()
    return Draft(sender=(sender.name, sender.address), to=to, way=Way.TAKEN_OVER, account=sender)
