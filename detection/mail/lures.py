"""Phrases that attackers live by, by intent, in the ten most used languages of business mail; all found in one pass.

The phrases lie in `data/lures/LANGUAGE.txt`: a line `[intent]` opens an intent, every further line is one phrase. A
phrase is an RE2 pattern over text as `plain` makes it: lower case, no diacritics, straight quotes, no invisible
characters, compatibility forms folded. A space in a phrase stands for any run of white space; where a phrase begins or
ends with an ASCII letter or digit, a word has to begin or end there.
"""

from __future__ import annotations

import re
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
)
"""What a phrase is after; each has a column `lure_INTENT`."""

LANGUAGES_WITH_LURES = ("en", "es", "de", "fr", "pt", "it", "nl", "pl", "ja", "zh")

_QUOTES = (("’", "'"), ("‘", "'"), ("´", "'"), ("`", "'"), ("“", '"'), ("”", '"'), ("‐", "-"), ("‑", "-"))
_HEADING = re.compile(r"\[([a-z_]+)\]")
_MEMORY = 256 << 20
"""Bytes RE2 may use for its automaton. Built lazily: real mail needs a small part of it."""


def plain(text: str) -> str:
    """Text as phrases are written: lower case, no diacritics or invisible characters, straight quotes.

    >>> plain("Vérifiez\\u00a0l’ADRESSE")
    "verifiez l'adresse"
    """
    if not text.isascii():
        for curly, straight in _QUOTES:
            text = text.replace(curly, straight)
        text = without_marks(text)
    return text.lower()


def phrases(language: str) -> tuple[tuple[str, str], ...]:
    """Intent and phrase of every line of a language's file. Raises ValueError for a line before any intent or an unknown intent."""
    return _phrases_in(DATA / "lures" / f"{language}.txt")


def intents_in(text: str) -> tuple[int, ...]:
    """How many different phrases of each intent occur in a text made by `plain`, in the order of `INTENTS`."""
    counts = [0] * len(INTENTS)
    for index in _SET.Match(text) or ():
        counts[_INTENT_OF[index]] += 1
    return tuple(counts)


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
            found.append((intent, line))
    return tuple(found)


def _pattern(phrase: str) -> str:
    """The RE2 pattern of a phrase."""
    pattern = without_marks(phrase).replace(" ", r"\s+")
    first, last = phrase[0], phrase[-1]
    # RE2 knows word boundaries of ASCII only; groups are taken to begin and end with what their alternatives do.
    begins = re.match(r"\(*[a-z0-9\\]", phrase) is not None
    return rf"\b(?:{pattern})" if begins and first and last else f"(?:{pattern})"


def _compiled() -> tuple[re2.Set, list[int]]:
    options = re2.Options()
    options.never_capture = True
    options.case_sensitive = True
    options.max_mem = _MEMORY
    options.log_errors = False
    matcher = re2.Set.SearchSet(options)
    intent_of = []
    for language in LANGUAGES_WITH_LURES:
        for intent, phrase in phrases(language):
            matcher.Add(_pattern(phrase))
            intent_of.append(INTENTS.index(intent))
    matcher.Compile()
    return matcher, intent_of


_SET, _INTENT_OF = _compiled()
