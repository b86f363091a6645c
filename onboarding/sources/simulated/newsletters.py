"""Newsletters: what people are subscribed to, each in a rhythm of its own, through services that send for many."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from onboarding.sources.simulated.conversations import message_id
from onboarding.sources.simulated.hours import DAY, office_moment, weekday
from onboarding.sources.simulated.mail import Content, Mail
from onboarding.sources.simulated.names import CompanyName, company_name
from onboarding.sources.simulated.options import Options
from onboarding.sources.simulated.outsiders import network_of
from onboarding.sources.simulated.parties import Address, Form, Party, Posture, Way
from onboarding.sources.simulated.people import Person
from onboarding.sources.simulated.randomness import Draw, digest_of
from onboarding.sources.simulated.wording import notices
from onboarding.sources.simulated.wording.slots import Slots
from onboarding.sources.simulated.world import World

_PER_RATE = 0.15
"""Mails a mailbox gets on a working day, for each message of `Options.rate`; set by measuring."""

_SERVICES = (
    ("sendwell.net", "Sendwell"),
    ("mailpress.io", "Mailpress"),
    ("newsroute.com", "Newsroute"),
)
"""Invented bulk senders that newsletters go through."""


def _service_way(draw: Draw, domain: str, posture: Posture | None = None) -> Way:
    service, mailer = draw.pick(_SERVICES)
    chosen = posture or draw.weighted(((Posture.FULL, 90.0), (Posture.MISALIGNED, 8.0), (Posture.SILENT, 2.0)))
    return Way(
        domain=domain,
        host=f"o{draw.between(1, 60)}.{service}",
        network=network_of(Draw(0, "bulk", service, draw.below(4))),
        posture=chosen,
        mailer=mailer if draw.chance(0.5) else "",
        form=Form.HTML if draw.chance(0.35) else Form.BOTH,
        offset=0,
        id_host=service,
        service=service,
    )


@lru_cache(maxsize=4096)
def _newsletter(seed: int, number: int, languages: tuple[str, ...]) -> tuple[Party, CompanyName, int, int, int, str]:
    """Sender, company, rhythm in days, phase, first day, language."""
    draw = Draw(seed, "newsletter", number)
    language = "en" if draw.chance(0.8) else draw.pick(languages)
    name = company_name(draw, language)
    box = draw.pick(("news", "newsletter", "hello", "updates", "info", "events", "marketing"))
    domain = name.domain if draw.chance(0.7) else f"{draw.pick(('mail', 'email', 'news', 'e'))}.{name.domain}"
    answers = Address("", f"reply-{draw.hex(6)}@{name.domain}") if draw.chance(0.4) else None
    sender = Party(Address(name.short, f"{box}@{domain}"), _service_way(draw, domain), language, reply_to=answers)
    every = draw.weighted(((1, 12.0), (7, 55.0), (14, 15.0), (30, 18.0)))
    return sender, name, every, draw.below(every), draw.between(-400, 400) if draw.chance(0.3) else -1000, language


@lru_cache(maxsize=256)
def _subscriptions(options: Options, index: int) -> tuple[int, ...]:
    """Newsletters a person gets: popular ones many people get, the rare ones few."""
    draw = Draw(options.seed, "subscriptions", index)
    wanted = max(1, round(options.rate * _PER_RATE * 3.2 * draw.delay(1.0, 0.5)))
    most = 60 + options.mailboxes // 2
    return tuple(dict.fromkeys(min(draw.heavy_rank(0.6), most * 40) for _ in range(min(wanted, 500))))


def newsletters(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """Today's issues of what the person is subscribed to."""
    midnight = world.options.first_second + day * DAY
    weekend = weekday(midnight) >= 5
    for number in _subscriptions(world.options, owner.index):
        sender, name, every, phase, first, language = _newsletter(world.seed, number, world.options.languages)
        if (day - phase) % every or day < first or weekend:
            continue
        draw = Draw(world.seed, "issue", number, day)
        key = digest_of(world.seed, "issue", number, day, owner.index)
        slots = Slots(digest_of(world.seed, "issue", number, day), company=name.short)
        yield Mail(
            time=office_moment(midnight, 0, draw) + owner.index % 600,
            sender=sender,
            to=(owner.mailbox,),
            cc=(),
            subject=draw.pick(notices.NEWSLETTER_SUBJECTS[language]).format_map(slots),
            message_id=message_id(sender, key),
            content=partial(_issue, slots, language, name.domain, sender.way.service, key),
            inside=(owner.index,),
            envelope=f"bounce+{key:x}@{sender.way.service}",
            headers=(
                ("List-Id", f"<{number}.{sender.way.service}>"),
                ("List-Unsubscribe", f"<https://{sender.way.service}/u/{key:x}>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ("Precedence", "bulk"),
            ),
        )


def _issue(slots: Slots, language: str, domain: str, service: str, key: int) -> Content:
    draw = Draw(slots.seed, "items")
    items = draw.shuffled(notices.NEWSLETTER_ITEMS[language])[: draw.between(2, 4)]
    # Half of the services count clicks: what is shown then is not where the link goes first.
    site = f"https://click.{service}/c/{key % 1_000_003}" if draw.chance(0.5) else f"https://www.{domain}/a"
    shown = notices.READ_MORE[language] if draw.chance(0.7) else f"www.{domain}"
    paragraphs = [f"{item.format_map(slots)} [[{shown}|{site}/{draw.number(5)}]]" for item in items]
    foot = notices.UNSUBSCRIBE[language].format(link=f"https://www.{domain}/unsubscribe?u={key % 1_000_003}")
    pictures = (f"https://img.{service}/{draw.hex(8)}.png", f"https://open.{service}/o/{key:x}.gif")
    return Content("\n\n".join([*paragraphs, foot]), pictures=pictures)
