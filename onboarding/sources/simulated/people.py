"""The organisation's people: departments, executives, assistants, teams, who reports to whom, who joins and leaves."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from onboarding.sources.simulated.names import ascii_of, company_name, person_name
from onboarding.sources.simulated.options import OFFICES, Options
from onboarding.sources.simulated.parties import Address, Form, Party, Posture, Way
from onboarding.sources.simulated.randomness import Draw

TEAM = 8
"""People in a full team; teams are runs of neighbouring indices."""


class Department(StrEnum):
    EXECUTIVE = "executive office"
    FINANCE = "finance"
    HR = "human resources"
    IT = "information technology"
    LEGAL = "legal"
    SALES = "sales"
    MARKETING = "marketing"
    ENGINEERING = "engineering"
    OPERATIONS = "operations"
    SUPPORT = "customer support"
    PROCUREMENT = "procurement"


class Position(StrEnum):
    EXECUTIVE = "executive"
    ASSISTANT = "assistant"
    HEAD = "head"
    LEAD = "lead"
    MEMBER = "member"
    SHARED = "shared"
    """A mailbox of a function, not of a person: accounts.payable@."""


_WEIGHTS = (
    (Department.FINANCE, 0.10),
    (Department.SALES, 0.20),
    (Department.OPERATIONS, 0.16),
    (Department.HR, 0.05),
    (Department.IT, 0.07),
    (Department.ENGINEERING, 0.18),
    (Department.SUPPORT, 0.10),
    (Department.MARKETING, 0.06),
    (Department.PROCUREMENT, 0.05),
    (Department.LEGAL, 0.03),
)
_CHIEFS = (
    "Chief Executive Officer",
    "Chief Financial Officer",
    "Chief Operating Officer",
    "Chief Technology Officer",
    "Chief People Officer",
    "General Counsel",
    "Chief Commercial Officer",
    "Chief Information Officer",
)
_SHARED = (
    ("Accounts Payable", "accounts.payable", Department.FINANCE),
    ("HR Services", "hr", Department.HR),
    ("Info", "info", Department.SALES),
)
_JOBS = {
    Department.FINANCE: ("Accountant", "Controller", "Accounts Payable Clerk", "Financial Analyst", "Treasury Analyst"),
    Department.SALES: ("Account Manager", "Sales Executive", "Key Account Manager", "Sales Engineer"),
    Department.OPERATIONS: ("Operations Planner", "Logistics Coordinator", "Site Supervisor", "Dispatcher"),
    Department.HR: ("HR Partner", "Recruiter", "Payroll Specialist"),
    Department.IT: ("System Administrator", "IT Support Engineer", "Network Engineer"),
    Department.ENGINEERING: ("Engineer", "Senior Engineer", "Designer", "Test Engineer"),
    Department.SUPPORT: ("Support Agent", "Service Technician", "Customer Success Manager"),
    Department.MARKETING: ("Marketing Manager", "Content Editor", "Event Manager"),
    Department.PROCUREMENT: ("Buyer", "Category Manager", "Procurement Analyst"),
    Department.LEGAL: ("Legal Counsel", "Contract Manager"),
}
_MAILERS = (
    ("Microsoft Outlook 16.0", Form.BOTH, 60.0),
    ("Apple Mail (2.3774.300.61.1.2)", Form.BOTH, 15.0),
    ("Mozilla Thunderbird", Form.PLAIN, 12.0),
    ("iPhone Mail (21F90)", Form.PLAIN, 8.0),
    ("", Form.BOTH, 5.0),
)


@dataclass(frozen=True, slots=True)
class Person:
    """One mailbox owner. Days count from the start of history; `left` is the first day they are gone."""

    index: int
    party: Party
    given: str
    family: str
    department: Department
    position: Position
    title: str
    team: int
    office: str
    joined: int
    left: int | None
    activity: float
    """How much they write, against the mean of 1."""

    @property
    def name(self) -> str:
        return self.party.mailbox.name

    @property
    def address(self) -> str:
        return self.party.mailbox.address

    @property
    def mailbox(self) -> Address:
        return self.party.mailbox

    @property
    def language(self) -> str:
        return self.party.language

    def present(self, day: int) -> bool:
        return self.joined <= day and (self.left is None or day < self.left)


@dataclass(frozen=True, slots=True)
class Roster:
    """Everyone, by index, and how they hang together."""

    company: str
    domain: str
    network: str
    people: tuple[Person, ...]
    managers: tuple[int | None, ...]
    assistants: dict[int, int]
    """Executive to assistant."""


def hire(options: Options) -> Roster:
    """The whole organisation, from its options alone; memory and time grow with the number of people only."""
    draw = Draw(options.seed, "roster")
    company = company_name(draw)
    domain = company.domain.rpartition("-")[0] + ".com" if "-" in company.domain else company.domain
    domain = domain.partition(".")[0] + ".com"
    network = f"{draw.between(31, 95)}.{draw.between(1, 250)}.{draw.between(1, 250)}"
    slots = _slots(options.mailboxes)
    taken: set[str] = set()
    people: list[Person] = []
    for index, (department, position, title, team) in enumerate(slots):
        people.append(_person(options, domain, network, company.legal, index, department, position, title, team, taken))
    return Roster(company.legal, domain, network, tuple(people), _managers(slots), _assistants(slots))


_Slot = tuple[Department, Position, str, int]


def _slots(mailboxes: int) -> list[_Slot]:
    """What each index is: executives, assistants, shared mailboxes, then departments with their heads and teams."""
    chiefs = min(len(_CHIEFS), 2 + mailboxes // 25)
    assistants = max(1, chiefs // 2)
    shared = min(len(_SHARED), mailboxes // 20)
    slots: list[_Slot] = [(Department.EXECUTIVE, Position.EXECUTIVE, title, 0) for title in _CHIEFS[:chiefs]]
    slots += [(Department.EXECUTIVE, Position.ASSISTANT, "Executive Assistant", 0)] * assistants
    slots += [(department, Position.SHARED, name, 1) for name, _, department in _SHARED[:shared]]
    rest = mailboxes - len(slots)
    total = 0.0
    team = 1
    for department, weight in _WEIGHTS:
        before = round(total * rest)
        total += weight
        size = round(total * rest) - before
        for i in range(size):
            if i % TEAM == 0:
                team += 1
            position = Position.HEAD if i == 0 and size > 1 else Position.LEAD if i % TEAM == 0 else Position.MEMBER
            title = f"Head of {department.title()}" if position is Position.HEAD else ""
            slots.append((department, position, title, team))
    return slots


def _managers(slots: list[_Slot]) -> tuple[int | None, ...]:
    """Members report to their lead, leads to a director (each eighth lead), directors to the head, heads to a chief."""
    heads: dict[Department, int] = {}
    first_of_team: dict[int, int] = {}
    leads_seen: dict[Department, list[int]] = {}
    managers: list[int | None] = []
    for index, (department, position, _, team) in enumerate(slots):
        if position is Position.EXECUTIVE:
            managers.append(0 if index else None)
        elif position in (Position.ASSISTANT, Position.SHARED):
            managers.append(0)
        elif position is Position.HEAD or department not in heads:
            heads[department] = index
            first_of_team[team] = index
            chiefs = sum(1 for slot in slots if slot[1] is Position.EXECUTIVE)
            managers.append(1 if department is Department.FINANCE else len(heads) % chiefs)
        elif team not in first_of_team:
            first_of_team[team] = index
            leads = leads_seen.setdefault(department, [])
            director = len(leads) % TEAM == 0
            managers.append(heads[department] if director else leads[len(leads) // TEAM * TEAM])
            leads.append(index)
        else:
            managers.append(first_of_team[team])
    return tuple(managers)


def _assistants(slots: list[_Slot]) -> dict[int, int]:
    chiefs = [i for i, slot in enumerate(slots) if slot[1] is Position.EXECUTIVE]
    helpers = [i for i, slot in enumerate(slots) if slot[1] is Position.ASSISTANT]
    return {chief: helpers[n % len(helpers)] for n, chief in enumerate(chiefs)}


def _person(
    options: Options,
    domain: str,
    network: str,
    company: str,
    index: int,
    department: Department,
    position: Position,
    title: str,
    team: int,
    taken: set[str],
) -> Person:
    draw = Draw(options.seed, "person", index)
    office = _office(options, team)
    offset, spoken = OFFICES[office]
    language = spoken if spoken in options.languages else "en"
    if position is Position.SHARED:
        given, family, local = title, "", next(local for name, local, _ in _SHARED if name == title)
        name = title
    else:
        given, family = person_name(draw, language)
        name = f"{given} {family}"
        local = f"{ascii_of(given)}.{ascii_of(family)}"
    while local in taken:
        local = f"{local.rstrip('0123456789')}{draw.between(2, 99)}"
    taken.add(local)
    mailer, form, _ = draw.weighted([(m, m[2]) for m in _MAILERS])
    job = title or draw.pick(_JOBS[department])
    way = Way(
        domain=domain,
        host=f"mail.{domain}",
        network=network,
        posture=Posture.FULL,
        mailer=mailer,
        form=form,
        offset=offset,
        internal=True,
        id_host=f"mail.{domain}",
    )
    signature = (job, company) if position is not Position.SHARED else (company,)
    party = Party(Address(name, f"{local}@{domain}"), way, language, signature)
    joined, left = _tenure(options, draw, position)
    activity = min(3.0, draw.delay(0.85, 0.45)) * (1.4 if position is Position.EXECUTIVE else 1.0)
    return Person(index, party, given, family, department, position, job, team, office, joined, left, activity)


def _office(options: Options, team: int) -> str:
    """Teams sit together: every other one at headquarters, the rest in the other offices in turn."""
    others = options.zones[1:]
    if team <= 1 or team % 2 or not others:
        return options.zones[0]
    return others[(team // 2 + options.seed) % len(others)]


def _tenure(options: Options, draw: Draw, position: Position) -> tuple[int, int | None]:
    """About one in ten comes and one in ten goes within half a year; those who run the place stay."""
    share = 0.10 * options.days / 180
    joins, leaves = draw.random(), draw.random()
    joined, left = -1000, None
    if position in (Position.MEMBER, Position.LEAD):
        if joins < share:
            joined = draw.between(1, max(1, options.days * 9 // 10))
        elif leaves < share and options.days > 10:
            left = draw.between(options.days // 4, options.days)
    return joined, left
