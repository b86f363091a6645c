"""Attacks that live on talk alone: no link, no malware, somebody asks for something."""

from __future__ import annotations

from onboarding.sources.simulated.attacks.disguise import from_free_mail, from_hijacked, from_lookalike, from_stranger
from onboarding.sources.simulated.attacks.registry import Scene, recipe
from onboarding.sources.simulated.mail import Mail
from onboarding.sources.simulated.names import company_name
from onboarding.sources.simulated.outsiders import private_person
from onboarding.sources.simulated.parties import Address, Party
from onboarding.sources.simulated.randomness import Draw


@recipe("executive-impersonation")
def executive_impersonation(scene: Scene) -> Mail:
    """An executive's name over another's address: free-mail, now and then a look-alike of the own domain."""
    boss = scene.boss
    free = scene.draw.chance(0.8)
    sender = from_free_mail(scene.draw, boss) if free else from_lookalike(scene.draw, boss.party)
    return scene.mail(sender, me=boss.given)


@recipe("employee-impersonation")
def employee_impersonation(scene: Scene) -> Mail:
    """A colleague's name over a free-mail address, with a favour to ask."""
    worker = scene.colleague()
    lure = scene.draw.pick(("executive-impersonation", "reconnaissance", "gift-card"))
    return scene.mail(from_free_mail(scene.draw, worker), lure=lure, me=worker.given)


@recipe("gift-card")
def gift_card(scene: Scene) -> Mail:
    """A superior is in a meeting and needs gift cards."""
    boss = scene.boss if scene.draw.chance(0.6) else scene.colleague()
    return scene.mail(from_free_mail(scene.draw, boss), me=boss.given)


@recipe("payroll-diversion")
def payroll_diversion(scene: Scene) -> Mail:
    """An employee's name asks for the salary to go to another account."""
    worker = scene.colleague()
    iban = f"GB{scene.draw.number(2)} {' '.join(scene.draw.number(4) for _ in range(4))} {scene.draw.number(2)}"
    return scene.mail(from_free_mail(scene.draw, worker), me=worker.given, iban=iban)


@recipe("reconnaissance")
def reconnaissance(scene: Scene) -> Mail:
    """A short harmless question that finds out who answers, and who does what."""
    if scene.draw.chance(0.5):
        boss = scene.boss
        return scene.mail(from_free_mail(scene.draw, boss), me=boss.given)
    return scene.mail(from_stranger(scene.draw))


@recipe("callback")
def callback(scene: Scene) -> Mail:
    """A bill for something nobody bought, with a telephone number and nothing to click."""
    draw = scene.draw
    brand = company_name(Draw(scene.key, "brand")).short
    person = private_person(draw, "en")
    if draw.chance(0.6):
        sender = Party(Address(f"{brand} Billing", person.mailbox.address), person.way)
    else:
        sender = from_stranger(draw, f"{brand} Support", "billing")
    phone = f"+1 (8{draw.below(9)}{draw.below(9)}) {draw.number(3)}-{draw.number(4)}"
    return scene.mail(sender, me=f"{brand} Support", brand=brand, phone=phone)


@recipe("extortion")
def extortion(scene: Scene) -> Mail:
    """Money, or else."""
    draw = scene.draw
    wallet = "bc1q" + "".join(draw.pick("023456789acdefghjklmnpqrstuvwxyz") for _ in range(38))
    sender = from_stranger(draw) if draw.chance(0.6) else from_hijacked(scene.world.seed, draw, "Anonymous")
    return scene.mail(sender, me="", wallet=wallet)


@recipe("advance-fee")
def advance_fee(scene: Scene) -> Mail:
    """An inheritance, a fund, a deal: first a small fee; answers go elsewhere."""
    draw = scene.draw
    person = private_person(draw, "en")
    elsewhere = private_person(draw, "en").mailbox.address
    sender = person if draw.chance(0.6) else from_hijacked(scene.world.seed, draw, person.mailbox.name)
    return scene.mail(sender, me=person.mailbox.name, reply_to=Address(person.mailbox.name, elsewhere))
