"""A brand that everybody knows, by name only."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.BRAND_IMPERSONATION, Difficulty.EASY)
def brand_of_stranger(scene: Scene) -> Draft:
    """A brand's name over an address that has nothing to do with it; the page lies on free hosting."""
    brand = scene.brand()
    return Draft(
        sender=(brand, scene.stranger()[1]),
        to=scene.victim(),
        way=Way.OWN_SERVER,
        link=scene.hosted_link("verify"),
        slots={"brand": brand},
    )


@recipe(AttackKind.BRAND_IMPERSONATION, Difficulty.MEDIUM)
def brand_in_domain(scene: Scene) -> Draft:
    """A brand's name with a domain that holds it."""
    brand = scene.brand()
    domain = f"{brand.lower()}-{scene.draw.choice(('support', 'notice', 'account', 'mail'))}{scene.draw.randrange(2, 99)}.com"
    return Draft(
        sender=(f"{brand} Support", f"no-reply@{domain}"),
        to=scene.victim(),
        way=Way.OWN_SERVER,
        link=f"https://{domain}/verify/{scene.token()}",
        slots={"brand": brand},
    )


@recipe(AttackKind.BRAND_IMPERSONATION, Difficulty.HARD)
def brand_with_known_link(scene: Scene) -> Draft:
    """A brand's name in a mail that leads to a service which the tenant knows."""
    brand = scene.brand()
    return Draft(
        sender=(brand, scene.stranger()[1]),
        to=scene.victim(),
        way=Way.OWN_SERVER,
        link=scene.known_link("r"),
        slots={"brand": brand},
    )
