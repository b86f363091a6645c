"""Pay, or else."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.EXTORTION, Difficulty.EASY)
def extortion_by_free_mail(scene: Scene) -> Draft:
    """A stranger by free mail."""
    return Draft(sender=scene.free_mail(scene.stranger()[0]), to=scene.victim(), way=Way.FREE_MAIL)


@recipe(AttackKind.EXTORTION, Difficulty.MEDIUM)
def extortion_of_stranger(scene: Scene) -> Draft:
    """A domain that nobody knows, and that authenticates."""
    return Draft(sender=scene.stranger(), to=scene.victim(), way=Way.OWN_SERVER)


@recipe(AttackKind.EXTORTION, Difficulty.HARD)
def extortion_from_oneself(scene: Scene) -> Draft:
    """The victim's own address, forged, as proof that the account is in other hands."""
    victim = scene.victim()
    return Draft(sender=(victim.name, victim.address), to=victim, way=Way.FORGED)
