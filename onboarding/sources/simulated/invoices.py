"""Vendors' invoices in their rhythm, reminders, and the short talk that some of them start."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from onboarding.sources.simulated import files
from onboarding.sources.simulated.conversations import message_id
from onboarding.sources.simulated.hours import DAY, into_hours, office_moment, weekday
from onboarding.sources.simulated.mail import Content, Mail
from onboarding.sources.simulated.parties import Party
from onboarding.sources.simulated.people import Person
from onboarding.sources.simulated.randomness import Draw, digest_of
from onboarding.sources.simulated.vendors import Vendor
from onboarding.sources.simulated.wording import payments
from onboarding.sources.simulated.wording.slots import MONTHS, Slots
from onboarding.sources.simulated.world import World


def invoices(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """Invoices of today from the vendors that write to this person."""
    for vendor in world.vendors_by_person.get(owner.index, ()):
        if due(world, vendor, day):
            yield from billing(world, vendor, day)


def due(world: World, vendor: Vendor, day: int) -> bool:
    """Whether an invoice is sent on this day: rhythms that fall on a weekend move to Monday."""
    midnight = world.options.first_second + day * DAY
    today = weekday(midnight)
    if today >= 5 or day < vendor.first_day:
        return False
    return any(_falls_on(world, vendor, day - back) for back in range(3 if today == 0 else 1))


def _falls_on(world: World, vendor: Vendor, day: int) -> bool:
    if vendor.every:
        return (day - vendor.on) % vendor.every == 0
    return (world.options.start + timedelta(days=day)).day == vendor.on


def invoice_id(world: World, vendor: Vendor, day: int) -> str:
    """Message-ID of the invoice of a day."""
    return message_id(vendor.billing, digest_of(world.seed, "invoice", vendor.number, day))


def billing(world: World, vendor: Vendor, day: int) -> Iterator[Mail]:
    """The invoice of a day, and what is written about it."""
    options = world.options
    draw = Draw(world.seed, "billing", vendor.number, day)
    people = world.people
    date = options.date_of(day)
    payer = people[vendor.payer]
    key = digest_of(world.seed, "invoice", vendor.number, day)
    amount = vendor.amount * (0.9 + 0.2 * draw.random()) if draw.chance(0.9) else vendor.amount * (1 + draw.random())
    slots = Slots(
        key,
        invoice=f"{vendor.name.domain[:2].upper()}-{date.year}-{(day * 37 + vendor.number * 13) % 9000 + 1000}",
        amount=f"{amount:,.2f}",
        iban=vendor.iban_on(day),
        company=vendor.name.legal,
        month=MONTHS[date.month - 1],
        when=options.date_of(day + 30).isoformat(),
    )
    inside = tuple(i for i in vendor.inside if people[i].present(day))
    rest = tuple(people[i].mailbox for i in inside if i != vendor.payer)
    moment = office_moment(options.first_second + day * DAY, vendor.billing.way.offset, draw)
    wording = payments.INVOICES[vendor.language]
    invoice = Mail(
        time=moment,
        sender=vendor.current(vendor.billing, day),
        to=(payer.mailbox,),
        cc=rest,
        subject=wording.subjects[vendor.number % len(wording.subjects)].format_map(slots),
        message_id=invoice_id(world, vendor, day),
        content=partial(_invoice, vendor, slots, key),
        inside=inside,
    )
    yield invoice
    if draw.chance(0.3):
        answer = _answer(world, invoice, payer, slots, draw, key)
        yield answer
        if draw.chance(0.5):
            yield _answer(world, answer, None, slots, draw, key + 1, vendor.current(vendor.person, day))


def _invoice(vendor: Vendor, slots: Slots, key: int) -> Content:
    wording = payments.INVOICES[vendor.language]
    # A vendor's text is its habit: the same template each time.
    text = wording.texts[vendor.number % len(wording.texts)].format_map(slots)
    me = vendor.billing.mailbox.name
    name = f"{slots['invoice']}.pdf"
    return Content(
        text + "\n\n" + wording.closings[vendor.number % len(wording.closings)].format(me=me),
        vendor.billing.signed,
        (files.pdf(name, f"{vendor.name.legal} {slots['invoice']} {slots['amount']} {slots['iban']}"),),
    )


def _answer(
    world: World, about: Mail, payer: Person | None, slots: Slots, draw: Draw, key: int, theirs: Party | None = None
) -> Mail:
    """The payer's answer to the vendor, or the vendor's to the payer."""
    sender = payer.party if payer is not None else theirs or about.sender
    answered = about.sender
    language = answered.language if answered.language == sender.language else "en"
    wording = payments.INVOICES[language]
    text = draw.pick(wording.questions if payer is not None else wording.answers)
    moment = into_hours(about.time + 600 + int(draw.delay(9_000, 1.0)), sender.way.offset, draw)
    moment = min(moment, about.time + 2 * DAY + DAY // 2)
    subject = about.subject if about.subject.startswith(("Re:", "AW:")) else f"Re: {about.subject}"
    me = sender.mailbox.name.partition(" ")[0]
    inside = () if payer is not None else tuple(i for i in about.inside) or (about.author or 0,)
    if payer is None:
        inside = (about.author,) if about.author is not None else inside
    return Mail(
        time=moment,
        sender=sender,
        to=(answered.mailbox,),
        cc=(),
        subject=subject,
        message_id=message_id(sender, digest_of(key, "answer")),
        content=lambda: Content(text.format_map(slots) + f"\n\n{me}", sender.signed),
        inside=inside,
        author=payer.index if payer is not None else None,
        references=(*about.references, about.message_id),
        previous=about,
    )
