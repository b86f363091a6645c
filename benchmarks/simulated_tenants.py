"""Simulated organisations as columns, with what each mail is: history, and the mail that comes after it."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import chain

import numpy as np

from detection.baselines.replay import replay
from detection.calibration.campaigns import campaign_keys
from detection.engine import Engine
from detection.keys import Keys
from detection.mail.batch import Bools, Floats, Ints, MessageBatch, Row
from detection.mail.organisation import Organisation
from onboarding import scores
from onboarding.parsing import Belief, parse_listed
from onboarding.scores import SECONDS_A_DAY
from onboarding.sources.base import Listed
from onboarding.sources.simulated.source import SimulatedSource

BENIGN = "benign"
FAR = 1 << 40
"""A clock that believes every date."""


@dataclass(frozen=True, slots=True, eq=False)
class Mail:
    """An organisation's mail in order of time. `attack` bool[n]; `later` bool[n]: it came after history."""

    rows: list[Row]
    attack: Bools
    later: Bools

    def keep(self, wanted: Bools) -> Mail:
        """Some of it."""
        return Mail([self.rows[i] for i in np.flatnonzero(wanted)], self.attack[wanted], self.later[wanted])


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """What calibration and evaluation take: of received mail, as of its own time. Arrays over n messages."""

    detectors: tuple[str, ...]
    scores: Floats
    campaigns: Keys
    senders: Keys
    days: Ints
    known_bad: Bools
    attack: Bools
    later: Bools


def mail_of(uri: str, days_after: int, per_kind: int) -> Mail:
    """The organisation's history and `days_after` days more, with `per_kind` attacks of each kind in those days."""
    source = SimulatedSource(uri)
    organisation, belief = Organisation(frozenset(source.domains)), Belief(now=FAR)
    history = (
        (listed, False)
        for box in source.mailboxes()
        for page in source.pages(box.name, None)
        for listed in page.messages
    )
    after = ((listed, True) for listed in source.live(days_after, per_kind))
    found: dict[int, tuple[Row, bool, bool]] = {}
    for listed, later in chain(history, after):
        row = parse_listed(listed, listed.path.partition("/")[0], organisation, belief)
        if isinstance(row, dict):
            found.setdefault(row["message_key"], (row, is_attack(listed), later))
    ordered = sorted(found.values(), key=lambda one: (one[0]["time"], one[0]["message_key"]))
    return Mail(
        [row for row, _, _ in ordered],
        np.array([attack for _, attack, _ in ordered], dtype=np.bool_),
        np.array([later for _, _, later in ordered], dtype=np.bool_),
    )


def is_attack(listed: Listed) -> bool:
    """By the simulation's word; mail without a label is ordinary spam in a junk folder."""
    return bool(listed.label) and listed.label != BENIGN


def thinned(mail: Mail, share: float, seed: int) -> Mail:
    """Of the attacks in history only so many stay that they are this share of it; the benign mail is the same."""
    at = np.flatnonzero(mail.attack & ~mail.later)
    benign = int((~mail.attack & ~mail.later).sum())
    wanted = min(round(share * benign / (1.0 - share)), len(at))
    keep = np.ones(len(mail.rows), dtype=np.bool_)
    keep[at] = False
    keep[random.Random(seed).sample(at.tolist(), wanted)] = True
    return mail.keep(keep)


def scored(mail: Mail) -> Scored:
    """The mail through the engine, as-of. Attacks hidden in history are learned from, as nobody knows them; later
    ones are not: they are tried, not lived with."""
    batch = MessageBatch.from_rows(mail.rows)
    bad = scores.known_bad(batch)
    result = Engine().score(batch, replay(batch, ~bad & ~(mail.attack & mail.later)), keep_signals=False)
    rows = np.flatnonzero(scores.received(batch))
    days = batch.time // SECONDS_A_DAY
    return Scored(
        detectors=result.detectors,
        scores=np.ascontiguousarray(result.values[:, rows]),
        campaigns=campaign_keys(batch.sender_key, batch.subject_shape_key, days)[rows],
        senders=batch.sender_key[rows],
        days=days[rows],
        known_bad=bad[rows],
        attack=mail.attack[rows],
        later=mail.later[rows],
    )
