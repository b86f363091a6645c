"""Mail that programs send: newsletters, notifications, announcements, mailing lists, spam."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache, partial

from onboarding.sources.simulated.conversations import message_id
from onboarding.sources.simulated.hours import DAY, office_moment, weekday
from onboarding.sources.simulated.mail import Content, Mail
from onboarding.sources.simulated.names import CompanyName, ascii_of, company_name, person_name
from onboarding.sources.simulated.options import Options
from onboarding.sources.simulated.outsiders import contact, domain_way, network_of
from onboarding.sources.simulated.parties import Address, Form, Party, Posture, Way
from onboarding.sources.simulated.people import Department, Person, Position
from onboarding.sources.simulated.randomness import Draw, digest_of
from onboarding.sources.simulated.wording import notices
from onboarding.sources.simulated.wording.business import INSIDE, Topic, prose
from onboarding.sources.simulated.wording.slots import Slots
from onboarding.sources.simulated.world import World

_NEWSLETTERS_PER_RATE = 0.125
_NOTIFICATIONS_PER_RATE = 0.14
_LIST_POSTS_PER_RATE = 0.03
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


# --- newsletters -------------------------------------------------------------------------------------------------


@lru_cache(maxsize=4096)
def _newsletter(seed: int, number: int, languages: tuple[str, ...]) -> tuple[Party, CompanyName, int, int, int, str]:
    """Sender, company, rhythm in days, phase, first day, language."""
    draw = Draw(seed, "newsletter", number)
    language = "en" if draw.chance(0.8) else draw.pick(languages)
    name = company_name(draw, language)
    box = draw.pick(("news", "newsletter", "hello", "updates", "info", "events", "marketing"))
    domain = name.domain if draw.chance(0.7) else f"{draw.pick(('mail', 'email', 'news', 'e'))}.{name.domain}"
    sender = Party(Address(name.short, f"{box}@{domain}"), _service_way(draw, domain), language)
    every = draw.weighted(((1, 12.0), (7, 55.0), (14, 15.0), (30, 18.0)))
    return sender, name, every, draw.below(every), draw.between(-400, 400) if draw.chance(0.3) else -1000, language


@lru_cache(maxsize=256)
def _subscriptions(options: Options, index: int) -> tuple[int, ...]:
    """Newsletters a person gets: popular ones many people get, the rare ones few."""
    draw = Draw(options.seed, "subscriptions", index)
    wanted = max(1, round(options.rate * _NEWSLETTERS_PER_RATE * 3.2 * draw.delay(1.0, 0.5)))
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
            content=partial(_issue, slots, language, name.domain, key),
            inside=(owner.index,),
            envelope=f"bounce+{key:x}@{sender.way.service}",
            headers=(
                ("List-Id", f"<{number}.{sender.way.service}>"),
                ("List-Unsubscribe", f"<https://{sender.way.service}/u/{key:x}>"),
                ("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
                ("Precedence", "bulk"),
            ),
        )


def _issue(slots: Slots, language: str, domain: str, key: int) -> Content:
    draw = Draw(slots.seed, "items")
    items = draw.shuffled(notices.NEWSLETTER_ITEMS[language])[: draw.between(2, 4)]
    paragraphs = [
        f"{item.format_map(slots)} [[{notices.READ_MORE[language]}|https://www.{domain}/a/{draw.number(5)}]]"
        for item in items
    ]
    foot = notices.UNSUBSCRIBE[language].format(link=f"https://www.{domain}/unsubscribe?u={key % 1_000_003}")
    return Content("\n\n".join([*paragraphs, foot]))


# --- notifications -----------------------------------------------------------------------------------------------


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
    return Party(Address(name, f"{box}@{domain}"), way), notice, domain


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
    for _ in range(draw.poisson(world.options.rate * _NOTIFICATIONS_PER_RATE * (0.25 if weekend else 1.0))):
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


# --- announcements and lists -------------------------------------------------------------------------------------


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
        for post in range(
            draw.poisson(world.options.rate * _LIST_POSTS_PER_RATE * (0.3 if weekday(midnight) >= 5 else 1.0))
        ):
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


# --- spam --------------------------------------------------------------------------------------------------------


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
