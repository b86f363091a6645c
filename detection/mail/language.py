"""Which language a text is in, guessed from its alphabet and its commonest words: good enough to notice a change of habit."""

from __future__ import annotations

import re
from typing import NamedTuple

LANGUAGES = (
    "en", "es", "de", "fr", "pt", "it", "nl", "pl", "ja", "zh",
    "ko", "ru", "ar", "he", "el", "th", "hi", "sv", "tr",
)  # fmt: skip
"""ISO 639-1 codes; a message's `language` is an index into these. New ones are added at the end only."""

UNKNOWN_LANGUAGE = -1
LOOKED_AT = 800
"""Characters of a text that decide."""
FEWEST_WORDS = 3
"""Stop-words of one language that must be seen."""

# Words that are common in one language and rare in the others; words of two languages would vote for both and are left out.
_STOP_WORDS = {
    "en": "the and of to for is that with you your this are we have be will from please our not it on by if can has was would",
    "es": "el los las una por para con que su usted este esta del como está sus pero más hola gracias al nuestro puede",
    "de": "und der die das ist nicht mit sie ihre ihr für den dem ein eine wir bitte auf ich von zu haben sind wird oder",
    "fr": "le les des et est vous votre nous pour dans une pas avec sur ce cette qui bonjour merci du au avez vos être",
    "pt": "você não uma para com seu sua os em no na do da por favor obrigado são mais este sobre ao pelo",
    "it": "il che di per una non con sono della del gli le questo grazie suo è si più alla nel buongiorno vostro",
    "nl": "het een van en voor niet dat met uw wij zijn op te deze bij om naar aan ons wordt kunt graag",
    "pl": "się nie jest na do że dla oraz proszę jak został dziękuję państwa przez od po może tym dzień dobry",
    "sv": "och att det som är för inte på av med den har till din ditt vi om från",
    "tr": "ve bir için bu ile olarak sayın olan değil lütfen daha gibi size sizin ne kadar",
}
_LANGUAGES_OF: dict[str, tuple[int, ...]] = {}
for _code, _words in _STOP_WORDS.items():
    for _word in _words.split():
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
    seen = [_LANGUAGES_OF[word] for word in text.lower().split() if word in _LANGUAGES_OF]
    if not seen:
        return _NO_LANGUAGE
    votes: dict[int, int] = {}
    for languages in seen:
        for language in languages:
            votes[language] = votes.get(language, 0) + 1
    possible = tuple(sorted(votes, key=votes.__getitem__, reverse=True))
    best = possible[0]
    clear = votes[best] >= FEWEST_WORDS and (len(possible) == 1 or votes[best] > votes[possible[1]])
    return Language(best if clear else UNKNOWN_LANGUAGE, possible)


_NO_LANGUAGE = Language(UNKNOWN_LANGUAGE, ())
