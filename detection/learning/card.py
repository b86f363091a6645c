"""The model card: what the models were made from and how good they are on mail they had not seen, as Markdown.

Nothing in it depends on when or where it was made, so that training again gives the same card.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Protocol

import numpy as np

from detection import metrics
from detection.detectors.model import HEADS
from detection.learning import words
from detection.learning.labels import Nature
from detection.learning.train import ATTACKS, Mailset, Trained, Training
from detection.mail import ngrams, text_model
from detection.mail.batch import Bools, Floats

RATES = (0.01, 0.001)
_HEADINGS = " | ".join(f"recall at {rate:.1%} false positives" for rate in RATES)
_BINS = (-np.inf, -6.0, -4.0, -3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0, 4.0, 6.0, np.inf)


class Origin(Protocol):
    """A source that training mail came from: its name, and the natures of the letters that it gave."""

    @property
    def name(self) -> str: ...

    @property
    def letters(self) -> Sequence[Natured]: ...


class Natured(Protocol):
    """Anything with a nature."""

    @property
    def nature(self) -> Nature: ...


def card(
    origins: Sequence[Origin], sets: Sequence[Mailset], trained: Trained, how: Training, files: Mapping[str, bytes]
) -> str:
    """The card's text; `files` are the models' bytes by file name."""
    nature, boosting = trained.nature, how.boosting
    trees = trained.signals.trees
    lines = [
        "# Model card",
        "",
        "Made by `gatehouse model train`, which makes the same files again from the same mail.",
        "",
        "| file | bytes | sha256 |",
        "|---|---|---|",
        *(f"| `{name}` | {len(content):,} | `{sha256(content).hexdigest()}` |" for name, content in files.items()),
        "",
        "## Training mail",
        "",
        "Every set weighs what is given here, whatever its size. Attacks are never learned from as history.",
        "",
        "| set | weight | " + " | ".join(each.name.lower() for each in Nature) + " |",
        "|---|---|" + "---|" * len(Nature),
        *(
            f"| `{each.name}` | {each.weight:g} | "
            + " | ".join(f"{int((each.nature == kind).sum()):,}" for kind in Nature)
            + " |"
            for each in sets
        ),
        "",
        "Into these sets were sent, in the headers of their own mail and in their time, letters of the following sources "
        "(each to some of the sets), and benign mail that the sets lend each other:",
        "",
        "| source of letters | " + " | ".join(each.name.lower() for each in Nature) + " |",
        "|---|" + "---|" * len(Nature),
        *(
            f"| `{each.name}` | "
            + " | ".join(f"{sum(one.nature == kind for one in each.letters):,}" for kind in Nature)
            + " |"
            for each in origins
            if each.letters
        ),
        "",
        "## Parameters",
        "",
        f"* Text model: {len(text_model.HEADS)} logistic regressions ({', '.join(text_model.HEADS)}, each against benign "
        f"mail) over words, word pairs and "
        f"{ngrams.CHARACTERS}-grams of characters in the first {ngrams.LONGEST:,} bytes of subject and own text, hashed to "
        f"{ngrams.BUCKETS:,} buckets; {words.STEPS} accelerated gradient steps of {words.STEP:g}, shrinkage "
        f"{words.SHRINKAGE:g}; weights in 8 bits.",
        f"* Model over signals: {trees.feature.shape[1]} oblivious trees of depth {trees.feature.shape[0]} "
        f"({', '.join(HEADS)}) over {len(trees.signals)} signals, "
        + ("monotone in the direction that the heuristic detectors declare; " if how.signed_only else "")
        + f"the mean of {how.draws} draws"
        + ("; " if how.at_home else ", for phishing of as many more that read no words; ")
        + f"rate {boosting.rate:g}, l2 {boosting.l2:g}, {boosting.bins} bins, {boosting.signals_a_tree:g} of the signals "
        f"a tree, seed {boosting.seed}.",
        "",
        "## Held-out quality",
        "",
        "Measured on the half of the mail whose recipes (kinds of simulated attack, shapes of subject) the fitted half "
        "does not have, both ways round. It says how the models carry over to unseen wordings of the same sources, not "
        "to other organisations: `make evaluate` measures that.",
        "",
        f"| model | attacks | benign | area under the curve | {_HEADINGS} |",
        "|---|---|---|---|" + "---|" * len(RATES),
        *(
            _quality(f"text, {head}", trained.held_out_text[row], nature == Nature[head.upper()], nature)
            for row, head in enumerate(text_model.HEADS)
        ),
        *(
            _quality(f"signals, {head}", trained.held_out[row], np.isin(nature, ATTACKS[head]), nature)
            for row, head in enumerate(HEADS)
        ),
        "",
        "## Calibration curve",
        "",
        "Held-out mail by the log-odds that the model over signals gave it. Decisions do not read these as "
        "probabilities: each tenant's own mail says how rare a score is there.",
        "",
        *_curve(trained),
        "",
        "## Meant for, and not",
        "",
        "For ranking mail within a tenant that was calibrated with these models. Labels of simulated mail are those of "
        "its recipes, whose wordings are few; languages are those of the sets above. No text can be read back from "
        "the files: a bucket stands for hundreds of n-grams.",
        "",
    ]
    return "\n".join(lines)


def _quality(name: str, odds: Floats, attack: Bools, nature: words.Natures) -> str:
    benign = nature == Nature.BENIGN
    scores = np.where(np.isnan(odds), -np.inf, odds)
    if not attack.any():
        return f"| {name} | 0 | {int(benign.sum()):,} | - |" + " - |" * len(RATES)
    area = metrics.auc(scores[attack], scores[benign])
    recalls = [metrics.recall_at(scores[attack], scores[benign], rate) for rate in RATES]
    shown = " | ".join(f"{r.value:.3f} [{r.low:.3f}, {r.high:.3f}]" for r in recalls)
    return f"| {name} | {int(attack.sum()):,} | {int(benign.sum()):,} | {area.value:.4f} | {shown} |"


def _curve(trained: Trained) -> list[str]:
    lines = [
        "| log-odds | " + " | ".join(f"{head}: messages, attacks" for head in HEADS) + " |",
        "|---|" + "---|" * len(HEADS),
    ]
    for low, high in pairwise(_BINS):
        cells = []
        for row, head in enumerate(HEADS):
            attack = np.isin(trained.nature, ATTACKS[head])
            asked = attack | (trained.nature == Nature.BENIGN)
            within = asked & (trained.held_out[row] > low) & (trained.held_out[row] <= high)
            n, hits = int(within.sum()), int((within & attack).sum())
            cells.append(f"{n:,}, {hits / n:.1%}" if n else "0")
        lines.append(f"| {low:g} to {high:g} | " + " | ".join(cells) + " |")
    return lines
