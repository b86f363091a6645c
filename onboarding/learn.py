"""Labelled mail from any source as training sets, and the trained models as files with their card.

What mail is comes from the source's own labels (the simulated organisation), else from the name of its folder or
mailbox (`easy-ham-1`, `spam`, `phishing`); what neither says anything of is left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from itertools import chain
from pathlib import Path

import numpy as np

from detection import models
from detection.keys import key_of
from detection.learning.card import card
from detection.learning.labels import Nature, nature_of
from detection.learning.train import Mailset, Trained, Training, train
from detection.mail.batch import MessageBatch, Row
from detection.mail.columns import Origin, row_of
from detection.mail.content import words_of
from detection.mail.message import Folder, Message, Skip
from detection.mail.ngrams import Buckets, buckets_of
from detection.mail.organisation import Organisation
from detection.mail.parse import parse
from detection.models.artifact import write_artifact
from onboarding.files import write_whole
from onboarding.sources.base import Listed, Source, SourceError
from onboarding.sources.registry import open_source
from onboarding.sources.simulated.attacks.cells import KINDS
from onboarding.sources.simulated.source import SimulatedSource
from onboarding.sources.simulated.training_source import TrainingSource

log = logging.getLogger(__name__)

SIMULATED = (
    "simulated:seed=101,mailboxes=20,days=70,rate=6,attacks=600",
    "simulated:seed=102,mailboxes=30,days=60,rate=5,attacks=600,zones=newyork+chicago,start=2024-03-04",
    "simulated:seed=103,mailboxes=10,days=110,rate=8,attacks=600,zones=berlin+london,start=2025-06-02",
    "simulated:seed=104,mailboxes=24,days=60,rate=6,attacks=600,zones=madrid+paris+london+singapore,start=2023-09-04",
)
"""Organisations that the shipped models are trained on."""

LETTERS = "simulated:training,seed=1,letters=20000"
"""Letters of many wordings that the shipped models are trained on: as much in all as the organisations together."""

_SECONDS_A_DAY = 86_400


def learn(
    uris: Sequence[str],
    simulated: Sequence[str],
    out: Path,
    how: Training | None = None,
    names: Sequence[str] = (),
) -> Trained:
    """Trains on the simulated organisations and the sources given, and writes both models and their card to `out`.

    A source given weighs as much as all simulated organisations together; `LETTERS` can be one. `names` is how the
    card calls the sources (their URIs hold paths); by default the last part of each. Raises SourceError for a source
    that cannot be read or says of no message what it is.
    """
    how = how or Training()
    called = list(names) or [uri.rstrip("/").rpartition("/")[2].rpartition(":")[2] for uri in uris]
    sets = [mailset(uri, uri, weight=1.0 / len(simulated)) for uri in simulated] + [
        mailset(uri, name) for uri, name in zip(uris, called, strict=True)
    ]
    trained = train(sets, how, log.info)
    text = write_artifact(trained.text.artifact())
    signals = write_artifact(trained.signals.artifact())
    described = card(sets, trained, how, {models.TEXT_MODEL: text, models.SIGNALS_MODEL: signals})
    out.mkdir(parents=True, exist_ok=True)
    for name, content in (
        (models.TEXT_MODEL, text),
        (models.SIGNALS_MODEL, signals),
        (models.CARD, described.encode()),
    ):
        write_whole(out / name, lambda sink, content=content: sink.write(content))  # type: ignore[misc]
    return trained


def mailset(uri: str, name: str, weight: float = 1.0) -> Mailset:
    """A source's labelled mail, every mail once, in order of time, as its organisation received it."""
    source = open_source(uri)
    found: dict[int, tuple[int, Row, Buckets, Nature, int]] = {}
    labelled = list(_labelled(source))
    organisation = Organisation(frozenset(_domains(source, [message for message, *_ in labelled])))
    times = [message.time for message, *_ in labelled if message.time is not None]
    lowest, highest = (int(q) for q in np.quantile(times, [0.01, 0.99])) if times else (0, 0)
    for message, listed, mailbox, nature in labelled:
        recipe = key_of(listed.label) if listed.label in KINDS else None
        if isinstance(source, TrainingSource):
            recipe = key_of(listed.path.rpartition("/")[0])  # its template
        time = listed.time_hint if listed.time_hint is not None else message.time
        if time is None or not lowest - _SECONDS_A_DAY <= time <= highest + _SECONDS_A_DAY:
            # Mail collected for its nature has dates of every kind; it is dealt over the time that the rest covers.
            share = int.from_bytes(blake2b(message.text.encode("utf-8", "replace"), digest_size=4).digest()) / 2**32
            time = lowest + int(share * (highest - lowest))
        owner = mailbox if "@" in mailbox else ""
        row = row_of(message, organisation, Origin(mailbox, listed.path, Folder.UNKNOWN, owner), time)
        if recipe is None:
            recipe = row["subject_shape_key"]
        found.setdefault(
            row["message_key"], (time, row, buckets_of(words_of(message.subject, message.text)), nature, recipe)
        )
    chosen = sorted(found.values(), key=lambda each: (each[0], each[1]["message_key"]))
    log.info("%s: %d labelled messages", name, len(chosen))
    if not chosen:
        raise SourceError(
            f"{uri}: no message says what it is: name its folders or mailboxes ham, spam, phishing, fraud"
        )
    return Mailset(
        name=name,
        batch=MessageBatch.from_rows([row for _, row, *_ in chosen]),
        texts=[buckets for *_, buckets, _, _ in chosen],
        nature=np.array([nature for *_, nature, _ in chosen], dtype=np.int8),
        recipe=np.array([recipe & (2**62 - 1) for *_, recipe in chosen], dtype=np.int64) >> 7,
        weight=weight,
    )


def _labelled(source: Source) -> Iterator[tuple[Message, Listed, str, Nature]]:
    kinds = frozenset(KINDS)
    for mailbox in source.mailboxes():
        for listed in chain.from_iterable(page.messages for page in source.pages(mailbox.name, None)):
            folder = "spam" if listed.folder is Folder.JUNK else ""
            said = (listed.label, folder, *reversed(listed.path.split("/")[:-1]), mailbox.name)
            nature = next((found for name in said if (found := nature_of(name, kinds)) is not None), None)
            message = parse(listed.content) if nature is not None and not isinstance(listed.content, Skip) else None
            if nature is not None and isinstance(message, Message):
                yield message, listed, mailbox.name, nature


def _domains(source: Source, messages: Sequence[Message]) -> tuple[str, ...]:
    """The organisation's own domains: known for a simulated one, else the domain that most mail is addressed to."""
    if isinstance(source, SimulatedSource | TrainingSource):
        return source.domains
    counts: dict[str, int] = {}
    for message in messages:
        for domain in {recipient.mailbox.domain for recipient in message.recipients}:
            counts[domain] = counts.get(domain, 0) + 1
    counts.pop("", None)
    return tuple(sorted(counts, key=lambda domain: (-counts[domain], domain))[:1])


Say = Callable[[str], None]
