"""Phrases that attackers live by, by intent, in the ten most used languages of business mail; each language in one pass.

The phrases lie in `data/lures/LANGUAGE.txt`: a line `[intent]` opens an intent, every further line is one phrase. A
phrase is an RE2 pattern over text as `plain` makes it: lower case, no diacritics, straight quotes, no invisible
characters, compatibility forms folded, any run of white space one space. Where a phrase begins with an ASCII letter or
digit, a word has to begin there.

One automaton looks for all phrases of a language at once (`re2.Set`). Gaps (`( \\S+){0,5}`, `.{0,40}`) would multiply
its states, so a phrase with gaps between its parts is looked for by the parts, and only a text that holds them all is
searched for the phrase itself.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import re2

from detection.mail.confusables import without_marks
from detection.mail.lists import DATA

INTENTS = (
    "credential",
    "account_threat",
    "payment",
    "invoice",
    "bank_change",
    "payroll",
    "gift_card",
    "secrecy",
    "urgency",
    "task",
    "callback",
    "extortion",
    "document_share",
    "advance_fee",
    "file_password",
    "qr_code",
)
"""What a phrase is after; each has a column `lure_INTENT`."""

LANGUAGES_WITH_LURES = ("en", "es", "de", "fr", "pt", "it", "nl", "pl", "ja", "zh")

_QUOTES = (("’", "'"), ("‘", "'"), ("´", "'"), ("`", "'"), ("“", '"'), ("”", '"'), ("‐", "-"), ("‑", "-"))
_HEADING = re.compile(r"\[([a-z_]+)\]")
_GAP = re.compile(r"(?:\( \\S\+\)(?:\?|\{0,\d+\})| ?\.\{0,\d+\} ?)(?: \?)?")
_SHORTEST_PART = 10
"""Characters of a part's pattern from which it is worth looking for: "(to|for)" is everywhere."""
_MEMORY = 128 << 20
"""Bytes RE2 may use for one automaton, built as texts need it; what real mail needs is a small part of that."""


def plain(text: str) -> str:
    """Text as phrases are written: lower case, no diacritics or invisible characters, straight quotes, single spaces.

    >>> plain("Vérifiez\\u00a0l’ADRESSE")
    "verifiez l'adresse"
    """
    if not text.isascii():
        for curly, straight in _QUOTES:
            text = text.replace(curly, straight)
        text = without_marks(text)
    return " ".join(text.split()).lower()


def phrases(language: str) -> tuple[tuple[str, str], ...]:
    """Intent and phrase of every line of a language's file.

    Raises ValueError, naming file and line, for a line before any intent, an unknown intent or a pattern RE2 refuses.
    """
    return _phrases_in(DATA / "lures" / f"{language}.txt")


def intents_in(text: bytes, language: str) -> tuple[int, ...]:
    """How many different phrases of each intent a text holds in one language, in the order of `INTENTS`.

    The text is the UTF-8 of what `plain` makes, which spares every automaton its own encoding.
    """
    matcher = _matcher(language)
    hits = matcher.parts.Match(text)
    return _NONE if not hits else matcher.counts(text, hits)


_NONE = (0,) * len(INTENTS)


@dataclass(frozen=True, slots=True)
class _Gapped:
    """A phrase with gaps: its intent, how many of its parts the automaton knows, and the whole (a set of one: cheap to ask)."""

    intent: int
    parts: int
    whole: re2.Set


@dataclass(frozen=True, slots=True)
class _Matcher:
    """The phrases of one language. Of each part that the automaton knows: intents it proves, gapped phrases it hints at."""

    parts: re2.Set
    proves: tuple[tuple[int, ...], ...]
    hints: tuple[tuple[int, ...], ...]
    gapped: tuple[_Gapped, ...]

    def counts(self, text: bytes, hits: list[int]) -> tuple[int, ...]:
        counts = [0] * len(INTENTS)
        hinted: dict[int, int] = {}
        for hit in hits:
            for intent in self.proves[hit]:
                counts[intent] += 1
            for phrase in self.hints[hit]:
                hinted[phrase] = hinted.get(phrase, 0) + 1
        for index, seen in hinted.items():
            gapped = self.gapped[index]
            if seen == gapped.parts and gapped.whole.Match(text):
                counts[gapped.intent] += 1
        return tuple(counts)


@cache
def _matcher(language: str) -> _Matcher:
    options = _options()
    matcher = re2.Set.SearchSet(options)
    index_of: dict[str, int] = {}
    proves: list[list[int]] = []
    hints: list[list[int]] = []
    gapped: list[_Gapped] = []

    def known(part: str) -> int:
        if part not in index_of:
            index_of[part] = len(proves)
            matcher.Add(part)
            proves.append([])
            hints.append([])
        return index_of[part]

    for name, phrase in phrases(language):
        intent = INTENTS.index(name)
        parts = _parts(phrase)
        if parts == [phrase]:
            proves[known(_pattern(phrase))].append(intent)
        else:
            places = {known(_pattern(part)) for part in parts}
            for place in places:
                hints[place].append(len(gapped))
            whole = re2.Set.SearchSet(options)
            whole.Add(_pattern(phrase))
            whole.Compile()
            gapped.append(_Gapped(intent, len(places), whole))
    matcher.Compile()
    return _Matcher(matcher, tuple(map(tuple, proves)), tuple(map(tuple, hints)), tuple(gapped))


def _options() -> re2.Options:
    options = re2.Options()
    options.never_capture = True
    options.max_mem = _MEMORY
    options.log_errors = False
    return options


def _phrases_in(path: Path) -> tuple[tuple[str, str], ...]:
    found = []
    intent = ""
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        heading = _HEADING.fullmatch(line)
        if heading:
            intent = heading.group(1)
            if intent not in INTENTS:
                raise ValueError(f"{path.name}, line {number}: no intent is called {intent}")
        elif not intent:
            raise ValueError(f"{path.name}, line {number}: a phrase stands before the first [intent]")
        else:
            try:
                re2.compile(_pattern(line), _options())
            except re2.error as error:
                raise ValueError(f"{path.name}, line {number}: RE2 refuses this phrase: {error}") from error
            found.append((intent, line))
    return tuple(found)


def _parts(phrase: str) -> list[str]:
    """What a phrase surely contains: the pieces between its gaps, or the phrase itself when no gap stands between groups."""
    pieces = []
    start = 0
    for gap in _GAP.finditer(phrase):
        if _depth(phrase[: gap.start()]) == 0:
            pieces.append(phrase[start : gap.start()])
            start = gap.end()
    if not pieces:
        return [phrase]
    pieces.append(phrase[start:])
    telling = [piece for raw in pieces if len(piece := raw.strip()) >= _SHORTEST_PART and not re.fullmatch(piece, "")]
    return telling or [phrase]


def _depth(pattern: str) -> int:
    bare = pattern.replace("\\(", "").replace("\\)", "")
    return bare.count("(") - bare.count(")")


def _pattern(phrase: str) -> str:
    """The RE2 pattern of a phrase or a part. RE2 knows word boundaries of ASCII only; a group begins as its alternatives do."""
    pattern = without_marks(phrase)
    return rf"\b(?:{pattern})" if re.match(r"\(*[a-z0-9\\]", pattern) else f"(?:{pattern})"
