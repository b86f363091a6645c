"""Where attackers send from: the infrastructure that honest strangers use, so that only the act gives them away."""

from __future__ import annotations

from onboarding.sources.simulated.names import ascii_of, company_name, person_name
from onboarding.sources.simulated.outsiders import FREE_MAIL, contact, domain_way, free_mail_way
from onboarding.sources.simulated.parties import Address, Party, Posture
from onboarding.sources.simulated.people import Person
from onboarding.sources.simulated.randomness import Draw

_SWAPS = (("m", "rn"), ("l", "1"), ("o", "0"), ("i", "l"), ("w", "vv"), ("e", "3"), ("d", "cl"), ("u", "v"), ("a", "e"))
_AFFIXES = ("-billing", "-invoices", "-group", "-payments", "-accounts", "-online", "-ltd")
_POSTURES = (
    (Posture.FULL, 70.0),
    (Posture.SPF_ONLY, 16.0),
    (Posture.NOTHING, 8.0),
    (Posture.FAILING, 4.0),
    (Posture.SILENT, 2.0),
)

_TOP_LEVEL = (
    ("com", 50.0),
    ("net", 10.0),
    ("co", 10.0),
    ("info", 8.0),
    ("online", 8.0),
    ("top", 7.0),
    ("site", 7.0),
)


def lookalike(draw: Draw, domain: str) -> str:
    """A domain that a hurried reader takes for `domain`; never the same.

    >>> lookalike(Draw(1, "x"), "acme-supplies.com") != "acme-supplies.com"
    True
    """
    label, _, suffix = domain.partition(".")
    for _ in range(20):
        made, end = _altered(draw, label), suffix
        if made == label:
            end = draw.pick(("com", "co", "net", "org", "biz"))
        if f"{made}.{end}" != domain and len(made) > 2:
            return f"{made}.{end}"
    return f"{label}-billing.{suffix}"


def _altered(draw: Draw, label: str) -> str:
    """The label with one change; unchanged when another suffix is to be the change."""
    at = 1 + draw.below(max(1, len(label) - 2))
    choice = draw.random()
    if choice < 0.30:
        fitting = [(a, b) for a, b in _SWAPS if a in label[1:]]
        if not fitting:
            return label
        old, new = draw.pick(fitting)
        return label[0] + label[1:].replace(old, new, 1)
    if choice < 0.45:
        return label[:at] + label[at] + label[at:]
    if choice < 0.60:
        return label[:at] + label[at + 1 :]
    if choice < 0.72:
        return label[:at] + label[at : at + 2][::-1] + label[at + 2 :]
    if choice < 0.86:
        return (label + draw.pick(_AFFIXES)) if "-" not in label else label.replace("-", "", 1)
    return label


def from_lookalike(draw: Draw, original: Party, display: Address | None = None) -> Party:
    """Somebody's look-alike at a look-alike domain."""
    shown = display or original.mailbox
    domain = lookalike(draw, original.mailbox.domain)
    local = shown.address.partition("@")[0]
    way = domain_way(draw, domain, original.language, draw.weighted(_POSTURES))
    return Party(Address(shown.name, f"{local}@{domain}"), way, original.language, original.signature)


def from_free_mail(draw: Draw, person: Person, provider: str = "") -> Party:
    """A person's name over a free-mail address made for the purpose, which names the person, an office, or nobody."""
    provider = provider or draw.weighted(FREE_MAIL)
    first, last = ascii_of(person.given), ascii_of(person.family)
    local = draw.pick(
        (
            f"{first}.{last}{draw.between(1, 99)}",
            f"{last}.{first}.office",
            f"{first}{last}.work{draw.between(1, 999)}",
            f"executive.desk{draw.between(10, 9999)}",
            f"office.mail{draw.between(100, 99999)}",
            f"private.mail.{draw.number(4)}",
        )
    )
    name = draw.pick(
        (
            person.name,
            person.name,
            person.name.upper(),
            f"{person.family}, {person.given}",
            ascii_of(person.name).replace("-", " ").title(),
        )
    )
    return Party(Address(name, f"{local}@{provider}"), free_mail_way(draw, provider, "en"))


def from_stranger(draw: Draw, name: str = "", local: str = "") -> Party:
    """A domain bought last week, under any name."""
    company = company_name(draw)
    given, family = person_name(draw, "en")
    label = company.domain.partition(".")[0]
    domain = f"{label}.{draw.weighted(_TOP_LEVEL)}"
    way = domain_way(draw, domain, "en", draw.weighted(_POSTURES))
    shown = name or f"{given} {family}"
    return Party(Address(shown, f"{local or ascii_of(given)}@{domain}"), way, "en", (company.legal,))


def from_hijacked(seed: int, draw: Draw, name: str = "") -> Party:
    """The mailbox of an honest company unknown here that was taken over: its mail authenticates as ever."""
    victim = contact(seed, f"hijacked {draw.number(9)}", draw.below(1000), 0, ("en",))
    if name:
        return Party(Address(name, victim.mailbox.address), victim.way, victim.language, ())
    return victim
