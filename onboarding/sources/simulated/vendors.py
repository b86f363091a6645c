"""Vendors: companies that send invoices in a rhythm of their own, to the same people, with the same bank details."""

from __future__ import annotations

from dataclasses import dataclass, replace

from onboarding.sources.simulated.names import CompanyName, ascii_of, company_name, person_name
from onboarding.sources.simulated.options import Options
from onboarding.sources.simulated.outsiders import domain_way
from onboarding.sources.simulated.parties import Address, Party, Posture
from onboarding.sources.simulated.people import Department, Person, Position
from onboarding.sources.simulated.randomness import Draw


@dataclass(frozen=True, slots=True)
class Vendor:
    """One vendor and its habits."""

    number: int
    name: CompanyName
    billing: Party
    """Who sends the invoices."""
    person: Party
    """The human at the vendor who answers questions."""
    payer: int
    """Person of ours the invoice goes to."""
    requester: int
    """Person of ours who ordered, in copy."""
    shared: int | None
    """Accounts payable's mailbox, in copy."""
    every: int
    """Days between invoices; 0: once a month on `on`."""
    on: int
    """Day of the month (1 to 28), or the phase of the rhythm."""
    amount: int
    """Usual amount in whole units of money."""
    iban: str
    language: str
    first_day: int
    """First day of the relation, counted from the start of history; negative for most."""

    migrates: int | None
    """Day from which everything comes from `new_domain`; None: never."""
    new_domain: str
    new_iban_from: int | None
    """Day from which invoices name `new_iban`; None: never."""
    new_iban: str

    def current(self, party: Party, day: int) -> Party:
        """The vendor's person or billing address as it is on a day, after a change of domain the new one."""
        if self.migrates is None or day < self.migrates:
            return party
        local = party.mailbox.address.partition("@")[0]
        way = replace(party.way, domain=self.new_domain, id_host=self.new_domain)
        return replace(party, mailbox=Address(party.mailbox.name, f"{local}@{self.new_domain}"), way=way)

    def iban_on(self, day: int) -> str:
        return self.iban if self.new_iban_from is None or day < self.new_iban_from else self.new_iban

    @property
    def inside(self) -> tuple[int, ...]:
        found = [self.payer, self.requester, *([] if self.shared is None else [self.shared])]
        return tuple(dict.fromkeys(found))


def vendors_of(options: Options, people: tuple[Person, ...]) -> tuple[Vendor, ...]:
    """All vendors: a dozen, and one more for each two mailboxes."""
    finance = [p.index for p in people if p.department is Department.FINANCE and _stays(p)]
    payers = finance or [p.index for p in people if p.position is Position.EXECUTIVE]
    shared = next((p.index for p in people if p.mailbox.address.startswith("accounts.payable@")), None)
    requesters = [p.index for p in people if _stays(p)]
    return tuple(_vendor(options, number, payers, requesters, shared) for number in range(12 + options.mailboxes // 2))


def _stays(person: Person) -> bool:
    return person.joined < 0 and person.left is None and person.position is not Position.SHARED


def _vendor(options: Options, number: int, payers: list[int], requesters: list[int], shared: int | None) -> Vendor:
    draw = Draw(options.seed, "vendor", number)
    language = "en" if draw.chance(0.75) else draw.pick(options.languages)
    name = company_name(draw, language)
    posture = draw.weighted(
        ((Posture.FULL, 85.0), (Posture.SPF_ONLY, 7.0), (Posture.MISALIGNED, 5.0), (Posture.NOTHING, 3.0))
    )
    way = domain_way(draw, name.domain, language, posture)
    given, family = person_name(draw, language)
    person = Party(
        Address(f"{given} {family}", f"{ascii_of(given)}.{ascii_of(family)}@{name.domain}"),
        way,
        language,
        (draw.pick(("Accounts Receivable", "Credit Control", "Billing", "Key Account Manager")), name.legal),
    )
    box = draw.pick(("billing", "invoices", "accounts", "ar", "invoice"))
    billing = (
        person if draw.chance(0.35) else Party(Address(f"{name.short} Billing", f"{box}@{name.domain}"), way, language)
    )
    rhythm = draw.weighted(((0, 60.0), (7, 15.0), (14, 20.0), (91, 5.0)))
    migrates, rebanks = draw.random(), draw.random()
    label, _, suffix = name.domain.partition(".")
    country = {"en": "GB", "de": "DE", "fr": "FR", "es": "ES"}[language]
    return Vendor(
        number=number,
        name=name,
        billing=billing,
        person=person,
        payer=draw.pick(payers),
        requester=draw.pick(requesters),
        shared=shared if draw.chance(0.6) else None,
        every=rhythm,
        on=draw.between(1, 28),
        amount=int(draw.delay(2_500, 1.0)),
        iban=_iban(draw, country),
        language=language,
        first_day=-1000 if draw.chance(0.9) else draw.between(1, max(1, options.days)),
        migrates=draw.between(5, max(6, options.days)) if migrates < 0.05 else None,
        new_domain=f"{label.replace('-', '')}.com" if "-" in label or suffix != "com" else f"{label}-group.com",
        new_iban_from=draw.between(5, max(6, options.days)) if rebanks < 0.08 else None,
        new_iban=_iban(draw, country),
    )


def _iban(draw: Draw, country: str) -> str:
    return f"{country}{draw.number(2)} {' '.join(draw.number(4) for _ in range(4))} {draw.number(2)}"
