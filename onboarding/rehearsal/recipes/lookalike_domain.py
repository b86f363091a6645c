"""A domain that reads like one the tenant knows."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.LOOKALIKE_DOMAIN, Difficulty.EASY)
def own_domain_alike(scene: Scene) -> Draft:
    """A department that does not exist, at a domain that reads like the tenant's own."""
    domain = scene.alike(scene.target.domain)
    return Draft(
        sender=(f"{scene.target.company} Office", f"office@{domain}"),
        to=scene.victim(),
        way=Way.OWN_SERVER,
        link=f"https://{domain}/notice/{scene.token()}",
    )


@recipe(AttackKind.LOOKALIKE_DOMAIN, Difficulty.MEDIUM)
def colleague_alike(scene: Scene) -> Draft:
    """A colleague, at a domain that reads like the tenant's own."""
    sender, to = scene.colleagues()
    return Draft(sender=scene.alike_address(sender), to=to, way=Way.OWN_SERVER, link=scene.known_link("share"))


@recipe(AttackKind.LOOKALIKE_DOMAIN, Difficulty.HARD)
def partner_alike_in_thread(scene: Scene) -> Draft:
    """A partner's contact, at a domain that reads like theirs, in a thread with them."""
    partner = scene.partner(paid=False)
    row, ours = scene.last_word(partner)
    return Draft(
        sender=scene.alike_address(partner.contact),
        to=ours,
        way=Way.OWN_SERVER,
        answers=row,
        link=scene.known_link("share"),
    )
