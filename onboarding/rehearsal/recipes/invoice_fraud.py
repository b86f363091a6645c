"""An invoice for what was never ordered."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.files import invoice
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.INVOICE_FRAUD, Difficulty.EASY)
def false_invoice_by_free_mail(scene: Scene) -> Draft:
    """An invoice from a free-mail address."""
    name = scene.stranger()[0]
    return Draft(sender=scene.free_mail(name), to=scene.victim(), way=Way.FREE_MAIL, files=(invoice(scene.token(5)),))


@recipe(AttackKind.INVOICE_FRAUD, Difficulty.MEDIUM)
def false_invoice_of_stranger(scene: Scene) -> Draft:
    """An invoice of a firm that nobody knows, from a domain that authenticates."""
    return Draft(sender=scene.stranger(), to=scene.victim(), way=Way.OWN_SERVER, files=(invoice(scene.token(5)),))


@recipe(AttackKind.INVOICE_FRAUD, Difficulty.HARD)
def false_invoice_of_partner_alike(scene: Scene) -> Draft:
    """An invoice under the name of a partner, from a domain that reads like theirs."""
    partner = scene.partner()
    _, ours = scene.last_word(partner)
    return Draft(
        sender=scene.alike_address(partner.contact), to=ours, way=Way.OWN_SERVER, files=(invoice(scene.token(5)),)
    )
