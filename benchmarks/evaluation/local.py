"""Models trained on the earlier part of a tenant's own mail and earlier attacks, as a user may train them on what they have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np
import pyarrow as pa

from benchmarks.evaluation.attacks import Attack, send
from benchmarks.evaluation.mail import Case, Mail, Read, junk
from detection import models
from detection.keys import key_of
from detection.learning.labels import Nature
from detection.learning.train import Mailset, Training, train
from detection.mail.batch import MessageBatch
from detection.mail.content import words_of
from detection.mail.message import Skip
from detection.mail.ngrams import buckets_of
from detection.mail.organisation import Organisation
from detection.mail.parse import parse
from detection.models.artifact import write_artifact
from onboarding.learn import AT_HOME, LETTERS, SIMULATED, mailsets, some
from onboarding.rehearsal.folder import retarget
from onboarding.rehearsal.target import Target
from onboarding.training_mail import Labelled, Letter, Source, labelled

NATURES = {"phishing": Nature.PHISHING, "fraud": Nature.FRAUD}
INVENTED = 3_000
"""Invented letters that are sent to the simulated organisations."""
LENT = 600
"""Benign mails of others, and invented letters, that are sent into the tenant's own mail."""


@dataclass(frozen=True, slots=True, eq=False)
class Others:
    """What local models are trained on besides the tenant's own mail: it stands for other tenants, and for the vendor."""

    sets: list[Mailset]
    letters: tuple[Letter, ...]
    lent: tuple[Letter, ...]
    """Benign mail of others."""


def others(most: int, attacks: Sequence[Attack]) -> Others:
    """Simulated organisations that shipped models are trained on, at most so many, with the invented letters, and the
    earlier attacks sent to them."""
    found: list[Labelled] = [labelled(Source(uri, uri)) for uri in SIMULATED[:most]]
    invented = labelled(Source(LETTERS, LETTERS))
    invented = replace(invented, letters=tuple(some(invented.letters, INVENTED)))
    sent = replace(invented, letters=(*invented.letters, *caught(attacks)))
    sets = mailsets([*found, sent], [1.0 / most] * (len(found) + 1))
    return Others(sets, invented.letters, tuple(one for each in found for one in some(each.lent, LENT // most)))


def caught(attacks: Sequence[Attack]) -> list[Letter]:
    """Attacks as letters; those that cannot be parsed are left out."""
    found = []
    for attack in attacks:
        message = parse(attack.raw)
        if not isinstance(message, Skip):
            recipe = key_of(message.subject)
            found.append(Letter(f"{attack.kind}/{attack.name}", message, NATURES[attack.kind], recipe))
    return found


def earlier_attacks(mail: Mail, cut: int, organisation: Organisation, attacks: list[Attack], seed: str) -> list[Read]:
    """Attacks as the tenant would have got them in the earlier part."""
    return send(Target(mail.batch.take(0, cut), organisation), attacks, f"{seed}/earlier")


def own_set(mail: Mail, cut: int, attacks: Sequence[Read], case: Case, besides: Others) -> Mailset:
    """The earlier part without its junk, and attacks sent into it, as a training set.

    Invented letters and benign mail of others are sent into it as well, so that nothing in the manner of sending tells
    attacks from the rest.
    """
    name, target = case.name, Target(mail.batch.take(0, cut), Organisation(frozenset(case.domains)))
    earlier = mail.batch.take(0, cut)
    benign = np.flatnonzero(~junk(earlier))
    tables = [earlier.to_arrow().take(pa.array(benign))]
    words = [mail.words[row] for row in benign.tolist()]
    nature = [Nature.BENIGN] * len(benign)
    if attacks:
        tables.append(MessageBatch.from_rows([one.row for one in attacks]).to_arrow())
        words += [one.words for one in attacks]
        nature += [NATURES[one.label] for one in attacks]
    if len(target.received) and target.victims:
        letters = [*besides.lent, *some(besides.letters, LENT)]
        sent = [retarget(target, one.message, "letter", Random(f"{name}/{one.name}"))[1].row for one in letters]
        tables.append(MessageBatch.from_rows(sent).to_arrow())
        words += [words_of(one.message.subject, one.message.text) for one in letters]
        nature += [one.nature for one in letters]
    together = pa.concat_tables(tables)
    order = np.lexsort((together.column("message_key").to_numpy(), together.column("time").to_numpy()))
    batch = MessageBatch.from_arrow(together.take(pa.array(order)).combine_chunks())
    recipe = (batch.subject_shape_key & np.uint64(2**62 - 1)).astype(np.int64) >> 7
    return Mailset(
        name=name,
        batch=batch,
        texts=[buckets_of(words[at]) for at in order.tolist()],
        nature=np.array([nature[at] for at in order.tolist()], dtype=np.int8),
        recipe=recipe,
        weight=AT_HOME,
    )


def train_into(folder: Path, sets: Sequence[Mailset], say: Callable[[str], None]) -> None:
    """Trains both models on the sets and writes them where `GATEHOUSE_MODELS` may point."""
    trained = train(sets, Training(at_home=True), say)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / models.TEXT_MODEL).write_bytes(write_artifact(trained.text.artifact()))
    (folder / models.SIGNALS_MODEL).write_bytes(write_artifact(trained.signals.artifact()))
