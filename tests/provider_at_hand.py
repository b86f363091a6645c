"""A provider's mail in small, faults to try it with, and what is read and ingested of it: for every simulated provider."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from simulators.faults import FaultPlan
from simulators.organisation import Organisation
from tenants_at_hand import register

from detection.mail.message import Folder
from onboarding import store
from onboarding.connect import connect
from onboarding.database import mailboxes
from onboarding.database.mailboxes import Mailbox, Totals
from onboarding.ingest import ingest
from onboarding.lifecycle import MailboxState
from onboarding.run import ONBOARD, running
from onboarding.sources.base import Listed, Page, ReadsBack, Source
from onboarding.workspace import Workspace

ANN = "user0@acme.example"

FASTER = 40.0
"""How many times faster than ours the source's time passes: waits of seconds take milliseconds."""


def letter(number: int, sender: str = "bob@partner.example", to: str = ANN, size: int = 0) -> bytes:
    """A small mail, in CRLF as providers give it."""
    return (
        f"From: Bob <{sender}>\r\nTo: Ann <{to}>\r\nSubject: note {number}\r\n"
        f"Message-ID: <{number}.{sender}>\r\nDate: Mon, 1 Jun 2026 10:00:00 +0000\r\n\r\nhello {number}\r\n"
    ).encode() + b"x" * size


def small(mailboxes: int = 3, messages: int = 45) -> Organisation:
    """A few mailboxes with two months of mail; several messages share a second."""
    made = Organisation("acme.example")
    now = int(time.time())
    for number in range(mailboxes):
        address = f"user{number}@acme.example"
        made.open(address)
        for count in range(messages):
            kind = (Folder.INBOX, Folder.INBOX, Folder.SENT, Folder.JUNK, Folder.OTHER)[count % 5]
            received = now - 60 * 86_400 + (count // 3) * 86_400
            made.deliver(address, letter(1000 * number + count, to=address), received, kind)
    return made


def all_of(source: ReadsBack, mailbox: str, cursor: str | None = None, since: int | None = None) -> list[Page]:
    """Every page behind a cursor."""
    return list(source.history(mailbox, cursor, since))


def listed(pages: Iterable[Page]) -> list[Listed]:
    """Every message on them."""
    return [message for page in pages for message in page.messages]


def ids(pages: Iterable[Page]) -> list[str]:
    """The ids of every message on them."""
    return [message.path.rpartition("/")[2] for message in listed(pages)]


def read_with_stops(
    source: Source, mailbox: str, chance: random.Random, meanwhile: Callable[[int, str | None], None], rounds: int = 9
) -> Counter[str]:
    """How often each message was recorded, by its path, when reading is stopped anywhere before a page is recorded, and goes
    on from there. `meanwhile`, given the round and the cursor, is what happens between two rounds; the last ends."""
    recorded: Counter[str] = Counter()
    cursor: str | None = None
    for round_ in range(rounds):
        last = round_ == rounds - 1
        for page in source.pages(mailbox, cursor):
            if not last and chance.random() < 0.3:
                break
            recorded.update(message.path for message in page.messages)
            cursor = page.cursor
        if not last:
            meanwhile(round_, cursor)
    return recorded


FAULTS = [
    FaultPlan(throttle=0.2),
    FaultPlan(throttle=0.2, retry_after="none"),
    FaultPlan(throttle=0.2, retry_after="zero"),
    FaultPlan(throttle=0.2, retry_after="date"),
    FaultPlan(unavailable=0.2),
    FaultPlan(cut=0.2),
    FaultPlan(truncated=0.2),
    FaultPlan(slow=0.2, slow_seconds=0.05),
    FaultPlan(token_requests=5),
    FaultPlan(token_seconds=1),
    FaultPlan(duplicates=0.4, reordered=True),
    FaultPlan(lost_cursor=0.7),
    FaultPlan(deleted_meanwhile=0.1),
]
"""Every kind of fault by itself; plans drawn at random are added to them."""


@dataclass
class Ingested:
    """What was ingested of a tenant."""

    totals: Totals
    mailboxes: dict[str, Mailbox]
    paths: Counter[str]
    finished: list[str]
    """Mailboxes in the order in which they were read to their end."""


def ingested_from(workspace: Workspace, source: Source) -> Ingested:
    """Connects tenant acme to the source and ingests its mail, as a run does."""
    register(workspace, "acme", source.uri, "acme.example")
    with running(workspace, "acme", ONBOARD, actor="test") as token:
        ingest(workspace, token, list(connect(workspace, token)))
    with workspace.database.session("acme") as session:
        every = mailboxes.all_of(session, "acme")
        files = [part.file for part in mailboxes.parts(session, "acme") if part.file]
        totals = mailboxes.totals(session, "acme")
    read = [store.read_part(workspace.layout("acme"), file, ["path"]) for file in files]
    paths = Counter(path for table in read for path in table.column("path").to_pylist())
    finished = sorted(every, key=lambda mailbox: mailbox.updated_at)
    return Ingested(totals, {one.name: one for one in every}, paths, [one.name for one in finished])


def accounted(found: Ingested, organisation: Organisation, id_of: Callable[[str], str] = str) -> None:
    """Everything listed is stored, a duplicate or skipped, once; `id_of` makes the source's id of the organisation's."""
    totals = found.totals
    assert totals.listed == totals.stored + totals.duplicates + sum(totals.skipped.values())
    assert max(found.paths.values()) == 1
    assert totals.listed == sum(found.paths.values()) + sum(totals.skipped.values())
    unread = {name for name, mailbox in found.mailboxes.items() if mailbox.state is MailboxState.FAILED}
    there = {f"{address}/{id_of(item.id)}" for address, item in organisation.messages() if address not in unread}
    assert {path for path in found.paths if path.partition("/")[0] not in unread} == there
