"""An address of the tenant's own in From, sent from outside."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.SPOOFED_INTERNAL, Difficulty.EASY)
def department_forged(scene: Scene) -> Draft:
    """A department that never wrote, at the tenant's own domain."""
    name, box = scene.draw.choice(
        (("HR Department", "hr-notice"), ("IT Support", "it-helpdesk2"), ("Scanner", "copier-4"))
    )
    return Draft(
        sender=(name, f"{box}@{scene.target.domain}"), to=scene.victim(), way=Way.FORGED, link=scene.hosted_link("open")
    )


@recipe(AttackKind.SPOOFED_INTERNAL, Difficulty.MEDIUM)
def colleague_forged(scene: Scene) -> Draft:
    """A colleague's real address, forged; answers go elsewhere."""
    sender, to = scene.colleagues()
    return Draft(sender=(sender.name, sender.address), to=to, way=Way.FORGED, reply_to=scene.free_mail(sender.name)[1])


@recipe(AttackKind.SPOOFED_INTERNAL, Difficulty.HARD)
def boss_forged(scene: Scene) -> Draft:
    """The real address of somebody who matters, forged, to one of their people."""
    boss, report = scene.executive_and_report()
    return Draft(sender=(boss.name, boss.address), to=report, way=Way.FORGED)
