"""A code to be scanned with the telephone, where no filter sees the page."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.files import qr_picture
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.QR_PHISHING, Difficulty.EASY)
def code_of_stranger(scene: Scene) -> Draft:
    """A stranger calls itself the security team."""
    return Draft(
        sender=("Security Team", scene.stranger()[1]),
        to=scene.victim(),
        way=Way.OWN_SERVER,
        files=(qr_picture(scene.draw),),
    )


@recipe(AttackKind.QR_PHISHING, Difficulty.MEDIUM)
def code_alike(scene: Scene) -> Draft:
    """The tenant's personnel office, at a domain that reads like the tenant's."""
    domain = scene.alike(scene.target.domain)
    return Draft(
        sender=(f"{scene.target.company} HR", f"hr@{domain}"),
        to=scene.victim(),
        way=Way.OWN_SERVER,
        files=(qr_picture(scene.draw),),
    )


@recipe(AttackKind.QR_PHISHING, Difficulty.HARD)
def code_from_colleague(scene: Scene) -> Draft:
    """A colleague's real account, from elsewhere."""
    sender, to = scene.colleagues()
    return Draft(
        sender=(sender.name, sender.address), to=to, way=Way.TAKEN_OVER, account=sender, files=(qr_picture(scene.draw),)
    )
