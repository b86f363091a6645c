"""Gift cards, bought for somebody who never asked."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.GIFT_CARD, Difficulty.EASY)
def gift_cards_by_free_mail(scene: Scene) -> Draft:
    """Somebody who matters, by free mail, wants gift cards bought."""
    boss, report = scene.executive_and_report()
    return Draft(sender=scene.free_mail(boss.name), to=report, way=Way.FREE_MAIL)


@recipe(AttackKind.GIFT_CARD, Difficulty.MEDIUM)
def gift_cards_alike(scene: Scene) -> Draft:
    """Somebody who matters, at a look-alike domain, wants gift cards bought."""
    boss, report = scene.executive_and_report()
    return Draft(sender=scene.alike_address(boss), to=report, way=Way.OWN_SERVER)


@recipe(AttackKind.GIFT_CARD, Difficulty.HARD)
def gift_cards_taken_over(scene: Scene) -> Draft:
    """The real account of a colleague, from elsewhere, wants gift cards bought."""
    sender, to = scene.colleagues()
    return Draft(sender=(sender.name, sender.address), to=to, way=Way.TAKEN_OVER, account=sender)
