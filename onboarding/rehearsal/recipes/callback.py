"""A number to call about a purchase that nobody made."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.CALLBACK, Difficulty.EASY)
def call_by_free_mail(scene: Scene) -> Draft:
    """A billing desk over a free-mail address."""
    return Draft(
        sender=("Billing Department", scene.free_mail("billing desk")[1]), to=scene.victim(), way=Way.FREE_MAIL
    )


@recipe(AttackKind.CALLBACK, Difficulty.MEDIUM)
def call_of_stranger(scene: Scene) -> Draft:
    """A billing desk of a firm that nobody knows, with a domain that authenticates."""
    return Draft(sender=("Customer Billing", scene.stranger()[1]), to=scene.victim(), way=Way.OWN_SERVER)


@recipe(AttackKind.CALLBACK, Difficulty.HARD)
def call_from_partner(scene: Scene) -> Draft:
    """A partner's real account, from elsewhere."""
    partner = scene.partner(paid=False)
    _, ours = scene.last_word(partner)
    contact = partner.contact
    return Draft(sender=(contact.name, contact.address), to=ours, way=Way.TAKEN_OVER, account=contact)
