"""Honest mail that looks like an attack: what a detector has to live with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from onboarding.sources.simulated import files
from onboarding.sources.simulated.conversations import message_id
from onboarding.sources.simulated.hours import DAY, office_moment, weekday
from onboarding.sources.simulated.mail import Content, File, Mail
from onboarding.sources.simulated.names import company_name, person_name
from onboarding.sources.simulated.outsiders import domain_way, network_of, private_person
from onboarding.sources.simulated.parties import Address, Party, Posture
from onboarding.sources.simulated.people import Department, Person, Position
from onboarding.sources.simulated.randomness import Draw, digest_of
from onboarding.sources.simulated.vendors import Vendor
from onboarding.sources.simulated.wording import odd
from onboarding.sources.simulated.wording.slots import Slots
from onboarding.sources.simulated.world import World


def oddities(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """Today's benign look-alikes of attacks that reach this person; each names itself in `Mail.about`."""
    if weekday(world.options.first_second + day * DAY) >= 5:
        return
    yield from _private_mail(world, owner, day)
    yield from _urgent_newcomer(world, owner, day)
    yield from _new_salary_account(world, owner, day)
    yield from _sent_for_us(world, owner, day)
    yield from _namesake(world, owner, day)
    yield from _from_the_road(world, owner, day)
    for vendor in world.vendors_by_person.get(owner.index, ()):
        yield from _vendor_notices(world, vendor, day)


def _mail(
    world: World,
    cell: Draw,
    key: int,
    day: int,
    sender: Party,
    to: Person,
    words: odd.Odd,
    *attached: File,
    **slots: str,
) -> Mail:
    filled = Slots(key, **{"to": to.given, "me": sender.mailbox.name.partition(" ")[0], **slots})
    return Mail(
        time=office_moment(world.options.first_second + day * DAY, to.party.way.offset, cell),
        sender=sender,
        to=(to.mailbox,),
        cc=(),
        subject=cell.pick(words.subjects).format_map(filled),
        message_id=message_id(sender, key),
        content=partial(_content, words, filled, sender, attached),
        inside=(to.index,),
        about=f"oddity:{words.name}",
    )


def _content(words: odd.Odd, slots: Slots, sender: Party, attached: tuple[File, ...]) -> Content:
    text = Draw(slots.seed, "odd").pick(words.texts).format_map(slots)
    return Content(text, sender.signed, attached)


def _private_mail(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """About once in three weeks an executive writes from a private address to the assistant or a colleague."""
    for executive in world.executives:
        draw = Draw(world.seed, "private mail", executive.index, day)
        if not draw.chance(0.06):
            continue
        near = (
            world.roster.assistants.get(executive.index, 0)
            if draw.chance(0.6)
            else draw.pick(world.circle(executive.index))
        )
        if near != owner.index or near == executive.index:
            continue
        home = private_person(Draw(world.seed, "home", executive.index), "en", (executive.given, executive.family))
        key = digest_of(world.seed, "private mail", executive.index, day)
        name = f"scan {key % 10_000}.pdf"
        yield _mail(world, draw, key, day, home, owner, odd.PRIVATE_MAIL, files.pdf(name, name))


def _urgent_newcomer(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """A new vendor's first invoice, and it is urgent; honest all the same."""
    if owner.department is not Department.FINANCE or owner.position is Position.SHARED:
        return
    draw = Draw(world.seed, "newcomer", owner.index, day)
    if not draw.chance(0.04):
        return
    key = digest_of(world.seed, "newcomer", owner.index, day)
    name = company_name(draw)
    given, family = person_name(draw, "en")
    local = draw.pick(("accounts", "billing", "office", given.lower() if given.isascii() else "info"))
    sender = Party(
        Address(f"{given} {family}", f"{local}@{name.domain}"),
        domain_way(draw, name.domain),
        "en",
        ("Accounts", name.legal),
    )
    number = draw.number(5)
    iban = f"GB{draw.number(2)} {' '.join(draw.number(4) for _ in range(4))} {draw.number(2)}"
    paper = files.pdf(f"Invoice {number}.pdf", f"{name.legal} invoice {number}")
    yield _mail(world, draw, key, day, sender, owner, odd.NEWCOMER, paper, company=name.legal, iban=iban, number=number)


def _new_salary_account(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """An employee really has a new bank account and tells HR, from the office."""
    for index in (owner.index, *world.circle(owner.index)):
        clerk = world.people[index]
        if clerk.department is not Department.HR or not _happens(world, "salary", index, day, 0.03):
            continue
        draw = Draw(world.seed, "salary", index, day)
        worker = world.people[draw.pick(world.circle(index))]
        if owner not in (clerk, worker) or not worker.present(day) or worker.position is Position.SHARED:
            continue
        iban = f"GB{draw.number(2)} {' '.join(draw.number(4) for _ in range(4))} {draw.number(2)}"
        key = digest_of(world.seed, "salary mail", index, day)
        mail = _mail(world, draw, key, day, worker.party, clerk, odd.NEW_ACCOUNT, iban=iban)
        mail.author = worker.index
        yield mail


def _sent_for_us(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """A survey or travel service sends in the organisation's own name, and authentication does not like it."""
    draw = Draw(world.seed, "survey", owner.index, day)
    if not draw.chance(0.025):
        return
    own = world.roster.domain
    service = company_name(Draw(world.seed, "survey service")).domain
    way = replace(
        domain_way(Draw(world.seed, "survey way"), own, posture=Posture.MISALIGNED),
        host=f"out.{service}",
        service=service,
        id_host=service,
        mailer="",
        network=network_of(Draw(world.seed, "survey network")),
    )
    hr = world.of(Department.HR)[0]
    sender = Party(Address(hr.name if draw.chance(0.3) else "People Team", hr.address), way)
    key = digest_of(world.seed, "survey", owner.index, day)
    yield _mail(world, draw, key, day, sender, owner, odd.SURVEY, link=f"https://app.{service}/s/{draw.hex(10)}")


def _namesake(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """Somebody outside who happens to be called like one of the executives."""
    draw = Draw(world.seed, "namesake", owner.index, day)
    if not draw.chance(0.004):
        return
    executive = draw.pick(world.executives)
    name = company_name(Draw(world.seed, "namesake", executive.index))
    way = domain_way(Draw(world.seed, "namesake way", executive.index), name.domain)
    sender = Party(
        Address(executive.name, f"{executive.address.partition('@')[0]}@{name.domain}"), way, "en", (name.legal,)
    )
    key = digest_of(world.seed, "namesake", owner.index, day)
    yield _mail(world, draw, key, day, sender, owner, odd.NAMESAKE, company=name.short)


def _from_the_road(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """A colleague who travels: the own address from a hotel's network, short and in a hurry, with a request."""
    for index in (owner.index, *world.circle(owner.index)):
        if not _happens(world, "road", index, day, 0.03):
            continue
        draw = Draw(world.seed, "road", index, day)
        traveller, reader = world.people[index], world.people[draw.pick(world.circle(index))]
        if owner not in (traveller, reader) or not traveller.present(day) or traveller.position is Position.SHARED:
            continue
        key = digest_of(world.seed, "road mail", index, day)
        mail = _mail(world, draw, key, day, traveller.party, reader, odd.FROM_THE_ROAD)
        mail.client = f"{network_of(draw)}.{1 + draw.below(254)}"
        mail.author = index
        yield mail


def _happens(world: World, what: str, index: int, day: int, probability: float) -> bool:
    """Whether something happens to a person on a day; cheaper than a stream of chance, for what mostly does not."""
    return digest_of(world.seed, what, index, day, "happens") < probability * 2**64


def _vendor_notices(world: World, vendor: Vendor, day: int) -> Iterator[Mail]:
    """A vendor really changes its bank, or its domain, and says so."""
    payer = world.people[vendor.payer]
    draw = Draw(world.seed, "vendor notice", vendor.number, day)
    key = digest_of(world.seed, "vendor notice", vendor.number, day)
    sender = vendor.current(vendor.person, day)
    company = vendor.name.legal
    if vendor.new_iban_from == day:
        letter = files.pdf("Bank confirmation.pdf", f"{company} {vendor.new_iban}")
        yield _mail(
            world, draw, key, day, sender, payer, odd.BANK_CHANGE, letter, iban=vendor.new_iban, company=company
        )
    if vendor.migrates == day:
        yield _mail(world, draw, key + 1, day, sender, payer, odd.NEW_DOMAIN, company=company, host=vendor.new_domain)
