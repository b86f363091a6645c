"""Spam that the present filter already put into the junk folder."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from onboarding.sources.simulated.conversations import message_id
from onboarding.sources.simulated.hours import DAY
from onboarding.sources.simulated.mail import Content, Mail
from onboarding.sources.simulated.names import ascii_of, company_name, person_name
from onboarding.sources.simulated.outsiders import domain_way
from onboarding.sources.simulated.parties import Address, Party, Posture
from onboarding.sources.simulated.people import Person, Position
from onboarding.sources.simulated.randomness import Draw, digest_of
from onboarding.sources.simulated.wording import notices
from onboarding.sources.simulated.wording.slots import Slots
from onboarding.sources.simulated.world import World


def spam(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """What the present filter already put into the junk folder; a little of it slips into the inbox."""
    draw = Draw(world.seed, "spam", owner.index, day)
    midnight = world.options.first_second + day * DAY
    mean = world.options.rate * world.options.junk / 100
    for number in range(draw.poisson(mean * (2.0 if owner.position is Position.SHARED else 1.0))):
        key = digest_of(world.seed, "spam", owner.index, day, number)
        name = company_name(draw)
        posture = draw.weighted(
            ((Posture.FULL, 45.0), (Posture.SPF_ONLY, 20.0), (Posture.NOTHING, 15.0), (Posture.FAILING, 20.0))
        )
        domain = name.domain.partition(".")[0] + draw.pick((".top", ".xyz", ".com", ".shop", ".info", ".click"))
        way = domain_way(draw, domain, posture=posture)
        given, family = person_name(draw, "en")
        sender = Party(
            Address(
                f"{given} {family}" if draw.chance(0.5) else name.short,
                f"{draw.pick(('offer', 'info', 'deal', ascii_of(given)))}@{domain}",
            ),
            way,
        )
        slots = Slots(key, me=owner.given)
        text = draw.pick(notices.SPAM)
        junk = draw.chance(0.93)
        yield Mail(
            time=midnight + draw.below(DAY),
            sender=sender,
            to=(owner.mailbox,),
            cc=(),
            subject=text[0].format_map(slots),
            message_id=message_id(sender, key),
            content=partial(_offer, text[1], slots, domain),
            inside=(owner.index,),
            junk=junk,
            label="",
            about="spam",
        )


def _offer(text: str, slots: Slots, domain: str) -> Content:
    return Content(f"{text.format_map(slots)}\n\n[[Click here|http://{domain}/{slots.seed % 99_991}]]")
