"""Which language a text is in, guessed from its alphabet and its commonest words: good enough to notice a change of habit."""

from __future__ import annotations

import re
from collections import Counter
from itertools import chain
from typing import NamedTuple

from detection.mail.lists import grouped

LANGUAGES = (
    "en", "es", "de", "fr", "pt", "it", "nl", "pl", "ja", "zh",
    "ko", "ru", "ar", "he", "el", "th", "hi", "sv", "tr",
)  # fmt: skip
"""ISO 639-1 codes; a message's `language` is an index into these. New ones are added at the end only."""

UNKNOWN_LANGUAGE = -1
LOOKED_AT = 600
"""Characters of a text that decide."""
FEWEST_WORDS = 3
"""Stop-words of one language that must be seen."""

_LANGUAGES_OF: dict[str, tuple[int, ...]] = {}
for _code, _words in grouped("stop_words.txt").items():
    for _word in _words:
        _LANGUAGES_OF[_word] = (*_LANGUAGES_OF.get(_word, ()), LANGUAGES.index(_code))

_ALPHABETS = (
    ("ja", re.compile("[\u3041-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0430-\u044f]")),
    ("ar", re.compile("[\u0621-\u064a]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
    ("el", re.compile("[\u03b1-\u03c9]")),
    ("th", re.compile("[\u0e01-\u0e3a]")),
    ("hi", re.compile("[\u0905-\u0939]")),
)
_SOME_ALPHABET = re.compile("[\u0391-\u1fff\u3041-\ud7a3]")
_SHARE_OF_ALPHABET = 0.1


class Language(NamedTuple):
    """Which language a text is in, as far as one can tell, and which it may be in."""

    best: int
    """Index into `LANGUAGES`, or `UNKNOWN_LANGUAGE` for a text too short, in none of them or in two alike."""
    possible: tuple[int, ...]
    """Every language of which there is some sign, the likeliest first."""


def language_of(text: str) -> Language:
    """The language of a text, from its first characters.

    >>> LANGUAGES[language_of("Bitte senden Sie die Rechnung an uns und nicht an die Bank").best]
    'de'
    """
    text = text[:LOOKED_AT]
    if not text.isascii() and _SOME_ALPHABET.search(text):
        least = max(2, _SHARE_OF_ALPHABET * len(text))
        for code, alphabet in _ALPHABETS:
            if len(alphabet.findall(text)) >= least:
                index = LANGUAGES.index(code)
                return Language(index, (index,))
    known = filter(_LANGUAGES_OF.__contains__, text.lower().split())
    votes = Counter(chain.from_iterable(map(_LANGUAGES_OF.__getitem__, known)))
    if not votes:
        return _NO_LANGUAGE
    possible = tuple(sorted(votes, key=votes.__getitem__, reverse=True))
    best = possible[0]
    clear = votes[best] >= FEWEST_WORDS and (len(possible) == 1 or votes[best] > votes[possible[1]])
    return Language(best if clear else UNKNOWN_LANGUAGE, possible)


_NO_LANGUAGE = Language(UNKNOWN_LANGUAGE, ())
