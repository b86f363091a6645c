"""What rehearsed attacks say: several wordings a kind and language, from files that anybody can read and add to.

A wording belongs to one of two sets for good: those that weights are chosen on, and those that recall is reported on. No
text is in both, so the recall that a report shows is of texts that nothing was fitted to.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from itertools import zip_longest

from detection.detectors.registry import AttackKind


class WordingSet(StrEnum):
    """What a wording serves."""

    CHOOSING = "choose"
    REPORTING = "report"


WITHOUT = frozenset({AttackKind.PHISHING, AttackKind.FRAUD})
"""Kinds that only a learned model names: what it finds is rehearsed as the particular kinds that it was learned from."""


@dataclass(frozen=True, slots=True)
class Wording:
    """One text of an attack. `{words}` in it are filled in by `Scene.words` and the recipe; `{link}` stands for its link."""

    name: str
    kind: AttackKind
    language: str
    set: WordingSet
    subject: str
    text: str


class WordingError(Exception):
    """A file of wordings cannot be used. The message names the file and the place."""


@cache
def wordings(kind: AttackKind) -> tuple[Wording, ...]:
    """Every wording of a kind, in the order of its file. Raises WordingError, saying where, for one that is not whole."""
    name = f"{kind}.toml"
    read = tomllib.loads(files("onboarding.rehearsal").joinpath("wordings", name).read_text(encoding="utf-8"))
    found = []
    for at, entry in enumerate(read.get("wording", []), start=1):
        try:
            found.append(
                Wording(
                    name=f"{kind}/{at}",
                    kind=kind,
                    language=str(entry["language"]),
                    set=WordingSet(entry["set"]),
                    subject=str(entry["subject"]),
                    text=str(entry["text"]).strip(),
                )
            )
        except (KeyError, ValueError) as error:
            raise WordingError(f"wording {at} of {name}: {error}") from error
    return tuple(found)


def choose(kind: AttackKind, which: WordingSet, languages: tuple[str, ...]) -> tuple[Wording, ...]:
    """The wordings of a set in these languages, taking turns among them; in English where there are none.

    A kind that has no file has none: `WITHOUT`.
    """
    if kind in WITHOUT:
        return ()
    of_set = [w for w in wordings(kind) if w.set is which]
    spoken = [[w for w in of_set if w.language == code] for code in languages]
    turns = [w for round_ in zip_longest(*spoken) for w in round_ if w is not None]
    return tuple(turns) or tuple(w for w in of_set if w.language == "en")
