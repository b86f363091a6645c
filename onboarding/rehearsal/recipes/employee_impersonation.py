"""An ordinary colleague, by name only."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.EMPLOYEE_IMPERSONATION, Difficulty.EASY)
def colleague_by_free_mail(scene: Scene) -> Draft:
    """A colleague's name over a free-mail address."""
    sender, to = scene.colleagues()
    return Draft(sender=scene.free_mail(sender.name), to=to, way=Way.FREE_MAIL)


@recipe(AttackKind.EMPLOYEE_IMPERSONATION, Difficulty.MEDIUM)
def colleague_at_strange_domain(scene: Scene) -> Draft:
    """A colleague's name at a domain that nobody knows, and that authenticates."""
    sender, to = scene.colleagues()
    return Draft(
        sender=(sender.name, f"{sender.address.partition('@')[0]}@{scene.strange_domain()}"), to=to, way=Way.OWN_SERVER
    )


@recipe(AttackKind.EMPLOYEE_IMPERSONATION, Difficulty.HARD)
def colleague_at_domain_alike(scene: Scene) -> Draft:
    """A colleague's name and address at a domain that reads like the tenant's."""
    sender, to = scene.colleagues()
    return Draft(sender=scene.alike_address(sender), to=to, way=Way.OWN_SERVER)
