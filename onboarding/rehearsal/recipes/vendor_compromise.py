"""A vendor's real account, in other hands."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.VENDOR_COMPROMISE, Difficulty.EASY)
def vendor_diverted(scene: Scene) -> Draft:
    """A vendor's real account from elsewhere; answers are to go to a free-mail address."""
    partner = scene.partner()
    _, ours = scene.last_word(partner)
    contact = partner.contact
    return Draft(
        sender=(contact.name, contact.address),
        to=ours,
        way=Way.TAKEN_OVER,
        account=contact,
        reply_to=scene.free_mail(contact.name)[1],
    )


@recipe(AttackKind.VENDOR_COMPROMISE, Difficulty.MEDIUM)
def vendor_taken_over(scene: Scene) -> Draft:
    """A vendor's real account from elsewhere, in a thread that it took part in."""
    partner = scene.partner()
    row, ours = scene.last_word(partner)
    contact = partner.contact
    return Draft(sender=(contact.name, contact.address), to=ours, way=Way.TAKEN_OVER, account=contact, answers=row)


@recipe(AttackKind.VENDOR_COMPROMISE, Difficulty.HARD)
def vendor_as_usual(scene: Scene) -> Draft:
    """A vendor's real account from its usual network, with perfect authentication, in a thread that it took part in."""
    partner = scene.partner()
    row, ours = scene.last_word(partner)
    contact = partner.contact
    return Draft(sender=(contact.name, contact.address), to=ours, way=Way.AS_USUAL, account=contact, answers=row)
