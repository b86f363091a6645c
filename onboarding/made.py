"""What was made from what, so that a rerun makes only what is new: a memory, which may be lost at any time.

Nothing is true because it stands here; a step that finds its input unchanged here skips the work that would give what is
on disk already. The file is replaced whole, and one that cannot be read counts as none.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from hashlib import sha256
from pathlib import Path

from detection.mail.batch import SCHEMA
from onboarding.files import write_whole
from onboarding.judged import NOTHING, Judged
from onboarding.layout import TenantLayout

FORMAT = 2
"""Rises when the making of a history from the same parts changes."""


@dataclass(frozen=True, slots=True)
class Made:
    """What the history and the baselines of a tenant were made from."""

    parts: str = ""
    """Digest of the parts that the history in force was made of."""
    history: str = ""
    """Digest of that history."""
    read_by: Mapping[str, int] = field(default_factory=dict)
    """How many of those parts were read by which version of the parser."""
    baselines: Mapping[str, int] = field(default_factory=dict)
    """Version of the baseline by what it was built from: history, version of facts and signals, what people said of it."""
    scored: Mapping[str, Sequence[int]] | None = field(default_factory=dict)
    """With which words of people (`Judged`) the scores of that history were made; None while they are being made."""

    @property
    def said(self) -> Judged | None:
        """`scored`, as what it is; None for anything else than such words."""
        return _judged_of(self.scored) if isinstance(self.scored, Mapping) else None

    def with_baseline(self, built_from: str, version: int, said: Judged) -> Made:
        """The same, and this baseline, its history scored with what people had said."""
        return replace(self, baselines={**self.baselines, built_from: version}, scored=_keys_of(said))


def parts_digest(names: Iterable[str]) -> str:
    """Names a set of parts: a part's own name names its content."""
    digest = sha256(f"{FORMAT}\n{SCHEMA}\n".encode())
    for name in sorted(set(names)):
        digest.update(name.encode("utf-8", "surrogatepass") + b"\n")
    return digest.hexdigest()


def read_made(layout: TenantLayout) -> Made:
    """What is remembered; nothing when there is no memory or it cannot be read."""
    try:
        return Made(**json.loads(layout.made.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return Made()


def remember(layout: TenantLayout, made: Made) -> None:
    """Replaces what is remembered."""
    text = json.dumps(asdict(made), indent=1, sort_keys=True) + "\n"
    write_whole(layout.made, lambda sink: sink.write(text.encode()))


def remember_learned(layout: TenantLayout, baseline: int, parts: Iterable[str] | None, said: Judged = NOTHING) -> None:
    """Keeps which parts of the store a baseline has learned, and what people had said of them; None forgets it."""
    path = _learned_path(layout, baseline)
    if parts is None:
        path.unlink(missing_ok=True)
        _judged_path(layout, baseline).unlink(missing_ok=True)
        return
    keys = json.dumps(_keys_of(said)) + "\n"
    write_whole(_judged_path(layout, baseline), lambda sink: sink.write(keys.encode()))
    text = json.dumps(sorted(set(parts)), indent=0) + "\n"
    write_whole(path, lambda sink: sink.write(text.encode("utf-8", "surrogatepass")))


def learned_parts(layout: TenantLayout, baseline: int) -> frozenset[str] | None:
    """The parts that a baseline has learned; None when that is not known."""
    try:
        return frozenset(json.loads(_learned_path(layout, baseline).read_bytes().decode("utf-8", "surrogatepass")))
    except (OSError, ValueError, TypeError):
        return None


def learned_as(layout: TenantLayout, baseline: int) -> Judged:
    """What people had said when a baseline was learned; nothing for one that was learned before that counted."""
    try:
        return _judged_of(json.loads(_judged_path(layout, baseline).read_bytes()))
    except (OSError, ValueError, TypeError, AttributeError):
        return NOTHING


def _keys_of(said: Judged) -> dict[str, list[int]]:
    return {"attacks": sorted(said.attacks), "safe": sorted(said.safe)}


def _judged_of(keys: Mapping[str, Sequence[int]]) -> Judged:
    return Judged(frozenset(keys.get("attacks", ())), frozenset(keys.get("safe", ())))


def _judged_path(layout: TenantLayout, baseline: int) -> Path:
    return layout.baseline(baseline).with_name(f"{baseline}-judged.json")


def _learned_path(layout: TenantLayout, baseline: int) -> Path:
    return layout.baseline(baseline).with_name(f"{baseline}-parts.json")
