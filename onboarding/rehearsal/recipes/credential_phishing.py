"""A page that asks for a password."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.CREDENTIAL_PHISHING, Difficulty.EASY)
def password_page_of_stranger(scene: Scene) -> Draft:
    """A stranger calls itself the mail system; the page lies on free hosting."""
    return Draft(
        sender=("Mail Administrator", scene.stranger()[1]),
        to=scene.victim(),
        way=Way.OWN_SERVER,
        link=scene.hosted_link("login"),
    )


@recipe(AttackKind.CREDENTIAL_PHISHING, Difficulty.MEDIUM)
def password_page_alike(scene: Scene) -> Draft:
    """The tenant's help desk by name; the link reads as the tenant's own and leads to a look-alike."""
    return Draft(
        sender=(f"{scene.target.company} Service Desk", f"servicedesk@{scene.strange_domain()}"),
        to=scene.victim(),
        way=Way.OWN_SERVER,
        link=scene.alike_link("signin"),
        shown=f"https://portal.{scene.target.domain}/signin",
    )


@recipe(AttackKind.CREDENTIAL_PHISHING, Difficulty.HARD)
def password_page_from_partner(scene: Scene) -> Draft:
    """A partner's real account, in other hands, shares a document that asks for a password."""
    partner = scene.partner(paid=False)
    _, ours = scene.last_word(partner)
    return Draft(
        sender=(partner.contact.name, partner.contact.address),
        to=ours,
        way=Way.TAKEN_OVER,
        account=partner.contact,
        link=scene.strange_link("secure"),
    )
