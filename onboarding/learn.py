"""The learned parts of the engine, made from labelled mail, as files with their card."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from detection import models
from detection.keys import key_of
from detection.learning.card import card
from detection.learning.labels import Nature
from detection.learning.train import Mailset, Trained, Training, train
from detection.models.artifact import write_artifact
from onboarding.files import write_whole
from onboarding.training_mail import Labelled, Letter, Source, labelled, mailset

log = logging.getLogger(__name__)

SIMULATED = (
    "simulated:seed=101,mailboxes=20,days=70,rate=6,attacks=600",
    "simulated:seed=102,mailboxes=30,days=60,rate=5,attacks=600,zones=newyork+chicago,start=2024-03-04",
    "simulated:seed=103,mailboxes=10,days=110,rate=8,attacks=600,zones=berlin+london,start=2025-06-02",
    "simulated:seed=104,mailboxes=24,days=60,rate=6,attacks=600,zones=madrid+paris+london+singapore,start=2023-09-04",
)
"""Organisations that the shipped models are trained on."""

LETTERS = "simulated:training,seed=1,letters=8000"
"""Letters of many wordings that the shipped models are trained on, sent to the organisations."""

COPIES = 2
"""Organisations that each letter is sent to, of those there are."""
AT_HOME = 4.0
"""What an organisation's own mail weighs in models for itself; other sets weigh one together."""
MOST_LENT = 600
"""Benign mails of one source that other organisations are sent."""


def learn(sources: Sequence[Source], simulated: Sequence[str], out: Path, how: Training | None = None) -> Trained:
    """Trains on the simulated organisations and the sources given, and writes both models and their card to `out`.

    A source given weighs as much as all simulated organisations together, or `AT_HOME` times as much in models for
    itself; `LETTERS` can be one. Sources without benign mail are nobody's home: the models are for others then. Raises
    SourceError for a source that cannot be read or says of no message what it is.
    """
    how = how or Training()
    given = [labelled(source) for source in sources]
    how = replace(how, at_home=how.at_home and any(map(has_benign, given)))
    found = [labelled(Source(uri, uri)) for uri in simulated] + given
    weight = AT_HOME if how.at_home else 1.0
    sets = mailsets(found, [1.0 / len(simulated) if at < len(simulated) else weight for at in range(len(found))])
    trained = train(sets, how, log.info)
    text = write_artifact(trained.text.artifact())
    signals = write_artifact(trained.signals.artifact())
    described = card(found, sets, trained, how, {models.TEXT_MODEL: text, models.SIGNALS_MODEL: signals})
    out.mkdir(parents=True, exist_ok=True)
    for name, content in (
        (models.TEXT_MODEL, text),
        (models.SIGNALS_MODEL, signals),
        (models.CARD, described.encode()),
    ):
        write_whole(out / name, lambda sink, content=content: sink.write(content))  # type: ignore[misc]
    return trained


def mailsets(found: Sequence[Labelled], weights: Sequence[float]) -> list[Mailset]:
    """Every organisation's mail, with the letters of all sources and some of the others' benign mail sent to it.

    A source without mail of its own, such as a folder of attacks, becomes none; where there is no other, it stands alone.
    """
    weighed = list(zip(found, weights, strict=True))
    hosts = [(each, weight) for each, weight in weighed if has_benign(each)]
    collected = [letter for each in found for letter in each.letters]
    if not hosts:
        return [mailset(each, each.letters, weight) for each, weight in weighed]
    sets = []
    for place, (host, weight) in enumerate(hosts):
        lent = [
            letter
            for other, _ in hosts
            if other is not host
            for letter in some(other.lent, MOST_LENT // max(1, len(hosts) - 1) if other.simulated else MOST_LENT)
        ]
        sent = [one for one in collected if (key_of(one.name) + place) % len(hosts) < COPIES] + lent
        sets.append(mailset(host, sent, weight))
        log.info("%s: %d messages with %d letters", host.name, len(sets[-1].nature), len(sent))
    return sets


def has_benign(found: Labelled) -> bool:
    """Whether a source has benign mail of its own, so that attacks can be sent into it."""
    return any(one.nature is Nature.BENIGN for one in found.own)


def some(letters: Sequence[Letter], most: int) -> list[Letter]:
    """At most so many, chosen by their names alone."""
    return sorted(letters, key=lambda one: key_of(f"lent {one.name}"))[:most]
