"""Conversations: threads that a person starts, or that somebody outside starts with them, and the replies.

A cell is one person's day. What is in it depends on the person and the day alone, so every participant's mailbox
works it out alike, and none but those in the person's circle has to.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

from onboarding.sources.simulated import files
from onboarding.sources.simulated.hours import DAY, into_hours, office_moment, weekday
from onboarding.sources.simulated.mail import Content, File, Mail
from onboarding.sources.simulated.outsiders import contact
from onboarding.sources.simulated.parties import Form, Party
from onboarding.sources.simulated.people import Person, Position
from onboarding.sources.simulated.randomness import Draw, digest_of
from onboarding.sources.simulated.wording.business import INSIDE, OUTSIDE, Topic, prose
from onboarding.sources.simulated.wording.slots import Slots
from onboarding.sources.simulated.world import World

LONGEST = 5
"""Days after which a conversation is over."""

_INSIDE_PER_RATE = 0.066
_OUTSIDE_PER_RATE = 0.096
"""Conversations a person starts on a working day, for each message of `Options.rate`; set by measuring."""

_WEEKEND = (0.0, 0.0, 0.0, 0.0, 0.0, 0.06, 0.05)
_DEPARTMENT_POOL = 0.35
"""Share of outside conversations with the department's correspondents; the rest is with the person's own."""


@dataclass(slots=True)
class Conversation:
    """Who talks; what is said follows from `key`."""

    key: int
    owner: int
    insiders: tuple[int, ...]
    start: int
    outsider: Party | None
    outsider_begins: bool


def conversations(world: World, owner: Person, day: int) -> list[Conversation]:
    """The conversations of one person's day."""
    if not owner.present(day):
        return []
    options = world.options
    midnight = options.first_second + day * DAY
    share = _WEEKEND[weekday(midnight)] or 1.0
    if owner.position is Position.SHARED:
        share *= 0.4
    draw = Draw(options.seed, "talk", owner.index, day)
    mean = owner.activity * share * options.rate
    inside = draw.poisson(mean * _INSIDE_PER_RATE)
    outside = draw.poisson(mean * _OUTSIDE_PER_RATE)
    found: list[Conversation] = []
    circle = world.circle(owner.index)
    for number in range(inside + outside):
        others: dict[int, None] = {}
        for _ in range(
            1 + draw.below(2) + (draw.below(4) if draw.chance(0.3) else 0) if number < inside else draw.chance(0.25)
        ):
            other = draw.pick_front(circle, 1.6)
            if world.people[other].present(day):
                others[other] = None
        start = office_moment(midnight, owner.party.way.offset, draw)
        key = digest_of(options.seed, "thread", owner.index, day, number)
        if number < inside:
            if others:
                found.append(Conversation(key, owner.index, (owner.index, *others), start, None, False))
            continue
        outsider = _correspondent(world, owner, day, number, draw)
        found.append(Conversation(key, owner.index, (owner.index, *others), start, outsider, draw.chance(0.6)))
    return found


def _correspondent(world: World, owner: Person, day: int, number: int, draw: Draw) -> Party:
    """Someone outside: mostly known already, by a heavy-tailed rank, and for ever now and then somebody new."""
    seed, languages = world.seed, world.options.languages
    if draw.chance(0.03):
        return contact(seed, f"once {owner.index} {day}", number, 0, languages)
    if draw.chance(_DEPARTMENT_POOL):
        market, tail = owner.department.value, 1.3
    else:
        market, tail = f"of {owner.index}", 1.5
        languages = languages if owner.language == "en" else (owner.language,)
    return contact(seed, market, draw.heavy_rank(tail), min(4, draw.heavy_rank(1.5)), languages)


def mails(world: World, talk: Conversation) -> Iterator[Mail]:
    """The mails of a conversation, in time order."""
    draw = Draw(talk.key, "steps")
    people = world.people
    owner = people[talk.owner]
    language = _language(world, talk)
    topics = (INSIDE if talk.outsider is None else OUTSIDE)[language]
    topic = draw.pick(topics)
    slots = Slots(talk.key)
    subject = draw.pick(topic.subjects).format_map(slots)
    subject = subject[0].upper() + subject[1:]
    ends = talk.start + LONGEST * DAY
    moment = talk.start
    last: Mail | None = None
    speaker: int | None = None if talk.outsider is not None and talk.outsider_begins else talk.owner
    to_all = draw.chance(0.75)
    steps = 1
    while steps < 8 and draw.chance(0.55):
        steps += 1
    for step in range(steps):
        sender = talk.outsider if speaker is None else people[speaker].party
        assert sender is not None
        if step:
            moment = into_hours(moment + 60 + int(draw.delay(4_000, 1.4)), sender.way.offset, draw)
            if moment > ends:
                return
        if speaker is not None and not people[speaker].present((moment - world.options.first_second) // DAY):
            return
        answered = last.sender if last is not None else None
        others = [i for i in talk.insiders if i != speaker]
        inside = (
            tuple(others) if to_all or answered is None else tuple(i for i in others if people[i].party is answered)
        )
        addresses = [people[i].mailbox for i in inside]
        if (
            talk.outsider is not None
            and speaker is not None
            and (to_all or answered is None or answered is talk.outsider)
        ):
            addresses.insert(0, talk.outsider.mailbox)
        elif speaker is None and owner.index in inside:
            addresses.sort(key=lambda address: address != owner.mailbox)
        if answered is not None:
            addresses.sort(key=lambda address: address != answered.mailbox)
        if not addresses:
            return
        direct = 1 if step or draw.chance(0.5) or talk.outsider is not None else len(addresses)
        last = Mail(
            time=moment,
            sender=sender,
            to=tuple(addresses[:direct]),
            cc=tuple(addresses[direct:]),
            subject=subject if last is None else f"{_reply_mark(language)} {subject}",
            message_id=message_id(sender, digest_of(talk.key, step)),
            content=partial(_content, world, talk, topic, language, slots, sender, addresses[0].name, step),
            inside=inside,
            author=speaker,
            references=() if last is None else (*last.references, last.message_id),
            previous=last,
        )
        yield last
        choices: list[int | None] = [i for i in talk.insiders if i != speaker]
        if talk.outsider is not None:
            speaker = None if speaker is not None else draw.pick_front(talk.insiders, 3.0)
        else:
            speaker = draw.pick(choices)


def message_id(sender: Party, key: int) -> str:
    """A Message-ID in the manner of the sender's program; the key makes it unique."""
    way = sender.way
    host = way.id_host or way.host
    if host == "mail.gmail.com":
        return f"CA+{key:016x}=w@{host}"
    if way.mailer.startswith("Microsoft"):
        return f"{key:016X}.{key % 999_983:06d}@{host}"
    return f"{key >> 32:08x}-{key & 0xFFFFFFFF:08x}@{host}"


def _reply_mark(language: str) -> str:
    return "AW:" if language == "de" else "Re:"


def _language(world: World, talk: Conversation) -> str:
    """What they have in common; English when in doubt."""
    spoken = {world.people[i].language for i in talk.insiders}
    if talk.outsider is not None:
        spoken.add(talk.outsider.language)
    return spoken.pop() if len(spoken) == 1 else "en"


def _content(
    world: World, talk: Conversation, topic: Topic, language: str, slots: Slots, sender: Party, to: str, step: int
) -> Content:
    draw = Draw(talk.key, "words", step)
    me = sender.mailbox.name.partition(" ")[0] or sender.mailbox.address.partition("@")[0].capitalize()
    sentences = topic.answers if step else topic.sentences
    text = prose(draw, language, sentences, slots, to.partition(" ")[0] or "all", me, terse=step > 0)
    attached: tuple[File, ...] = ()
    if topic.files and draw.chance(0.35 if step == 0 else 0.06):
        attached = (_file(draw.pick(topic.files).format_map(slots)),)
    signature = sender.signed if draw.chance(0.8) else ""
    if signature and sender.logo and sender.way.form is not Form.PLAIN:
        attached = (*attached, files.logo("image001.png", sender.logo))
    return Content(text, signature, attached)


def _file(name: str) -> File:
    return files.pdf(name, name) if name.endswith(".pdf") else files.office(name, name)
