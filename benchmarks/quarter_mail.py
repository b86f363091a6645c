"""The mail of a quarter: simulated organisations whose mail comes as the clock goes on, and what happens to them.

A source of the scheme `quarter:` lists what has come by now. Its mailboxes change like real ones: people leave and come,
vendors appear, change domain and account (all from the simulated organisation's own options), another company's mailboxes
are taken over, attacks come in a wave, the source does not answer for some days, owners move mail to junk and back.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from hashlib import blake2b

from detection.mail.message import Folder, Skip
from onboarding import clock
from onboarding.sources import registry
from onboarding.sources.base import Listed, MailboxInfo, Page, Requirement, SourceError
from onboarding.sources.simulated.attacks.cells import plan
from onboarding.sources.simulated.mailbox import stream
from onboarding.sources.simulated.source import SimulatedSource

START = date(2030, 1, 7)
"""First day of history. In the future, so that files written now are old by the simulated clock."""
PAGE = 200
BENIGN = "benign"


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What happens to one organisation; days count from the start of its history."""

    seed: int
    history: int
    """Days of mail before it is onboarded."""
    days: int
    """Days after."""
    mailboxes: int = 5
    rate: float = 6.0
    outage: tuple[int, int] | None = None
    """First day on which the source does not answer, and the day on which it does again."""
    merger: int | None = None
    """Day on which another company's mailboxes are taken over."""
    campaign: int | None = None
    """Day on which three days of attacks of every kind begin."""

    @property
    def uri(self) -> str:
        """Under which the organisation's source is opened."""
        return f"quarter:{self.seed}"

    def moment(self, day: float) -> datetime:
        """A day as a moment, UTC."""
        return datetime(START.year, START.month, START.day, tzinfo=UTC) + timedelta(days=day)


@dataclass(slots=True)
class Organisation:
    """An organisation's mailboxes: what comes when, and what was moved."""

    story: Story
    simulated: SimulatedSource
    mail: dict[str, list[tuple[datetime, Listed]]]
    """By mailbox, in order of arrival."""
    truth: dict[str, str]
    """Kind of attack (or `benign`) by Message-ID."""
    moved: dict[str, list[tuple[datetime, Listed]]] = field(default_factory=dict)
    """By mailbox, what turns up elsewhere later."""

    def move(self, mailbox: str, listed: Listed, folder: Folder, at: datetime) -> str:
        """The message lies in another folder from a moment on, and is listed again as changed; gives its new path."""
        path = f"{mailbox}/{folder.name.lower()}/{listed.path.rpartition('/')[2]}"
        self.moved.setdefault(mailbox, []).append((at, replace(listed, path=path, folder=folder)))
        self.moved[mailbox].sort(key=lambda one: one[0])
        return path


def organisation(story: Story) -> Organisation:
    """Works out all mail of an organisation, from the first day of its history to its last."""
    base = _simulated(story, story.seed)
    own = _mail(story, base, 0)
    if story.merger is not None:
        other = _simulated(story, story.seed + 5_000_000)
        there, here = other.domains[0].encode(), base.domains[0].encode()
        for mailbox, mails in _mail(story, other, story.merger).items():
            # They get addresses in the organisation's own domain; whom they know outside, nobody here has heard of.
            renamed = mailbox.replace(other.domains[0], base.domains[0])
            own.setdefault(renamed, []).extend(
                (at, replace(one, content=_renamed(one.content, there, here)), label) for at, one, label in mails
            )
            own[renamed].sort(key=lambda one: (one[0], one[1].path))
    mail: dict[str, list[tuple[datetime, Listed]]] = {}
    truth: dict[str, str] = {}
    found = Organisation(story, base, mail, truth)
    for mailbox, mails in own.items():
        mail[mailbox] = [(at, listed) for at, listed, _ in mails]
        for at, listed, label in mails:
            truth[_id(listed)] = label
            # Half of the attacks that reach an inbox are seen through, and put where they belong the next day.
            if label != BENIGN and listed.folder is Folder.INBOX and _chance(listed.path, at) < 0.5:
                found.move(mailbox, listed, Folder.JUNK, at + timedelta(days=1))
    return found


def _simulated(story: Story, seed: int) -> SimulatedSource:
    days = story.history + story.days
    return SimulatedSource(
        f"simulated:seed={seed},mailboxes={story.mailboxes},days={days},rate={story.rate},start={START},attacks=3"
    )


def _mail(story: Story, source: SimulatedSource, first: int) -> dict[str, list[tuple[datetime, Listed, str]]]:
    world = source.world
    if story.campaign is not None and first == 0:
        world = replace(world, planned=plan(world, story.campaign, 3, 1))
    found: dict[str, list[tuple[datetime, Listed, str]]] = {}
    for person in world.people:
        for delivery in stream(world, person, first, source.options.days):
            listed = source.listed(delivery)
            at = datetime.fromtimestamp(delivery.mail.time, UTC)
            found.setdefault(person.address, []).append((at, replace(listed, label=""), delivery.mail.label or BENIGN))
    return found


def _renamed(content: bytes | Skip, there: bytes, here: bytes) -> bytes | Skip:
    return content if isinstance(content, Skip) else content.replace(b"@" + there, b"@" + here)


def _id(listed: Listed) -> str:
    head = listed.content.partition(b"\r\n\r\n")[0] if isinstance(listed.content, bytes) else b""
    for line in head.replace(b"\r\n ", b" ").split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"message-id":
            return value.strip().strip(b"<>").decode("ascii", "replace")
    return ""


def _chance(path: str, at: datetime) -> float:
    return int.from_bytes(blake2b(f"{path} {at}".encode(), digest_size=8).digest(), "big") / 2**64


class QuarterSource:
    """An organisation's mail as of now. A cursor is `ARRIVED.MOVED`: how much of either was listed."""

    def __init__(self, found: Organisation) -> None:
        self._found = found
        self.uri = found.story.uri

    @property
    def domains(self) -> tuple[str, ...]:
        """The organisation's own domains."""
        return self._found.simulated.domains

    def check(self) -> list[Requirement]:
        """Whether the source answers."""
        self._answer()
        return [Requirement("simulation", True, "worked out")]

    def mailboxes(self) -> list[MailboxInfo]:
        """Every mailbox that has had mail by now."""
        self._answer()
        now = clock.now()
        return [MailboxInfo(name, len(mails)) for name, mails in sorted(self._found.mail.items()) if mails[0][0] <= now]

    def pages(self, mailbox: str, cursor: str | None) -> Iterator[Page]:
        """What came, then what was moved, after the cursor and up to now."""
        self._answer()
        now = clock.now()
        arrived, moved = map(int, (cursor or "0.0").split("."))
        for at, listed in self._upto(self._found.mail[mailbox], arrived, now):
            arrived = at
            yield Page(listed, f"{arrived}.{moved}")
        for at, listed in self._upto(self._found.moved.get(mailbox, []), moved, now):
            moved = at
            yield Page(listed, f"{arrived}.{moved}")

    def move(self, mailbox: str, path: str, folder: Folder) -> str:
        """Moves a message now. An owner whose good mail is put to junk takes it out the next day."""
        self._answer()
        every = [*self._found.mail[mailbox], *self._found.moved.get(mailbox, [])]
        listed = next(one for _, one in every if one.path == path)
        new = self._found.move(mailbox, listed, folder, clock.now())
        if folder is Folder.JUNK and self._found.truth[_id(listed)] == BENIGN:
            self._found.move(mailbox, listed, Folder.INBOX, clock.now() + timedelta(days=1))
        return new

    def _upto(
        self, mails: list[tuple[datetime, Listed]], start: int, now: datetime
    ) -> Iterator[tuple[int, tuple[Listed, ...]]]:
        while start < len(mails):
            page = tuple(listed for at, listed in mails[start : start + PAGE] if at <= now)
            if not page:
                return
            start += len(page)
            yield start, page

    def _answer(self) -> None:
        story = self._found.story
        if story.outage and story.moment(story.outage[0]) <= clock.now() < story.moment(story.outage[1]):
            raise SourceError(f"{self.uri} does not answer (simulated outage)")


@contextmanager
def fleet(stories: list[Story]) -> Iterator[dict[str, Organisation]]:
    """Within the block, the organisations' sources can be opened by their URIs; gives the organisations by URI."""
    known = {story.uri: organisation(story) for story in stories}

    @cache
    def opened(rest: str) -> QuarterSource:
        return QuarterSource(known[f"quarter:{rest.partition(':')[2] or rest}"])

    registry.schemes()
    registry.scheme("quarter", "quarter:SEED", "a simulated organisation whose mail comes in time")(opened)
    registry.schemes.cache_clear()
    try:
        yield known
    finally:
        del registry._declared["quarter"]
        registry.schemes.cache_clear()
