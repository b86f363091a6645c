"""Letters of other scripts that look like Latin ones, folded to what a reader takes them for.

A selection of the confusables of Unicode Technical Standard 39 section 4, limited to what renders like a small ASCII
letter or digit in common fonts: Cyrillic, Greek, Armenian, Latin letter variants, full-width and
mathematical forms (the last two by compatibility decomposition, NFKD).
"""

from __future__ import annotations

import re
import unicodedata

_PAIRS: dict[str, str] = {
    # Cyrillic, capitals included: a display name shows them
    "а": "a", "А": "A", "в": "b", "В": "B", "ь": "b", "Ь": "b", "с": "c", "С": "C", "ԁ": "d", "е": "e", "Е": "E",
    "ё": "e", "є": "e", "Є": "E", "ғ": "f", "ԍ": "g", "һ": "h", "н": "h", "Н": "H", "і": "i", "І": "I", "ї": "i",
    "Ї": "I", "ј": "j", "Ј": "J", "к": "k", "К": "K", "ӏ": "l", "Ӏ": "I", "м": "m", "М": "M", "п": "n", "о": "o",
    "О": "O", "р": "p", "Р": "P", "ԛ": "q", "г": "r", "ѕ": "s", "Ѕ": "S", "т": "t", "Т": "T", "ц": "u", "ѵ": "v",
    "Ѵ": "V", "ѡ": "w", "ԝ": "w", "Ԝ": "W", "ш": "w", "х": "x", "Х": "X", "у": "y", "У": "Y", "ү": "y", "Ү": "Y",
    "з": "3", "ч": "4", "б": "6",
    # Greek
    "α": "a", "Α": "A", "β": "b", "Β": "B", "ϲ": "c", "Ϲ": "C", "ε": "e", "Ε": "E", "Η": "H", "η": "n", "ι": "i",
    "Ι": "I", "ϳ": "j", "κ": "k", "Κ": "K", "Μ": "M", "ν": "v", "Ν": "N", "ο": "o", "Ο": "O", "ρ": "p", "Ρ": "P",
    "σ": "o", "τ": "t", "Τ": "T", "υ": "u", "Υ": "Y", "χ": "x", "Χ": "X", "ω": "w", "γ": "y", "Ζ": "Z", "μ": "u",
    # Armenian
    "ա": "w", "գ": "q", "զ": "q", "հ": "h", "ո": "n", "ռ": "n", "ս": "u", "օ": "o", "ց": "g", "լ": "l", "յ": "j",
    # Latin letters that do not decompose
    "ı": "i", "ɩ": "i", "ɪ": "i", "ȷ": "j", "ɑ": "a", "ƅ": "b", "ƈ": "c", "ᴄ": "c", "đ": "d", "ð": "d", "ɗ": "d",
    "ɡ": "g", "ɢ": "g", "ħ": "h", "ł": "l", "ⅼ": "l", "ɭ": "l", "ɫ": "l", "ƙ": "k", "ɱ": "m", "ɴ": "n", "ɲ": "n",
    "ŋ": "n", "ƞ": "n", "ø": "o", "Ø": "O", "ᴏ": "o", "ɵ": "o", "ƥ": "p", "þ": "p", "ʀ": "r", "ɾ": "r", "ꜱ": "s",
    "ʂ": "s", "ŧ": "t", "ƭ": "t", "ᴜ": "u", "ʋ": "v", "ᴠ": "v", "ᴡ": "w", "ʏ": "y", "ƴ": "y", "ᴢ": "z", "ƶ": "z",
    "ʐ": "z", "Ł": "L", "Đ": "D", "Ħ": "H", "æ": "ae", "Æ": "AE", "œ": "oe", "Œ": "OE", "ß": "ss", "ſ": "s",
}  # fmt: skip

_TABLE = str.maketrans(_PAIRS)
_MARKS = re.compile("[\u0300-\u036f]+")
_INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0]+"
)
_TWO_SCRIPTS = re.compile("[a-z][\u0370-\u052f\u0531-\u058f]|[\u0370-\u052f\u0531-\u058f][a-z]", re.IGNORECASE)
_OTHER_SCRIPT = re.compile("[\u0370-\u052f\u0531-\u058f]")
_WORD = re.compile(r"[^\W\d_]+")


def fold(text: str) -> str:
    """The text as a reader takes it: look-alike letters as ASCII, diacritics and invisible characters gone, case kept.

    >>> fold("Раураl Ѕérvice")
    'Paypal Service'
    """
    if text.isascii():
        return text
    # Decomposition first, so that an accented Cyrillic letter folds by its base letter.
    return without_marks(text).translate(_TABLE)


def without_marks(text: str) -> str:
    """Compatibility decomposition without diacritics and invisible characters: `ﬁ` is `fi`, `é` is `e`.

    >>> without_marks("Ｊosé")
    'Jose'
    """
    if text.isascii():
        return text
    return _MARKS.sub("", unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)))


def words_of_two_scripts(text: str) -> list[str]:
    """Words that mix Latin letters with Cyrillic, Greek or Armenian ones, as homoglyph attacks do.

    >>> words_of_two_scripts("your pаsswоrd, please")
    ['pаsswоrd']
    """
    if text.isascii() or not _OTHER_SCRIPT.search(text) or not _TWO_SCRIPTS.search(text):
        return []
    return [word for word in _WORD.findall(text) if _TWO_SCRIPTS.search(word)]
