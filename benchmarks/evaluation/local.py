"""Models trained on the earlier part of a tenant's own mail and earlier attacks, as a user may train them on what they have."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa

from benchmarks.evaluation.attacks import Attack, send
from benchmarks.evaluation.mail import Mail, Read, junk
from detection import models
from detection.learning.labels import Nature
from detection.learning.train import Mailset, Training, train
from detection.mail.batch import MessageBatch
from detection.mail.ngrams import buckets_of
from detection.mail.organisation import Organisation
from detection.models.artifact import write_artifact
from onboarding.learn import SIMULATED, mailset
from onboarding.rehearsal.target import Target

NATURES = {"phishing": Nature.PHISHING, "fraud": Nature.FRAUD}


def simulated_sets(most: int) -> list[Mailset]:
    """Simulated organisations that shipped models are trained on, at most so many: they stand for other tenants."""
    return [mailset(uri, uri, weight=1.0 / most) for uri in SIMULATED[:most]]


def earlier_attacks(mail: Mail, cut: int, organisation: Organisation, attacks: list[Attack], seed: str) -> list[Read]:
    """Attacks as the tenant would have got them in the earlier part."""
    return send(Target(mail.batch.take(0, cut), organisation), attacks, f"{seed}/earlier")


def own_set(mail: Mail, cut: int, attacks: Sequence[Read], name: str) -> Mailset:
    """The earlier part without its junk, and attacks sent into it, as a training set."""
    earlier = mail.batch.take(0, cut)
    benign = np.flatnonzero(~junk(earlier))
    tables = [earlier.to_arrow().take(pa.array(benign))]
    words = [mail.words[row] for row in benign.tolist()]
    nature = [Nature.BENIGN] * len(benign)
    if attacks:
        tables.append(MessageBatch.from_rows([one.row for one in attacks]).to_arrow())
        words += [one.words for one in attacks]
        nature += [NATURES[one.label] for one in attacks]
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
    )


def train_into(folder: Path, sets: Sequence[Mailset], say: Callable[[str], None]) -> None:
    """Trains both models on the sets and writes them where `GATEHOUSE_MODELS` may point."""
    trained = train(sets, Training(), say)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / models.TEXT_MODEL).write_bytes(write_artifact(trained.text.artifact()))
    (folder / models.SIGNALS_MODEL).write_bytes(write_artifact(trained.signals.artifact()))
