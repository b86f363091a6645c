"""The object the engine scores with: what each detector's score means at this tenant, and where attack begins.

    p = calibration.tail_probabilities(scores)      # float64[D, n]
    number = calibration.combined(p)                # float64[n]
    attack = number <= calibration.attack_threshold
    named_by = calibration.shares(p).argmin(axis=0) # the detector that attains the minimum

Every row costs the same few array operations, and one message gives the same bits as a million.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from typing import TYPE_CHECKING, Self

import numpy as np

from detection.calibration.certificate import Certificate, score_of
from detection.calibration.tails import Tail, TailTable

if TYPE_CHECKING:
    from detection.mail.batch import Floats, Ints


@dataclass(frozen=True, eq=False, kw_only=True)
class Calibration:
    """An immutable version. Sequences have one entry a detector, in the order of `detectors`."""

    detectors: tuple[str, ...]
    own_tails: tuple[Tail, ...]
    reference_tails: tuple[Tail | None, ...]
    """Other tenants' pooled tails, where there are any."""
    reference_weights: tuple[float, ...]
    """Their share in the mixture; 0 without one."""
    weights: tuple[float, ...]
    """Shares of the budget, adding up to 1 (over detectors without a threshold of an admin)."""
    fixed_weights: tuple[float | None, ...]
    """Those that an admin set."""
    fixed_thresholds: tuple[float | None, ...]
    """Scores at which an admin wants the detector to flag, whatever the budget; such a detector has no share in it."""
    combined_tail: Tail
    """Of -ln(combined number) over the certifying part: what `pool` lends to other tenants."""
    certificate: Certificate
    suspicious_certificate: Certificate

    @property
    def attack_threshold(self) -> float:
        """A message is an `attack` when its combined number is at or below this."""
        return self.certificate.threshold

    @property
    def suspicious_threshold(self) -> float:
        """A message is at least `suspicious` when its combined number is at or below this; never below the other."""
        return self.suspicious_certificate.threshold

    def tail_probabilities(self, scores: Floats) -> Floats:
        """float64[D, n] in (0, 1] of `scores` float64[D, n].

        A detector with an admin's threshold has no tail of its own: 0 at or above the threshold, 1 below it.
        Raises ValueError for a wrong number of rows or a score that is not finite.
        """
        if scores.ndim != 2 or len(scores) != len(self.detectors):
            raise ValueError(
                f"scores have shape {scores.shape}; this calibration wants one row for each of its "
                f"{len(self.detectors)} detectors: {', '.join(self.detectors)}"
            )
        refuse_not_finite(scores, self.detectors)
        p = self._own.evaluate(scores)
        if self._referenced.size:
            p[self._referenced] *= 1.0 - self._reference_weight
            p[self._referenced] += self._reference_weight * self._reference.evaluate(scores[self._referenced])
        if self._fixed.size:
            p[self._fixed] = np.where(scores[self._fixed] >= self._fixed_threshold, 0.0, 1.0)
        return p

    def shares(self, p: Floats) -> Floats:
        """p_d / w_d, float64[D, n]: the detector with the least one names the kind. `p` as by `tail_probabilities`."""
        return np.asarray(p * self._inverse_weight)

    def combined(self, p: Floats) -> Floats:
        """The combined number, float64[n]: the least of `shares`; 0 where an admin's threshold is passed."""
        return np.asarray(np.minimum.reduce(self.shares(p), axis=0, initial=np.inf))

    def rarity(self, combined: Floats) -> Floats:
        """float64[n] in (0, 1]: the share of benign campaigns with a combined number this small or smaller.

        The combined number orders messages, but as a minimum over detectors it is no probability itself; this is.
        """
        return np.asarray(self._rarity.evaluate(score_of(combined)[None, :])[0])

    def scores_at(self, number: float) -> tuple[float | None, ...]:
        """For each detector the least score whose share p_d / w_d is at or below `number`; None when there is none.

        Exact to the last bit, by search over the ordered doubles up to 1e300: tails are monotone.
        """
        end = _ordinal(1e300)
        ends = np.repeat(np.array([[-end, 0, end]]), len(self.detectors), axis=0)
        reached = self.shares(self.tail_probabilities(_double(ends))) <= number
        low = np.where(reached[:, 1:2], -end, 0)
        high = np.where(reached[:, 1:2], 0, end)
        # 255 inner points a round: eight rounds of one look-up each instead of sixty-four.
        while (high - low).max() > 1:
            points = np.minimum(low + np.maximum((high - low) >> 8, 1) * np.arange(1, 256), high)
            hit = self.shares(self.tail_probabilities(_double(points))) <= number
            first = np.where(hit.any(axis=1), hit.argmax(axis=1), 255)[:, None]
            around = np.concatenate((low, points, high), axis=1)
            low, high = np.take_along_axis(around, first, axis=1), np.take_along_axis(around, first + 1, axis=1)
        scores = np.where(reached[:, 0], -1e300, _double(high)[:, 0])
        return tuple(float(x) if hit else None for hit, x in zip(reached[:, 2], scores, strict=True))

    def to_bytes(self) -> bytes:
        """The artifact; the same calibration gives the same bytes."""
        from detection.calibration.artifact import write

        return write(self)

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """Reads what `to_bytes` wrote. Raises ValueError for anything else, saying what is wrong with it."""
        from detection.calibration.artifact import read

        return cls(**read(data))

    @cached_property
    def digest(self) -> str:
        """Identity of the content: BLAKE2b of the artifact, 32 hexadecimal digits."""
        return blake2b(self.to_bytes(), digest_size=16).hexdigest()

    @cached_property
    def _rarity(self) -> TailTable:
        return TailTable((self.combined_tail,))

    @cached_property
    def _own(self) -> TailTable:
        mixed = [reference is not None for reference in self.reference_tails]
        return TailTable(tuple(t.counted_only() if m else t for t, m in zip(self.own_tails, mixed, strict=True)))

    @cached_property
    def _reference(self) -> TailTable:
        return TailTable(tuple(tail for tail in self.reference_tails if tail is not None))

    @cached_property
    def _referenced(self) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        return np.array([row for row, tail in enumerate(self.reference_tails) if tail is not None], dtype=np.intp)

    @cached_property
    def _reference_weight(self) -> Floats:
        return np.array(self.reference_weights, dtype=np.float64)[self._referenced, None]

    @cached_property
    def _fixed(self) -> np.ndarray[tuple[int], np.dtype[np.intp]]:
        return np.array([row for row, at in enumerate(self.fixed_thresholds) if at is not None], dtype=np.intp)

    @cached_property
    def _fixed_threshold(self) -> Floats:
        return np.array([at for at in self.fixed_thresholds if at is not None], dtype=np.float64)[:, None]

    @cached_property
    def _inverse_weight(self) -> Floats:
        # A detector with an admin's threshold: 0 stays 0, 1 becomes a number that no threshold reaches.
        # A detector with the share 0 is silent: p > 0 becomes infinite.
        values = [
            1e300 if at is not None else (1.0 / weight if weight > 0.0 else np.inf)
            for weight, at in zip(self.weights, self.fixed_thresholds, strict=True)
        ]
        return np.array(values, dtype=np.float64)[:, None]


def refuse_not_finite(scores: Floats, detectors: tuple[str, ...]) -> None:
    """Raises ValueError naming the first score that is NaN or infinite: it would have no place in any tail."""
    if np.isfinite(scores).all():
        return
    row, column = (int(i) for i in np.argwhere(~np.isfinite(scores))[0])
    raise ValueError(
        f"detector {detectors[row]} gave {float(scores[row, column])!r} for message {column}: a score must be finite; "
        f"decide what an unknown signal means to it"
    )


def _ordinal(value: float) -> int:
    """Doubles as integers in the same order."""
    bits = int(np.float64(value).view(np.int64))
    return bits if bits >= 0 else -(bits & 0x7FFFFFFFFFFFFFFF)


def _double(ordinals: Ints) -> Floats:
    """The inverse of `_ordinal`, element by element."""
    magnitude = np.abs(ordinals).view(np.float64)
    return np.where(ordinals < 0, -magnitude, magnitude)
