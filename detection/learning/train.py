"""From labelled mail to the two models: what the words say, and what all signals together say.

The model over signals reads the text model's numbers. Were those made by a model that had seen the same mail, the
trees would trust them far too much; so each half of the mail is read by a text model fitted to the other half, halves
being drawn by recipe or subject and never by message. The quality that is reported comes from the same halves.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from detection.baselines.replay import replay
from detection.detectors.model import HEADS, SignalsModel
from detection.detectors.trees import Trees, mean_of, stacked
from detection.learning.boosting import Boosting, boost
from detection.learning.labels import Nature
from detection.learning.signs import signs_of
from detection.learning.words import Natures, fit_text_model, predict, rows_of, wanted_by_heads
from detection.mail import text_model
from detection.mail.batch import Bools, Floats, MessageBatch
from detection.mail.ngrams import Buckets
from detection.mail.text_model import TextModel
from detection.signals.registry import ROWS, compute_signals

ATTACKS = {"phishing": (Nature.PHISHING,), "fraud": (Nature.FRAUD,)}
"""What each head of trees is to find. Unasked-for offers are neither attacks nor benign to it: a tenant's own mail holds
many of them, and trees that look for them spend the budget on those."""

UNREAD = {"phishing": frozenset(f"text_model_{head}" for head in text_model.HEADS)}
"""Signals that half of the draws of a head may not ask in models for others. Words of phishing do not carry over: among
the newsletters and notices that are new to another organisation they find as much as among attacks, and trees that
trust them do worse there than trees that know only how the mail is made and who sends it; but where the two kinds are
alike, words find what the others miss. The mean of both is steadier than either. The text's log-odds stay signals of
their own."""

UNASKED = frozenset(
    {
        *("sole_own_recipient", "new_recipient_share", "own_recipient_count", "recipient_named", "cc_share"),
        *("recipient_messages_most", "recipient_senders_most", "recipient_exposure", "recipient_importance"),
        *("recipient_correspondents_most", "reference_count"),
    }
)
"""Signals that no learned model may ask: they tell a letter that was sent to one mailbox by us, for training or in a
rehearsal, from what really came, and would be trusted for that."""

CHUNK = 8_192


@dataclass(frozen=True, slots=True, eq=False)
class Mailset:
    """Labelled mail of one organisation, in order of time: n messages.

    `texts` are the buckets of each text, `nature` int8[n] of `Nature`, `recipe` int64[n] what was written after one
    pattern (such messages are never split between fitting and measuring), `weight` what the set counts for in all.
    """

    name: str
    batch: MessageBatch
    texts: Sequence[Buckets]
    nature: Natures
    recipe: npt.NDArray[np.int64]
    weight: float = 1.0
    share: Floats | None = None
    """float64[n]: what each message counts for against the others of the set; None: all alike."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """Parameters of a training."""

    boosting: Boosting = field(default_factory=Boosting)
    draws: int = 2
    """Sums of trees that each way of asking is grown to, from other draws of signals; a head says the mean of them."""
    signed_only: bool = True
    """Whether only signals may be asked whose direction the heuristic detectors declare."""
    at_home: bool = False
    """Whether the models are for the organisations whose mail they are trained on. Their newsletters and notices are known
    then, so words may be trusted for phishing as well."""


@dataclass(frozen=True, slots=True, eq=False)
class Trained:
    """Both models, and the log-odds that mail got from models that had not seen its recipes: float64[heads, n]."""

    text: TextModel
    signals: SignalsModel
    nature: Natures
    held_out_text: Floats
    held_out: Floats


def train(sets: Sequence[Mailset], how: Training = Training(), say: Callable[[str], None] = lambda _: None) -> Trained:
    """Fits both models. Same mail, same parameters: same models, to the bit.

    Raises ValueError when the mail holds no benign mail, or no attacks.
    """
    nature = np.concatenate([each.nature for each in sets])
    if not (nature == Nature.BENIGN).any() or not (nature != Nature.BENIGN).any():
        raise ValueError("training needs both benign mail and attacks: give sources whose folders or labels say so")
    weight = np.concatenate([_weights(each) for each in sets])
    half = np.concatenate([s.recipe for s in sets]) % 2 == 0
    texts, text_of = _different([buckets for each in sets for buckets in each.texts], nature)
    say(f"reading the words of {len(texts):,} texts of {len(nature):,} messages")
    rows = rows_of([buckets for each in sets for buckets in each.texts])
    words = np.empty((len(text_model.HEADS), len(nature)))
    wanted, benign = wanted_by_heads(nature)[:, texts], nature[texts] == Nature.BENIGN
    # A letter that was sent to every organisation is one text, of the weight of all its copies.
    mass = np.asarray(np.bincount(text_of, weight, len(texts)), dtype=np.float64)

    def fitted(seen: Bools) -> TextModel:
        return fit_text_model(rows[texts[seen]], wanted[:, seen], benign[seen], mass[seen])

    for seen in (half, ~half):
        words[:, ~seen] = predict(fitted(seen[texts]), rows[np.flatnonzero(~seen)])
    final = fitted(np.ones(len(texts), dtype=np.bool_))
    say("replaying each organisation's mail for its signals")
    values = np.concatenate([signals_of(each) for each in sets], axis=1)
    names = tuple(ROWS)
    for head, name in enumerate(text_model.HEADS):
        values[ROWS[f"text_model_{name}"]] = words[head]
    signs = signs_of(names)
    asked = (signs != 0) if how.signed_only else np.ones(len(names), dtype=np.bool_)
    used = np.flatnonzero(asked & np.array([name not in UNASKED for name in names]))
    values, names, signs = values[used], tuple(names[at] for at in used), signs[used]
    held_out = np.empty((len(HEADS), len(nature)))
    for seen in (half, ~half):
        say("growing trees on one half, to measure on the other")
        held_out[:, ~seen] = _grow(values[:, seen], names, nature[seen], weight[seen], signs, how)(values[:, ~seen])
    say("growing the trees")
    trees = _grow(values, names, nature, weight, signs, how)
    trees, kept = _only_asked(trees)
    benign = values[kept][:, nature == Nature.BENIGN]
    with np.errstate(all="ignore"):
        ordinary = [_median(row) for row in benign]
    return Trained(final, SignalsModel(trees, tuple(ordinary)), nature, words, held_out)


def _weights(mail: Mailset) -> Floats:
    """What each message of a set counts for: its benign mail together the set's weight, others by the same measure."""
    share = mail.share if mail.share is not None else np.ones(len(mail.nature))
    benign = float(share[mail.nature == Nature.BENIGN].sum())
    return np.asarray(mail.weight * share / (benign or float(share.sum()) or 1.0))


def signals_of(mail: Mailset) -> Floats:
    """Every signal of every message as of its moment, float64[signals, n]; attacks are not learned from."""
    facts = replay(mail.batch, mail.nature == Nature.BENIGN)
    out = np.empty((len(ROWS), len(mail.batch)))
    for start in range(0, len(mail.batch), CHUNK):
        stop = min(start + CHUNK, len(mail.batch))
        part = compute_signals(mail.batch.take(start, stop), facts.take(mail.batch, start, stop))
        out[:, start:stop] = part.some(tuple(ROWS))
    return out


def _grow(
    values: Floats,
    names: tuple[str, ...],
    nature: Natures,
    weight: Floats,
    signs: npt.NDArray[np.int8],
    how: Training,
) -> Trees:
    heads = []
    for number, head in enumerate(HEADS):
        attack: Bools = np.isin(nature, ATTACKS[head])
        if not attack.any():
            attack = nature != Nature.BENIGN
        heavy = weight.copy()
        used = attack | (nature == Nature.BENIGN)
        # A third of the weight is with attacks, whatever their number.
        heavy[attack] *= 0.5 * weight[nature == Nature.BENIGN].sum() / weight[attack].sum()
        ways = {frozenset[str](), frozenset() if how.at_home else UNREAD.get(head, frozenset())}
        members: list[Trees] = []
        for unread in sorted(ways, key=len):
            asked = np.flatnonzero([name not in unread for name in names])
            some = tuple(names[at] for at in asked)
            for _ in range(how.draws):
                seeded = replace(how.boosting, seed=how.boosting.seed + number + len(HEADS) * len(members))
                trees = boost(values[np.ix_(asked, used)], some, attack[used], heavy[used], signs[asked], seeded)
                members.append(replace(trees, signals=names, feature=asked[trees.feature].astype(np.int64)))
        heads.append(mean_of(members))
    return stacked(heads)


def _different(texts: Sequence[Buckets], nature: Natures) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """The first place of each different text, and for each text which of those it is."""
    first: dict[bytes, int] = {}
    places: list[int] = []
    which = np.empty(len(texts), dtype=np.intp)
    for at, buckets in enumerate(texts):
        key = np.sort(buckets).tobytes() + bytes([int(nature[at])])
        if key not in first:
            first[key] = len(places)
            places.append(at)
        which[at] = first[key]
    return np.array(places, dtype=np.intp), which


def _only_asked(trees: Trees) -> tuple[Trees, npt.NDArray[np.intp]]:
    """The trees over the signals they ask for only, and which of those before they are."""
    kept, feature = np.unique(trees.feature, return_inverse=True)
    names = tuple(trees.signals[at] for at in kept)
    asked = feature.reshape(trees.feature.shape).astype(np.int64)
    return replace(trees, signals=names, feature=asked), kept.astype(np.intp)


def _median(row: Floats) -> float:
    known = np.sort(row[~np.isnan(row)])
    return float(known[len(known) // 2]) if 2 * len(known) >= len(row) and len(known) else float("nan")
