"""Does live scoring say what the replay said? The last messages of history, sent one by one through the live path.

A snapshot of what came before them, an overlay that learns as they come, the engine on batches of one: signals and
scores have to be those that the replay stored, to the last bit. The time of each decision is taken on the way.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from detection.baselines.overlay import Overlay
from detection.baselines.snapshot import build
from detection.calibration.calibration import Calibration
from detection.decision import decide
from detection.engine import Engine
from detection.mail.batch import MessageBatch
from onboarding import scores
from onboarding.history import History
from onboarding.judged import NOTHING
from onboarding.layout import TenantLayout
from onboarding.made import read_made

SAMPLE = 200
"""Messages; more when those of the first second of the sample belong together."""
SLOW = 0.99
"""The quantile of decision times that is told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveSample:
    """What the sample showed. Times are milliseconds of processor time, of look-up, signals, detectors and decision
    together: what a busy machine adds is no property of the tenant."""

    messages: int
    alike: int
    """Of these, with every signal and score equal to the replay's."""
    differing: tuple[str, ...]
    """Names of signals and detectors that differed, up to ten."""
    median_ms: float
    slow_ms: float


def live_sample(
    layout: TenantLayout, history: History, whole: MessageBatch, calibration: Calibration, sample: int = SAMPLE
) -> LiveSample:
    """Scores the end of a history live. `whole` is the history with the columns that replaying needs, in order."""
    start = _boundary(whole, max(len(whole) - sample, 0))
    rows = np.arange(start, len(whole))
    before = whole.take(0, start)
    said = read_made(layout).said or NOTHING
    overlay = Overlay(build(before, ~said.known_bad(before)))
    engine = Engine()
    differing: set[str] = set()
    alike = 0
    took: list[float] = []
    for batch, replayed in scores.with_signals(layout, history, rows):
        assert replayed.signals is not None
        stored = np.stack(list(replayed.signals.arrays.values()))
        names = list(replayed.signals.arrays)
        for row in range(len(batch)):
            one = MessageBatch.from_arrow(batch.take(row, row + 1).to_arrow())
            begun = time.thread_time()
            facts = overlay.look_up(one)
            live = engine.score(one, facts)
            decide(one, live, calibration, facts=facts)
            took.append(1e3 * (time.thread_time() - begun))
            overlay.learn(one, ~said.known_bad(one))
            assert live.signals is not None
            values = np.array([live.signals.arrays[name][0] for name in names])
            same = (values == stored[:, row]) | (np.isnan(values) & np.isnan(stored[:, row]))
            same_scores = live.values[:, 0] == replayed.values[:, row]
            alike += bool(same.all() and same_scores.all())
            differing |= {names[at] for at in np.flatnonzero(~same)}
            differing |= {live.detectors[at] for at in np.flatnonzero(~same_scores)}
    return LiveSample(
        messages=len(rows),
        alike=alike,
        differing=tuple(sorted(differing)[:10]),
        median_ms=float(np.median(took)) if took else 0.0,
        slow_ms=float(np.quantile(took, SLOW)) if took else 0.0,
    )


def _boundary(batch: MessageBatch, row: int) -> int:
    """The nearest row at or before this one that begins a second: messages of one second do not see each other."""
    return int(np.searchsorted(batch.time, batch.time[row])) if 0 < row < len(batch) else row
