"""Notifications of the services that an organisation uses, some of which look like phishing by nature."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from onboarding.sources.simulated.conversations import message_id
from onboarding.sources.simulated.hours import DAY, office_moment, weekday
from onboarding.sources.simulated.mail import Content, Mail
from onboarding.sources.simulated.names import company_name
from onboarding.sources.simulated.outsiders import domain_way
from onboarding.sources.simulated.parties import Address, Form, Party, Posture, Way
from onboarding.sources.simulated.people import Person
from onboarding.sources.simulated.randomness import Draw, digest_of
from onboarding.sources.simulated.wording import notices
from onboarding.sources.simulated.wording.slots import Slots
from onboarding.sources.simulated.world import World

_PER_RATE = 0.16
"""Mails a mailbox gets on a working day, for each message of `Options.rate`; set by measuring."""


@lru_cache(maxsize=512)
def _program(seed: int, number: int) -> tuple[Party, notices.Notice, str]:
    """A service the organisation uses, what it writes, and its domain."""
    draw = Draw(seed, "program", number)
    notice = notices.NOTICES[number % len(notices.NOTICES)]
    name = company_name(draw).short.partition(" ")[0]
    domain = f"{name.lower()}{draw.pick(('app.com', '.io', 'hq.com', 'cloud.com', '.app'))}"
    way = domain_way(draw, domain, posture=Posture.FULL if draw.chance(0.93) else Posture.MISALIGNED)
    box = draw.pick(("no-reply", "noreply", "notifications", "notify", "do-not-reply"))
    way = Way(
        domain=domain,
        host=f"smtp{draw.between(1, 9)}.{domain}",
        network=way.network,
        posture=way.posture,
        mailer="",
        form=Form.BOTH if draw.chance(0.7) else Form.HTML,
        offset=0,
        id_host=domain,
        service=way.service,
    )
    answers = Address(name, f"reply+{draw.hex(8)}@{domain}") if draw.chance(0.2) else None
    return Party(Address(name, f"{box}@{domain}"), way, reply_to=answers), notice, domain


@lru_cache(maxsize=1024)
def _programs_of(seed: int, index: int) -> tuple[int, ...]:
    draw = Draw(seed, "programs", index)
    return tuple(dict.fromkeys(draw.heavy_rank(0.7) % 60 for _ in range(10)))


def program_of(world: World, person: Person) -> tuple[str, str]:
    """Name and domain of the service that a person uses most."""
    sender, _, domain = _program(world.seed, _programs_of(world.seed, person.index)[0])
    return sender.mailbox.name, domain


def notifications(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """What the services a person uses have to say today."""
    midnight = world.options.first_second + day * DAY
    weekend = weekday(midnight) >= 5
    draw = Draw(world.seed, "notices", owner.index, day)
    for _ in range(draw.poisson(world.options.rate * _PER_RATE * (0.25 if weekend else 1.0))):
        sender, notice, domain = _program(world.seed, draw.pick_front(_programs_of(world.seed, owner.index), 1.6))
        key = digest_of(world.seed, "notice", owner.index, day, int(draw.random() * 1e9))
        slots = Slots(key, who=world.people[draw.pick(world.circle(owner.index))].name, me=owner.given, host=domain)
        yield Mail(
            time=office_moment(midnight, owner.party.way.offset, draw),
            sender=sender,
            to=(owner.mailbox,),
            cc=(),
            subject=draw.pick(notice.subjects).format_map(slots),
            message_id=message_id(sender, key),
            content=partial(_notice, notice, slots, domain),
            inside=(owner.index,),
            headers=(("Auto-Submitted", "auto-generated"),) if len(domain) % 3 else (),
            about=notice.about,
        )


def _notice(notice: notices.Notice, slots: Slots, domain: str) -> Content:
    draw = Draw(slots.seed, "notice")
    text = draw.pick(notice.texts).format_map(slots)
    link = f"[[{draw.pick(notice.buttons)}|https://{draw.pick(('app', 'www', 'my'))}.{domain}/{draw.hex(10)}]]"
    return Content(f"{text}\n\n{link}\n\n{notices.AUTOMATIC}")
