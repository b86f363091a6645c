"""Labelled mail as training sets: organisations with what came to them, and letters sent to each of them.

What a mail is comes from the source's own labels (the simulated organisation), else from the name of its folder or
mailbox (`easy-ham-1`, `spam`, `phishing`); what neither says anything of is left out.

Attacks that were collected for their nature say by their headers where they were caught, and to whom; so each is a
*letter*: it is sent anew to every organisation of the training, to its mailboxes, in its time and in headers like those
of its own mail (`onboarding.rehearsal.folder`). Benign letters of others are sent the same way, so that nothing in the
manner of sending tells attacks from the rest.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain

import numpy as np

from detection.keys import key_of
from detection.learning.labels import Nature, nature_of
from detection.learning.train import Mailset
from detection.mail.batch import MessageBatch, Row
from detection.mail.columns import Origin, row_of
from detection.mail.content import words_of
from detection.mail.message import Folder, Message, Skip
from detection.mail.ngrams import Buckets, buckets_of
from detection.mail.organisation import Organisation
from detection.mail.parse import parse
from onboarding.rehearsal.folder import retarget
from onboarding.rehearsal.target import Target
from onboarding.sources.base import Listed, SourceError
from onboarding.sources.base import Source as MailSource
from onboarding.sources.registry import open_source
from onboarding.sources.simulated.attacks.cells import KINDS
from onboarding.sources.simulated.source import SimulatedSource
from onboarding.sources.simulated.training_source import TrainingSource

log = logging.getLogger(__name__)

_SECONDS_A_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Source:
    """Labelled mail to train on. `name` is how the card calls it (its URI holds paths).

    `domains` are its organisation's; by default the one that most mail is addressed to. Of its benign mail only the
    `earliest` share is used, so that a model can be tried on the rest.
    """

    uri: str
    name: str
    domains: tuple[str, ...] = ()
    earliest: float = 1.0


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to be sent to organisations: `recipe` names the pattern it was written after, `name` the letter itself."""

    name: str
    message: Message
    nature: Nature
    recipe: int


@dataclass(frozen=True, slots=True)
class One:
    """A mail of a training set."""

    time: int
    row: Row
    texts: Buckets
    nature: Nature
    recipe: int
    share: float = 1.0


@dataclass(frozen=True, slots=True)
class Labelled:
    """What a source holds: mail that is its organisation's own, and letters that were collected for their nature."""

    name: str
    organisation: Organisation
    own: tuple[One, ...]
    letters: tuple[Letter, ...]
    lent: tuple[Letter, ...]
    """Its benign mail from outside, as letters that other organisations may be sent."""
    simulated: bool


def labelled(mail: Source) -> Labelled:
    """A source's labelled mail, every mail once, in order of time.

    Of a simulated organisation all is its own, attacks included; of another source what is benign; of the invented
    training letters nothing is. Raises SourceError for a source that says of no message what it is.
    """
    source, uri = open_source(mail.uri), mail.uri
    found = list(_labelled(source))
    if not found:
        raise SourceError(
            f"{uri}: no message says what it is: name its folders or mailboxes ham, spam, phishing, fraud"
        )
    simulated, invented = isinstance(source, SimulatedSource), isinstance(source, TrainingSource)
    organisation = Organisation(frozenset(mail.domains or _domains(source, [message for message, *_ in found])))
    times = [message.time for message, _, _, nature in found if message.time is not None and nature is Nature.BENIGN]
    lowest, highest = (int(q) for q in np.quantile(times, [0.01, 0.99])) if times else (0, 0)
    own: dict[int, One] = {}
    letters: dict[int, Letter] = {}
    lent: dict[int, Letter] = {}
    for message, listed, mailbox, nature in found:
        time = listed.time_hint if listed.time_hint is not None else message.time
        if time is None or not lowest - _SECONDS_A_DAY <= time <= highest + _SECONDS_A_DAY:
            # Mail collected for its nature has dates of every kind; it is dealt over the time that the rest covers.
            share = int.from_bytes(blake2b(message.text.encode("utf-8", "replace"), digest_size=4).digest()) / 2**32
            time = lowest + int(share * (highest - lowest))
        owner = mailbox if "@" in mailbox else ""
        row = row_of(message, organisation, Origin(mailbox, listed.path, Folder.UNKNOWN, owner), time)
        key = row["message_key"]
        recipe = key_of(listed.label) if listed.label in KINDS else row["subject_shape_key"]
        if invented:
            recipe = key_of(listed.path.rpartition("/")[0])  # its template
        if simulated or (nature is Nature.BENIGN and not invented):
            words = buckets_of(words_of(message.subject, message.text))
            own.setdefault(key, One(time, row, words, nature, recipe))
            if nature is Nature.BENIGN and not row["sender_is_own"]:
                lent.setdefault(key, Letter(f"{mailbox}/{listed.path}", message, nature, recipe))
        else:
            letters.setdefault(key, Letter(f"{mailbox}/{listed.path}", message, nature, recipe))
    ordered = sorted(own.values(), key=_in_time)
    kept = tuple(ordered[: int(len(ordered) * mail.earliest)])
    log.info("%s: %d messages of its own, %d letters", mail.name, len(kept), len(letters))
    among = {one.row["message_key"] for one in kept}
    return Labelled(
        mail.name,
        organisation,
        kept,
        tuple(letters[key] for key in sorted(letters)),
        tuple(lent[key] for key in sorted(lent) if key in among),
        simulated,
    )


def mailset(labelled: Labelled, letters: Sequence[Letter] = (), weight: float = 1.0, share: float = 1.0) -> Mailset:
    """An organisation's mail with letters sent to it; each letter weighs `share` of what a mail of its own does.

    Nobody to send them to, as where a source holds attacks only: they stand for themselves.
    """
    own = list(labelled.own)
    benign = [one for one in own if one.nature is Nature.BENIGN]
    target = Target(MessageBatch.from_rows([one.row for one in benign]), labelled.organisation) if benign else None
    sendable = target is not None and bool(len(target.received)) and bool(target.victims)
    for letter in letters:
        texts = buckets_of(words_of(letter.message.subject, letter.message.text))
        draw = random.Random(f"{labelled.name}/{letter.name}")
        if target is not None and sendable:
            row = retarget(target, letter.message, str(letter.nature), draw)[1].row
        else:
            origin = Origin("letters", letter.name, Folder.UNKNOWN)
            row = row_of(letter.message, labelled.organisation, origin, letter.message.time or 0)
        own.append(One(row["time"], row, texts, letter.nature, letter.recipe, share))
    own.sort(key=_in_time)
    recipes = np.array([one.recipe & (2**62 - 1) for one in own], dtype=np.int64) >> 7
    return Mailset(
        name=labelled.name,
        batch=MessageBatch.from_rows([one.row for one in own]),
        texts=[one.texts for one in own],
        nature=np.array([one.nature for one in own], dtype=np.int8),
        recipe=recipes,
        weight=weight,
        share=np.array([one.share for one in own], dtype=np.float64),
    )


def _in_time(one: One) -> tuple[int, int]:
    return one.time, one.row["message_key"]


def _labelled(source: MailSource) -> Iterator[tuple[Message, Listed, str, Nature]]:
    kinds = frozenset(KINDS)
    for mailbox in source.mailboxes():
        for listed in chain.from_iterable(page.messages for page in source.pages(mailbox.name, None)):
            folder = "spam" if listed.folder is Folder.JUNK else ""
            said = (listed.label, folder, *reversed(listed.path.split("/")[:-1]), mailbox.name)
            nature = next((found for name in said if (found := nature_of(name, kinds)) is not None), None)
            message = parse(listed.content) if nature is not None and not isinstance(listed.content, Skip) else None
            if nature is not None and isinstance(message, Message):
                yield message, listed, mailbox.name, nature


def _domains(source: MailSource, messages: Sequence[Message]) -> tuple[str, ...]:
    """The organisation's own domains: known for a simulated one, else the domain that most mail is addressed to."""
    if isinstance(source, SimulatedSource | TrainingSource):
        return source.domains
    counts: dict[str, int] = {}
    for message in messages:
        for domain in {recipient.mailbox.domain for recipient in message.recipients}:
            counts[domain] = counts.get(domain, 0) + 1
    counts.pop("", None)
    return tuple(sorted(counts, key=lambda domain: (-counts[domain], domain))[:1])
