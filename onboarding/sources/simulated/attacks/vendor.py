"""Attacks that wear a vendor: money that is owed anyway goes to another account."""

from __future__ import annotations

from onboarding.sources.simulated import files, invoices
from onboarding.sources.simulated.attacks.disguise import from_free_mail, from_lookalike, from_stranger
from onboarding.sources.simulated.attacks.registry import Scene, recipe
from onboarding.sources.simulated.mail import File, Mail
from onboarding.sources.simulated.parties import Address, Party
from onboarding.sources.simulated.vendors import Vendor


@recipe("lookalike-domain")
def lookalike_domain(scene: Scene) -> Mail:
    """A vendor's people at a domain that looks like the vendor's, about an invoice or a new account."""
    vendor = _vendor(scene)
    display = scene.draw.pick((vendor.person, vendor.billing)).mailbox
    sender = from_lookalike(scene.draw, vendor.person, display)
    return scene.mail(sender, files=_paper(scene, vendor), iban=_account(scene), vendor=vendor.name.short)


@recipe("payment-fraud")
def payment_fraud(scene: Scene) -> Mail:
    """Somebody never seen before wants to be paid, or wants a known vendor's payments elsewhere."""
    draw = scene.draw
    if draw.chance(0.5):
        vendor = _vendor(scene)
        stranger = from_stranger(draw, vendor.billing.mailbox.name, "accounts")
        return scene.mail(stranger, files=_paper(scene, vendor), iban=_account(scene), vendor=vendor.name.short)
    sender = from_stranger(draw)
    return scene.mail(
        sender, lure="stranger-invoice", files=_paper(scene, None), iban=_account(scene), vendor=sender.signature[0]
    )


@recipe("invoice-fraud")
def invoice_fraud(scene: Scene) -> Mail:
    """A bill for nothing, from nobody known."""
    sender = from_stranger(scene.draw, "", scene.draw.pick(("billing", "accounts", "invoices")))
    paper = _paper(scene, None)
    return scene.mail(sender, lure="stranger-invoice", files=paper, iban=_account(scene), vendor=sender.signature[0])


@recipe("vendor-compromise")
def vendor_compromise(scene: Scene) -> Mail:
    """The vendor's real mailbox in wrong hands: right address, perfect authentication, mostly in the real thread."""
    vendor = _vendor(scene)
    previous = _last_invoice(scene, vendor) if scene.draw.chance(0.75) else None
    elsewhere = None
    if scene.draw.chance(0.35):
        twin = from_lookalike(scene.draw, vendor.person)
        elsewhere = twin.mailbox
    # The intruder writes through the vendor's own service, so the way is the vendor's.
    sender = vendor.person if scene.draw.chance(0.5) else vendor.billing
    sender = vendor.current(sender, scene.day)
    return scene.mail(
        sender,
        previous=previous,
        reply_to=elsewhere,
        files=_paper(scene, vendor) if scene.draw.chance(0.5) else (),
        iban=_account(scene),
        vendor=vendor.name.short,
    )


@recipe("vendor-impersonation")
def vendor_impersonation(scene: Scene) -> Mail:
    """A vendor's name over a free-mail address."""
    vendor = _vendor(scene)
    made = from_free_mail(scene.draw, scene.target)
    sender = Party(Address(vendor.billing.mailbox.name, made.mailbox.address), made.way)
    return scene.mail(
        sender, lure="payment-fraud", files=_paper(scene, vendor), iban=_account(scene), vendor=vendor.name.short
    )


def _vendor(scene: Scene) -> Vendor:
    """A vendor the target deals with, or, for those who deal with none, any of the organisation's."""
    known = [v for v in scene.world.vendors_by_person.get(scene.target.index, ()) if v.first_day <= scene.day]
    return scene.draw.pick(known or scene.world.vendors)


def _last_invoice(scene: Scene, vendor: Vendor) -> Mail | None:
    """The vendor's latest invoice that the target has, of the last 40 days."""
    if scene.target.index not in vendor.inside:
        return None
    for day in range(scene.day - 1, scene.day - 40, -1):
        if invoices.due(scene.world, vendor, day):
            return next(iter(invoices.billing(scene.world, vendor, day)))
    return None


def _account(scene: Scene) -> str:
    draw = scene.draw
    country = draw.pick(("GB", "LT", "PL", "PT", "DE", "BE"))
    return f"{country}{draw.number(2)} {' '.join(draw.number(4) for _ in range(4))} {draw.number(2)}"


def _paper(scene: Scene, vendor: Vendor | None) -> tuple[File, ...]:
    if scene.draw.chance(0.3):
        return ()
    issuer = vendor.name.legal if vendor is not None else "Invoice"
    number = scene.draw.number(5)
    name = scene.draw.pick((f"Invoice_{number}.pdf", "Bank details.pdf", f"INV-{number}.pdf", "Updated remittance.pdf"))
    return (files.pdf(name, f"{issuer} {number}"),)
