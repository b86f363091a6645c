"""Letters in disguise, as attackers write them to get past filters that read words."""

from __future__ import annotations

from collections.abc import Callable

from onboarding.sources.simulated.randomness import Draw


def disguised(subject: str, body: str, draw: Draw) -> tuple[str, str]:
    """A subject and a body in one of the disguises: look-alikes, mathematical letters, zero width, capitals, typos."""
    way = draw.pick(_WAYS)
    return way(subject, draw), way(body, draw)


def _lookalikes(text: str, draw: Draw) -> str:
    """Some Latin letters by Cyrillic ones of the same shape (Unicode UTS 39)."""
    return "".join(_CYRILLIC[c] if c in _CYRILLIC and draw.chance(0.25) else c for c in text)


def _mathematical(text: str, draw: Draw) -> str:
    """Some words in mathematical bold letters, U+1D400 and on."""
    return " ".join(_bold(word) if draw.chance(0.35) else word for word in text.split(" "))


def _bold(word: str) -> str:
    return "".join(
        chr(0x1D41A + ord(c) - 97) if "a" <= c <= "z" else chr(0x1D400 + ord(c) - 65) if "A" <= c <= "Z" else c
        for c in word
    )


def _zero_width(text: str, draw: Draw) -> str:
    """Zero-width non-joiners within words."""
    return "".join(c + "\u200c" if c.isalpha() and draw.chance(0.1) else c for c in text)


def _shouted(text: str, draw: Draw) -> str:
    return "".join(part.upper() if not part.startswith("http") else part for part in _kept(text))


def _kept(text: str) -> list[str]:
    """Words and the spaces between them."""
    out = [""]
    for c in text:
        if c.isspace() != out[-1][:1].isspace():
            out.append("")
        out[-1] += c
    return out


def _misspelt(text: str, draw: Draw) -> str:
    """Neighbouring letters exchanged, one in sixty."""
    letters = list(text)
    for at in range(1, len(letters) - 2):
        if letters[at].isalpha() and letters[at + 1].isalpha() and draw.chance(1 / 60):
            letters[at], letters[at + 1] = letters[at + 1], letters[at]
    return "".join(letters)


_CYRILLIC = dict(zip("aceopxyiABEKMHOPCTX", "асеорхуіАВЕКМНОРСТХ", strict=True))
_WAYS: tuple[Callable[[str, Draw], str], ...] = (_lookalikes, _mathematical, _zero_width, _shouted, _misspelt)
