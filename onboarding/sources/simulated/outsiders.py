"""Everyone outside: companies and their people, free-mail users, services; each a pure function of its number."""

from __future__ import annotations

from functools import lru_cache

from onboarding.sources.simulated.names import CompanyName, ascii_of, company_name, person_name
from onboarding.sources.simulated.parties import Address, Form, Party, Posture, Way
from onboarding.sources.simulated.randomness import Draw, Part

_POSTURES = (
    (Posture.FULL, 80.0),
    (Posture.SPF_ONLY, 8.0),
    (Posture.NOTHING, 4.0),
    (Posture.MISALIGNED, 4.0),
    (Posture.FAILING, 1.5),
    (Posture.SILENT, 2.5),
)
_MAILERS = (
    ("Microsoft Outlook 16.0", Form.BOTH, 40.0),
    ("", Form.BOTH, 25.0),
    ("Apple Mail (2.3774.300.61.1.2)", Form.BOTH, 10.0),
    ("Mozilla Thunderbird", Form.PLAIN, 8.0),
    ("iPhone Mail (21F90)", Form.PLAIN, 7.0),
    ("Zimbra 9.0.0_GA_4564 (ZimbraWebClient)", Form.BOTH, 4.0),
    ("Roundcube Webmail/1.6.5", Form.PLAIN, 4.0),
    ("Open-Xchange Mailer v8.20", Form.BOTH, 2.0),
)
_HOSTERS = ("cloudmailhub.com", "relaypoint.net", "hostedsmtp.eu", "mailgrid.io")
"""Invented mail hosts that many companies share."""
_ZONES = {"en": (0, -300, -360, -480), "de": (60,), "fr": (60,), "es": (60, -180)}
_CITIES = ("Leeds", "Austin", "Hamburg", "Lyon", "Valencia", "Bristol", "Denver", "Utrecht", "Toronto", "Linz")
_JOBS = (
    "Account Manager",
    "Project Manager",
    "Purchasing",
    "Sales Director",
    "Office Manager",
    "Consultant",
    "Engineer",
    "Head of Operations",
    "Customer Service",
    "Managing Director",
)
FREE_MAIL = (("gmail.com", 60.0), ("outlook.com", 22.0), ("yahoo.com", 8.0), ("gmx.de", 5.0), ("icloud.com", 5.0))
_FREE_HOSTS = {
    "gmail.com": ("mail-ej1-f{n}.google.com", "209.85.218", "mail.gmail.com"),
    "outlook.com": (
        "mail-oln040092{n}.outbound.protection.outlook.com",
        "40.92.91",
        "AM0PR03MB.eurprd03.prod.outlook.com",
    ),
    "yahoo.com": ("sonic{n}.consmr.mail.ne1.yahoo.com", "66.163.186", "mail.yahoo.com"),
    "gmx.de": ("mout{n}.gmx.net", "212.227.17", "gmx.de"),
    "icloud.com": ("st43p00im-ztdg{n}.me.com", "17.57.155", "icloud.com"),
}


def network_of(draw: Draw) -> str:
    """First three octets of an ordinary public IPv4 network."""
    return (
        f"{draw.pick((23, 31, 37, 45, 52, 62, 77, 81, 89, 91, 94, 104, 129, 146, 159, 178, 185, 193, 195, 212))}."
        + (f"{draw.between(1, 254)}.{draw.between(0, 255)}")
    )


def domain_way(draw: Draw, domain: str, language: str = "en", posture: Posture | None = None) -> Way:
    """An ordinary organisation's infrastructure: its own server, or one of a shared host."""
    mailer, form, _ = draw.weighted([(m, m[2]) for m in _MAILERS])
    chosen = posture or draw.weighted(_POSTURES)
    if draw.chance(0.55):
        hoster = draw.pick(_HOSTERS)
        host = f"out{draw.between(1, 40)}.{hoster}"
        network = network_of(Draw(0, "hoster", hoster, draw.below(3)))
    else:
        hoster = ""
        host = f"{draw.pick(('mail', 'smtp', 'mx', 'out', 'exchange'))}.{domain}"
        network = network_of(draw)
    return Way(
        domain=domain,
        host=host,
        network=network,
        posture=chosen,
        mailer=mailer,
        form=form,
        offset=draw.pick(_ZONES[language]),
        id_host=domain if draw.chance(0.6) else host,
        service=(hoster or "bulkpost.net") if chosen is Posture.MISALIGNED else "",
    )


def free_mail_way(draw: Draw, provider: str, language: str = "en") -> Way:
    """A free-mail provider's infrastructure: the provider authenticates everything it sends."""
    host, network, id_host = _FREE_HOSTS[provider]
    form = Form.BOTH if draw.chance(0.8) else Form.PLAIN
    mailer = "iPhone Mail (21F90)" if form is Form.PLAIN and draw.chance(0.5) else ""
    return Way(
        domain=provider,
        host=host.format(n=draw.between(11, 60)),
        network=network,
        posture=Posture.FULL,
        mailer=mailer,
        form=form,
        offset=draw.pick(_ZONES[language]),
        id_host=id_host,
    )


@lru_cache(maxsize=8192)
def company(seed: int, market: Part, rank: int, languages: tuple[str, ...]) -> tuple[CompanyName, Way, str]:
    """The company of this rank in a market: its name, infrastructure and language."""
    draw = Draw(seed, "company", market, rank)
    # Who has one language to offer looks for partners who speak it.
    language = "en" if draw.chance(0.7 if len(languages) > 1 else 0.35) else draw.pick(languages)
    name = company_name(draw, language)
    return name, domain_way(draw, name.domain, language), language


@lru_cache(maxsize=16384)
def contact(seed: int, market: Part, rank: int, who: int, languages: tuple[str, ...]) -> Party:
    """The person number `who` of a company; a tenth of a market's ranks are people with a free-mail address."""
    draw = Draw(seed, "contact", market, rank, who)
    if Draw(seed, "private", market, rank).chance(0.1):
        return private_person(draw, "en")
    name, way, language = company(seed, market, rank, languages)
    given, family = person_name(draw, language)
    # One habit of building addresses a company.
    habit = Draw(seed, "habit", market, rank).random()
    first, last = ascii_of(given), ascii_of(family)
    local = f"{first}.{last}" if habit < 0.5 else f"{first[0]}{last}" if habit < 0.8 else first
    shown = "" if draw.chance(0.03) else f"{family}, {given}" if habit < 0.08 else f"{given} {family}"
    mailbox = Address(shown, f"{local}@{name.domain}")
    answers = None
    if draw.chance(0.05):
        elsewhere = private_person(draw, language, (given, family)).mailbox
        answers = draw.pick((mailbox, mailbox, elsewhere, Address("", f"office@{name.domain}")))
    return Party(
        mailbox,
        way,
        language,
        (draw.pick(_JOBS), name.legal, draw.pick(_CITIES)),
        answers,
        draw.between(1, 40) if habit % 0.1 < 0.02 else 0,
    )


def private_person(draw: Draw, language: str, name: tuple[str, str] | None = None) -> Party:
    """Someone at a free-mail provider; `name` to say who."""
    given, family = name or person_name(draw, language)
    provider = draw.weighted(FREE_MAIL)
    first, last = ascii_of(given), ascii_of(family)
    local = draw.pick(
        (f"{first}.{last}", f"{first}{last}", f"{first[0]}{last}{draw.between(1, 99)}", f"{last}.{first}")
    )
    if draw.chance(0.4):
        local += str(draw.between(1, 999))
    return Party(Address(f"{given} {family}", f"{local}@{provider}"), free_mail_way(draw, provider, language), language)
