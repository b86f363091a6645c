"""A vendor, by name or by a domain like theirs."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.VENDOR_IMPERSONATION, Difficulty.EASY)
def vendor_by_free_mail(scene: Scene) -> Draft:
    """The name of a vendor's contact, over a free-mail address."""
    partner = scene.partner()
    _, ours = scene.last_word(partner)
    return Draft(sender=scene.free_mail(partner.contact.name), to=ours, way=Way.FREE_MAIL)


@recipe(AttackKind.VENDOR_IMPERSONATION, Difficulty.MEDIUM)
def vendor_alike(scene: Scene) -> Draft:
    """A vendor's contact, at a domain that reads like theirs."""
    partner = scene.partner()
    _, ours = scene.last_word(partner)
    return Draft(sender=scene.alike_address(partner.contact), to=ours, way=Way.OWN_SERVER)


@recipe(AttackKind.VENDOR_IMPERSONATION, Difficulty.HARD)
def vendor_alike_in_thread(scene: Scene) -> Draft:
    """The same, in a thread with the vendor that it has read."""
    partner = scene.partner()
    row, ours = scene.last_word(partner)
    return Draft(sender=scene.alike_address(partner.contact), to=ours, way=Way.OWN_SERVER, answers=row)
