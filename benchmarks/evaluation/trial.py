"""One tenant under the models in force: calibrated on the earlier part of its mail, tried on the later part.

All of it by the product's own functions; what is here is only which mail goes where.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter

import numpy as np

from benchmarks.evaluation.attacks import Attack, Window, send
from benchmarks.evaluation.mail import Case, junk, with_text_model
from detection.baselines.asking import facts_for
from detection.baselines.replay import replay
from detection.calibration.budget import Rehearsal
from detection.calibration.calibrate import CalibrationResult, calibrate
from detection.calibration.calibration import Calibration
from detection.calibration.campaigns import campaign_keys
from detection.calibration.pooled import pool
from detection.engine import Engine
from detection.keys import Keys
from detection.mail.batch import Bools, Floats, MessageBatch
from detection.mail.organisation import Organisation
from onboarding.calibrate import countable
from onboarding.lending import FEWEST_LENDERS
from onboarding.rehearsal.stage import rehearsals
from onboarding.rehearsal.target import Target
from onboarding.rehearsal.wordings import WordingSet
from onboarding.scores import SECONDS_A_DAY, ReplayedScores, received

EARLIER = 0.7
ALPHA, DELTA = 1e-3, 0.05
BENIGN = ("", "benign")


@dataclass(frozen=True, slots=True, eq=False)
class Trial:
    """How the later part fared. Numbers are combined numbers: the smaller, the more suspicious.

    `benign` has one value for each benign mail that came to the tenant in the later part, `rows` says which of its mail
    that is; `attacks` one for each attack, with its path and its group in `paths` and `kinds`.
    """

    result: CalibrationResult
    rows: np.ndarray[tuple[int], np.dtype[np.int64]]
    benign: Floats
    benign_scores: Floats
    campaigns: Keys
    attacks: Floats
    attack_scores: Floats
    kinds: tuple[str, ...]
    paths: tuple[str, ...]
    bare: Bools
    """Attacks without links and attachments."""
    detectors: tuple[str, ...]
    burn_in_days: int
    seconds: dict[str, float] = field(default_factory=dict)


def boundary(batch: MessageBatch, share: float = EARLIER) -> int:
    """The first row of the later part: so much of the mail, in order of time, lies before it, and no second is divided."""
    at = int(len(batch) * share)
    return int(np.searchsorted(batch.time, batch.time[at], side="left")) if at < len(batch) else len(batch)


def attempt(
    case: Case,
    batch: MessageBatch,
    words: list[bytes],
    labels: list[str],
    attacks: list[Attack],
    lenders: Sequence[bytes] = (),
) -> Trial:
    """The whole of it. `batch` was read without models; what the text model in force says is added first.

    `lenders` are other tenants' calibrations as bytes: their tails help out where the tenant's own mail certifies too
    little, as in `onboarding.calibrate`.
    """
    seconds: dict[str, float] = {}
    engine, organisation = Engine(), Organisation(frozenset(case.domains))
    with timed(seconds, "text model"):
        batch = with_text_model(batch, words)
    cut = boundary(batch) if not case.live_days else live_boundary(batch)
    hostile = np.array([label not in BENIGN for label in labels], dtype=np.bool_)
    later = np.arange(len(batch)) >= cut
    learn = ~junk(batch) & ~(hostile & later)
    with timed(seconds, "replay"):
        facts = replay(batch, learn)
    with timed(seconds, "score"):
        scores = engine.score(batch, facts, keep_signals=False).values
    earlier = batch.take(0, cut)
    with timed(seconds, "rehearse"):
        rehearsal = _rehearsed(earlier, learn[:cut], organisation, engine, case.name)
    days = batch.time // SECONDS_A_DAY
    campaigns = campaign_keys(batch.sender_key, batch.subject_shape_key, days)
    came = received(batch)
    replayed = ReplayedScores(
        engine.detectors,
        scores[:, :cut],
        campaigns[:cut],
        batch.sender_key[:cut],
        batch.time[:cut],
        came[:cut],
        junk(earlier),
    )
    with timed(seconds, "calibrate"):
        counted, warm = countable(replayed)
        made = partial(
            calibrate,
            replayed.scores[:, counted],
            replayed.detectors,
            replayed.campaigns[counted],
            replayed.days[counted],
            ~replayed.known_bad[counted],
            ALPHA,
            DELTA,
            rehearsal=rehearsal,
        )
        result = made()
        if not result.certificate.certified and len(lenders) >= FEWEST_LENDERS:
            result = made(reference=pool([Calibration.from_bytes(one) for one in lenders]))
    rows = np.flatnonzero(later & came & ~junk(batch) & ~hostile)
    with timed(seconds, "attacks"):
        sent = send(window(batch, organisation, cut), attacks, case.name)
        paths, kinds = [one.row["path"] for one in sent], [one.label for one in sent]
        values = np.zeros((len(engine.detectors), 0))
        bare = np.zeros(0, dtype=np.bool_)
        if sent:
            asked = MessageBatch.from_rows([one.row for one in sent])
            values = engine.score(asked, facts_for(asked, batch, learn), keep_signals=False).values
            bare = (asked.link_count == 0) & (asked.attachment_count == 0)
        own = np.flatnonzero(later & came & hostile & ~junk(batch))
        values = np.concatenate([values, scores[:, own]], axis=1)
        paths += [f"{batch.mailbox[row]}/{batch.path[row]}" for row in own.tolist()]
        kinds += [labels[row] for row in own.tolist()]
        bare = np.concatenate([bare, (batch.link_count[own] == 0) & (batch.attachment_count[own] == 0)])
    number = result.calibration
    return Trial(
        result,
        rows,
        number.combined(number.tail_probabilities(np.ascontiguousarray(scores[:, rows]))),
        scores[:, rows],
        campaigns[rows],
        number.combined(number.tail_probabilities(values)),
        values,
        tuple(kinds),
        tuple(paths),
        bare,
        engine.detectors,
        warm.days,
        seconds,
    )


def window(batch: MessageBatch, organisation: Organisation, cut: int) -> Window:
    """The tenant with the later part as the time of attacks."""
    return Window(batch, organisation, since=int(batch.time[cut]) if cut < len(batch) else 2**62)


def live_boundary(batch: MessageBatch) -> int:
    """Of a simulated organisation: where the mail after its history begins."""
    live = np.array([mailbox == "live" for mailbox in batch.mailbox], dtype=np.bool_)
    first = batch.time[live].min() if live.any() else batch.time[-1] + 1
    return int(np.searchsorted(batch.time, first, side="left"))


def _rehearsed(
    earlier: MessageBatch, learn: Bools, organisation: Organisation, engine: Engine, seed: str
) -> Rehearsal | None:
    """Rehearsed attacks in the wordings that weights are chosen on; None where none can be made."""
    attacks = rehearsals(Target(earlier, organisation), seed)
    chosen = [at for at, label in enumerate(attacks.labels) if label.set == WordingSet.CHOOSING]
    if not chosen:
        return None
    values = engine.score(attacks.batch, facts_for(attacks.batch, earlier, learn), keep_signals=False).values
    return Rehearsal(
        scores=values[:, chosen],
        kinds=[attacks.labels[at].kind for at in chosen],
        wordings=[attacks.labels[at].wording for at in chosen],
    )


@contextmanager
def timed(seconds: dict[str, float], name: str) -> Iterator[None]:
    """Wall seconds of a block."""
    begun = perf_counter()
    yield
    seconds[name] = perf_counter() - begun
