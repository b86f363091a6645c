"""A file that does harm when it is opened. Those attached here are empty shells of such files."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.files import double_extension, form_page, macro_sheet
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.MALICIOUS_ATTACHMENT, Difficulty.EASY)
def program_of_stranger(scene: Scene) -> Draft:
    """A stranger's program that calls itself a document."""
    return Draft(
        sender=scene.stranger(), to=scene.victim(), way=Way.OWN_SERVER, files=(double_extension(scene.token(4)),)
    )


@recipe(AttackKind.MALICIOUS_ATTACHMENT, Difficulty.MEDIUM)
def macros_of_partner_alike(scene: Scene) -> Draft:
    """A sheet with macros from a domain that reads like a partner's."""
    partner = scene.partner()
    _, ours = scene.last_word(partner)
    return Draft(
        sender=scene.alike_address(partner.contact), to=ours, way=Way.OWN_SERVER, files=(macro_sheet(scene.token(4)),)
    )


@recipe(AttackKind.MALICIOUS_ATTACHMENT, Difficulty.HARD)
def page_in_partners_thread(scene: Scene) -> Draft:
    """A page to be opened in the browser, from a partner's real account elsewhere, in a thread with them."""
    partner = scene.partner(paid=False)
    row, ours = scene.last_word(partner)
    contact = partner.contact
    return Draft(
        sender=(contact.name, contact.address),
        to=ours,
        way=Way.TAKEN_OVER,
        account=contact,
        answers=row,
        files=(form_page(scene.token(4)),),
    )
