"""One mail in many mailboxes: announcements to all or to a department, and outside mailing lists."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from onboarding.sources.simulated.conversations import message_id
from onboarding.sources.simulated.hours import DAY, office_moment, weekday
from onboarding.sources.simulated.mail import Content, Mail
from onboarding.sources.simulated.names import ascii_of, company_name
from onboarding.sources.simulated.outsiders import contact, network_of
from onboarding.sources.simulated.parties import Address, Form, Party, Posture, Way
from onboarding.sources.simulated.people import Department, Person
from onboarding.sources.simulated.randomness import Draw, digest_of
from onboarding.sources.simulated.wording import notices
from onboarding.sources.simulated.wording.business import INSIDE, Topic, prose
from onboarding.sources.simulated.wording.slots import Slots
from onboarding.sources.simulated.world import World

_PER_RATE = 0.06
"""Posts of a list on a working day, for each message of `Options.rate`; set by measuring."""


def announcements(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """To everyone, or to a whole department, through the organisation's own lists: one mail in many mailboxes."""
    midnight = world.options.first_second + day * DAY
    if weekday(midnight) >= 5:
        return
    for scope in ("all", owner.department.value):
        draw = Draw(world.seed, "announcement", scope, day)
        if not draw.chance(0.35 if scope == "all" else 0.25):
            continue
        authors = (
            world.executives
            if scope == "all" and draw.chance(0.4)
            else world.of(draw.pick((Department.HR, Department.IT)) if scope == "all" else owner.department)
        )
        author = draw.pick(authors)
        key = digest_of(world.seed, "announcement", scope, day)
        slots = Slots(key)
        topic = draw.pick(notices.ANNOUNCEMENTS) if scope == "all" else draw.pick(INSIDE["en"])
        local = ascii_of(scope)
        address = Address(
            f"{scope.title()} {'staff' if scope == 'all' else 'team'}", f"{local}@lists.{world.roster.domain}"
        )
        yield Mail(
            time=office_moment(midnight, author.party.way.offset, draw),
            sender=author.party,
            to=(address,),
            cc=(),
            subject=f"[{local}] {draw.pick(topic.subjects).format_map(slots)}",
            message_id=message_id(author.party, key),
            content=partial(_post, key, topic, slots, author.given),
            inside=(owner.index,) if owner.index != author.index else (),
            author=author.index,
            envelope=f"{local}-bounces@lists.{world.roster.domain}",
            headers=(("List-Id", f"<{local}.lists.{world.roster.domain}>"), ("Precedence", "list")),
        )


@lru_cache(maxsize=256)
def _discussion(seed: int, number: int) -> tuple[str, str]:
    draw = Draw(seed, "list", number)
    name = company_name(draw)
    return f"{name.short.partition(' ')[2].lower()}-users", f"lists.{name.domain}"


def lists(world: World, owner: Person, day: int) -> Iterator[Mail]:
    """Outside mailing lists that several people read: the same mail, from whoever posts, through the list's server."""
    midnight = world.options.first_second + day * DAY
    subscribed = Draw(world.seed, "reads", owner.index)
    count = 2 + len(world.people) // 40
    for number in dict.fromkeys(subscribed.below(count) for _ in range(subscribed.below(4))):
        draw = Draw(world.seed, "posts", number, day)
        local, domain = _discussion(world.seed, number)
        for post in range(draw.poisson(world.options.rate * _PER_RATE * (0.3 if weekday(midnight) >= 5 else 1.0))):
            poster = contact(world.seed, f"list {number}", draw.heavy_rank(0.9), 0, world.options.languages)
            key = digest_of(world.seed, "post", number, day, post)
            slots = Slots(key)
            topic = draw.pick(notices.DISCUSSIONS)
            way = Way(
                domain=poster.mailbox.domain,
                host=f"mail.{domain}",
                network=network_of(Draw(world.seed, "listhost", number)),
                posture=Posture.MISALIGNED,
                mailer=poster.way.mailer,
                form=Form.PLAIN,
                offset=poster.way.offset,
                id_host=poster.way.id_host,
                service=domain,
            )
            sender = Party(poster.mailbox, way, "en", poster.signature)
            yield Mail(
                time=office_moment(midnight, way.offset, draw),
                sender=sender,
                to=(Address("", f"{local}@{domain}"),),
                cc=(),
                subject=f"[{local}] {draw.pick(topic.subjects).format_map(slots)}",
                message_id=message_id(sender, key),
                content=partial(_post, key, topic, slots, poster.mailbox.name.partition(" ")[0]),
                inside=(owner.index,),
                envelope=f"{local}-bounces@{domain}",
                headers=(
                    ("List-Id", f"<{local}.{domain}>"),
                    ("List-Post", f"<mailto:{local}@{domain}>"),
                    ("Precedence", "list"),
                ),
            )


def _post(key: int, topic: Topic, slots: Slots, me: str) -> Content:
    return Content(prose(Draw(key, "words"), "en", topic.sentences, slots, "all", me))
