"""A payment that is not owed."""

from __future__ import annotations

from detection.detectors.registry import AttackKind
from onboarding.rehearsal.disguises import Scene
from onboarding.rehearsal.recipe import Difficulty, Draft, Way, recipe


@recipe(AttackKind.PAYMENT_FRAUD, Difficulty.EASY)
def invoice_of_stranger(scene: Scene) -> Draft:
    """A firm that nobody knows sends an invoice with an account number."""
    return Draft(sender=scene.stranger(), to=scene.victim(), way=Way.OWN_SERVER)


@recipe(AttackKind.PAYMENT_FRAUD, Difficulty.MEDIUM)
def payment_for_boss(scene: Scene) -> Draft:
    """Somebody who matters, at a look-alike domain, wants a transfer made."""
    boss, report = scene.executive_and_report()
    return Draft(sender=scene.alike_address(boss), to=report, way=Way.OWN_SERVER)


@recipe(AttackKind.PAYMENT_FRAUD, Difficulty.HARD)
def payment_for_partner(scene: Scene) -> Draft:
    """A partner's contact, at a look-alike of their domain and in a thread with them, wants a transfer made."""
    partner = scene.partner()
    row, ours = scene.last_word(partner)
    return Draft(sender=scene.alike_address(partner.contact), to=ours, way=Way.OWN_SERVER, answers=row)
