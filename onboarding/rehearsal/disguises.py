"""A scene: one attack on one tenant, with what its recipe may draw on: victims, names to borrow, addresses, links, files."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

from detection.mail.domains import site_of, split_site
from onboarding.rehearsal.recipe import CannotRehearse
from onboarding.rehearsal.target import Partner, Person, Target, spoken

T = TypeVar("T")

FREE_MAIL = ("gmail.com", "outlook.com", "yahoo.com", "gmx.net", "hotmail.com")
_FIRST = ("Marion", "Peter", "Laura", "Thomas", "Ines", "Victor", "Carla", "Anton", "Judith", "Felix", "Nora", "Simon")
_LAST = ("Keller", "Brandt", "Moreau", "Santos", "Whitfield", "Lindqvist", "Okafor", "Marsh", "Vidal", "Petrov", "Hale")
_FIRMS = ("northgate", "bluefield", "castera", "meridian", "oakline", "veltor", "silverpeak", "lumena", "brightway")
_TRADES = ("partners", "logistics", "consulting", "services", "supply", "group", "trading", "solutions")
_BRANDS = ("Microsoft", "DocuSign", "PayPal", "Amazon", "DHL", "Netflix", "LinkedIn", "Apple", "Dropbox", "Adobe")
_ENDINGS = ("com", "net", "info", "co", "org", "eu")
_LIKE = {"l": "1", "o": "0", "i": "l", "m": "rn", "e": "ee", "s": "ss", "w": "vv", "n": "nn", "a": "aa"}
_EXTRA = ("-billing", "-group", "-online", "-mail", "-corp")
_FREE_HOSTING = ("web.app", "pages.dev", "netlify.app", "weebly.com", "blogspot.com", "github.io")


@dataclass(frozen=True, slots=True)
class Scene:
    """What one recipe plans with. Every draw is from `draw`, so the same scene gives the same attack."""

    target: Target
    draw: random.Random

    # --- people ------------------------------------------------------------------------------------------------------

    def victim(self) -> Person:
        """Somebody with a mailbox."""
        return self._one(self.target.victims[:120], "people who are written to")

    def executive(self) -> Person:
        """Somebody whose word counts."""
        return self._one(self.target.executives, "people with a name that many write to")

    def executive_and_report(self) -> tuple[Person, Person]:
        """Somebody whose word counts, and one of those they write to."""
        boss = self.executive()
        return boss, self._one(self.target.around(boss) or self._others(boss), "colleagues of those who matter")

    def colleagues(self) -> tuple[Person, Person]:
        """Somebody whose mail lies in history after the burn-in, and one they write to."""
        sender = self._one(self.target.active, "own people who write to each other")
        return sender, self._one(self.target.around(sender) or self._others(sender), "colleagues who are written to")

    def several(self, most: int) -> tuple[Person, ...]:
        """Some of the tenant's people."""
        people = self.target.victims[:120]
        return tuple(self.draw.sample(people, min(most, len(people))))

    def brand(self) -> str:
        """A company that everybody gets mail from."""
        return self.draw.choice(_BRANDS)

    def partner(self, paid: bool = True) -> Partner:
        """An outside party that writes regularly; one with which money is a matter, where there is one."""
        partners = self.target.partners
        return self._one([p for p in partners if p.paid or not paid] or partners, "partners that write regularly")

    def last_word(self, partner: Partner) -> tuple[int, Person]:
        """A mail of the partner's contact, and the one of us it went to."""
        row = self.draw.choice(partner.rows)
        ours = self.target.own_recipients(row)
        return row, self.draw.choice(ours) if ours else self.victim()

    def _others(self, person: Person) -> list[Person]:
        return [p for p in self.target.victims[:60] if p.key != person.key]

    def _one(self, among: Sequence[T], what: str) -> T:
        if not among:
            raise CannotRehearse(f"history shows no {what}")
        return self.draw.choice(among)

    # --- names and addresses ------------------------------------------------------------------------------------------

    def stranger(self) -> tuple[str, str]:
        """Name and address of nobody known, at a firm that nobody knows."""
        first, last = self.draw.choice(_FIRST), self.draw.choice(_LAST)
        return f"{first} {last}", f"{first[0].lower()}.{last.lower()}@{self.strange_domain()}"

    def strange_domain(self) -> str:
        """A domain that history is most unlikely to know."""
        firm = f"{self.draw.choice(_FIRMS)}-{self.draw.choice(_TRADES)}"
        return f"{firm}{self.draw.randrange(2, 99)}.{self.draw.choice(_ENDINGS)}"

    def free_mail(self, name: str) -> tuple[str, str]:
        """A name with an address at a free-mail provider that is made of it."""
        words = [w for w in "".join(c if c.isalnum() else " " for c in name.lower()).split() if w.isascii()]
        parts = words[:2] or ["office", "desk"]
        local = self.draw.choice((".".join(parts), "".join(parts), f"{parts[0]}.{parts[-1]}.office", "ceo.office"))
        return name, f"{local}{self.draw.randrange(10, 999)}@{self.draw.choice(FREE_MAIL)}"

    def alike(self, domain: str) -> str:
        """A domain that reads like this one."""
        label, suffix = split_site(site_of(domain))
        tricks = [lambda: label + self.draw.choice(_EXTRA) + "." + suffix]
        swaps = [(i, _LIKE[c]) for i, c in enumerate(label) if c in _LIKE]
        if swaps:
            tricks += [lambda: self._swapped(label, swaps) + "." + suffix] * 2
        if len(label) > 4:
            tricks.append(lambda: self._crossed(label) + "." + suffix)
        tricks.append(lambda: label + "." + self.draw.choice([e for e in _ENDINGS if e != suffix]))
        for _ in range(8):
            made = self.draw.choice(tricks)()
            if made != f"{label}.{suffix}" and not self.target.organisation.owns(made):
                return made
        return f"{label}-mail.{suffix}"

    def _swapped(self, label: str, swaps: list[tuple[int, str]]) -> str:
        at, other = self.draw.choice(swaps)
        return label[:at] + other + label[at + 1 :]

    def _crossed(self, label: str) -> str:
        at = self.draw.randrange(1, len(label) - 2)
        return label[:at] + label[at + 1] + label[at] + label[at + 2 :]

    def alike_address(self, person: Person) -> tuple[str, str]:
        """A person's name and address at a domain that reads like theirs."""
        return person.name, f"{person.address.partition('@')[0]}@{self.alike(person.domain)}"

    # --- links ---------------------------------------------------------------------------------------------------------

    def strange_link(self, path: str) -> str:
        """A page on a domain that nobody knows."""
        return f"https://{self.strange_domain()}/{path}/{self.token()}"

    def hosted_link(self, path: str) -> str:
        """A page on free hosting."""
        return f"https://{self.draw.choice(_FIRMS)}-{self.token(5)}.{self.draw.choice(_FREE_HOSTING)}/{path}"

    def alike_link(self, path: str) -> str:
        """A page on a domain that reads like the tenant's."""
        return f"https://{self.alike(self.target.domain)}/{path}?id={self.token()}"

    def known_link(self, path: str) -> str:
        """A page on a service that the tenant's people are sent links to; on a free host where they are sent none."""
        if not self.target.brands:
            return self.hosted_link(path)
        return f"https://{self.draw.choice(self.target.brands)}/{path}/{self.token()}"

    def token(self, length: int = 10) -> str:
        """A random word."""
        return "".join(self.draw.choice("abcdefghjkmnpqrstuvwxyz23456789") for _ in range(length))

    # --- words -----------------------------------------------------------------------------------------------------------

    def words(self, to: Person, sender_name: str) -> dict[str, str]:
        """What every wording may use: names, sums, numbers, days."""
        draw = self.draw
        return {
            "victim": to.first_name,
            "victim_name": spoken(to.name),
            "victim_address": to.address,
            "sender": spoken(sender_name),
            "sender_first": spoken(sender_name).partition(" ")[0],
            "company": self.target.company,
            "domain": self.target.domain,
            "amount": f"{draw.randrange(3, 96)},{draw.randrange(100, 999)}.{draw.randrange(10, 99)}",
            "invoice": f"{draw.randrange(2, 9)}{draw.randrange(10_000, 99_999)}",
            "account": self.account_number(),
            "count": str(draw.randrange(4, 9)),
            "value": str(draw.choice((50, 100, 200))),
            "phone": f"+1 (8{draw.choice(('33', '44', '55', '66'))}) {draw.randrange(200, 999)}-{draw.randrange(1000, 9999)}",
            "wallet": "bc1q" + "".join(draw.choice("023456789acdefghjklmnpqrstuvwxyz") for _ in range(38)),
            "number": str(draw.randrange(1000, 9999)),
        }

    def account_number(self) -> str:
        """An IBAN with right check digits (ISO 13616)."""
        bank = "".join(str(self.draw.randrange(10)) for _ in range(18))
        check = 98 - int(f"{bank}131400") % 97
        return f"DE{check:02d} " + " ".join([bank[i : i + 4] for i in range(0, 18, 4)])
