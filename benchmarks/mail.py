"""Mail to measure on: real mail where `corpora/` is there, else the simulated organisation's; and a tenant made of it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detection.baselines.replay import replay
from detection.baselines.snapshot import Snapshot, build
from detection.calibration.calibrate import calibrate
from detection.calibration.calibration import Calibration
from detection.calibration.campaigns import campaign_keys
from detection.engine import Engine
from detection.mail.batch import MessageBatch
from detection.mail.columns import Origin, row_of
from detection.mail.message import Skip
from detection.mail.organisation import Organisation
from detection.mail.parse import parse
from onboarding.sources.simulated import SimulatedSource

CORPORA = Path("corpora")
SIMULATED = "simulated:seed=5,mailboxes=30,days=90,rate=6"
ORIGIN = Origin("mailbox", "path")


def corpus(name: str, most: int) -> list[bytes]:
    """At most so many files of a corpus, drawn at random, always the same; empty when it is not there."""
    paths = sorted(path for path in (CORPORA / name).rglob("*") if path.is_file())
    return [path.read_bytes() for path in random.Random(1).sample(paths, min(most, len(paths)))]


def simulated(most: int) -> list[bytes]:
    """Raw mail of the simulated organisation, mailbox after mailbox."""
    source = SimulatedSource(SIMULATED)
    found: list[bytes] = []
    for mailbox in source.mailboxes():
        for page in source.pages(mailbox.name, None):
            found += [one.content for one in page.messages if isinstance(one.content, bytes)]
        if len(found) >= most:
            break
    return found[:most]


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant ready to decide."""

    organisation: Organisation
    snapshot: Snapshot
    calibration: Calibration
    engine: Engine

    def rows(self, contents: list[bytes]) -> list[dict[str, object]]:
        """The mail that can be read, as rows of columns."""
        messages = [message for content in contents if not isinstance(message := parse(content), Skip)]
        return [row_of(message, self.organisation, ORIGIN) for message in messages]


def tenant(messages: int) -> Tenant:
    """The simulated organisation after so many messages, calibrated."""
    organisation = Organisation(frozenset(SimulatedSource(SIMULATED).domains))
    parsed = [message for content in simulated(messages) if not isinstance(message := parse(content), Skip)]
    rows = sorted((row_of(message, organisation, ORIGIN) for message in parsed), key=lambda row: row["time"])
    batch = MessageBatch.from_rows(rows)
    engine = Engine()
    scores = engine.score(batch, replay(batch), keep_signals=False)
    days = batch.time // 86_400
    campaigns = campaign_keys(batch.sender_key, batch.subject_shape_key, days)
    benign = np.ones(len(batch), dtype=np.bool_)
    result = calibrate(scores.values, scores.detectors, campaigns, days, benign, 1e-2, 0.05, audit=False)
    return Tenant(organisation, Snapshot.of(build(batch)), result.calibration, engine)
