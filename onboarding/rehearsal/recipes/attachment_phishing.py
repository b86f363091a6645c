"""A page that asks for a password, attached rather than linked."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.files import form_page
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.ATTACHMENT_PHISHING, Difficulty.EASY)
def page_of_stranger(scene: Scene) -> Draft:
    """A stranger's page."""
    return Draft(sender=scene.stranger(), to=scene.victim(), way=Way.OWN_SERVER, files=(form_page(scene.token(4)),))


@recipe(AttackKind.ATTACHMENT_PHISHING, Difficulty.MEDIUM)
def page_of_own_domain_alike(scene: Scene) -> Draft:
    """A page from a domain that reads like the tenant's."""
    domain = scene.alike(scene.target.domain)
    return Draft(
        sender=(f"{scene.target.company} Mail", f"message@{domain}"),
        to=scene.victim(),
        way=Way.OWN_SERVER,
        files=(form_page(scene.token(4)),),
    )


@recipe(AttackKind.ATTACHMENT_PHISHING, Difficulty.HARD)
def page_of_partner(scene: Scene) -> Draft:
    """A page from a partner's real account, from elsewhere."""
    partner = scene.partner(paid=False)
    _, ours = scene.last_word(partner)
    contact = partner.contact
    return Draft(
        sender=(contact.name, contact.address),
        to=ours,
        way=Way.TAKEN_OVER,
        account=contact,
        files=(form_page(scene.token(4)),),
    )
