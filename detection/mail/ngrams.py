"""Hashed word and character n-grams of a text, with array operations over its bytes.

No text is kept: what leaves this module are bucket numbers, each standing for some hundreds of different n-grams.
"""

from __future__ import annotations

from collections.abc import Sequence
from threading import local

import numpy as np
import numpy.typing as npt

BITS = 18
BUCKETS = 1 << BITS
LONGEST = 4_000
"""Bytes of text that are read: attackers come to the point, and what follows are signatures and terms."""
CHARACTERS = 5
"""Length of the character n-grams: they find the lure in words misspelt on purpose and in compounds."""

_BASE = 0x9E3779B97F4A7C15
_MIX = np.uint64(0xD1342543DE82EF95)
_SHIFT = np.uint64(64 - BITS)
_PAIR = np.uint64(0xA24BAED4963EE407)
_WORD_SALT = np.uint64(0x8CB92BA72F3D8DD7)
_PAIR_SALT = np.uint64(0x589965CC75374CC3)

Buckets = npt.NDArray[np.int64]


def buckets_of(text: bytes) -> Buckets:
    """The different buckets of a text's words, word pairs and character n-grams, int64[k]; their order says nothing.

    `text` is UTF-8 in lower case with single spaces (`detection.mail.lures.plain`); what lies behind the first
    `LONGEST` bytes is not read. Digits are all alike and punctuation separates. The hash of a stretch of bytes is
    the polynomial over them modulo 2**64 (Karp and Rabin 1987), from prefix sums: a dozen operations a text, however
    many words it has.
    """
    codes = _CODES[np.frombuffer(text, dtype=np.uint8, count=min(len(text), LONGEST))]
    n = len(codes)
    sums = _zeros(n + 1)
    np.cumsum(codes * _POWERS[:n], out=sums[1:])
    within = np.zeros(n + 2, dtype=np.int8)
    np.not_equal(codes, _SPACE, out=within[1:-1].view(np.bool_))
    edges = np.flatnonzero(within[1:] != within[:-1])
    starts, stops = edges[::2], edges[1::2]
    words = (sums[stops] - sums[starts]) * _INVERSES[starts]
    pairs = words[:-1] * _PAIR + words[1:] + _PAIR_SALT
    parts = [words + _WORD_SALT, pairs]
    if n > CHARACTERS:
        parts.append((sums[CHARACTERS:] - sums[:-CHARACTERS]) * _INVERSES[: n + 1 - CHARACTERS])
    return _different(_bucket(np.concatenate(parts)))


def buckets_of_each(texts: Sequence[bytes]) -> list[Buckets]:
    """`buckets_of` each text, in the order given: a dozen operations for some texts together instead of for each."""
    found: list[Buckets] = []
    start, size = 0, 0
    for at, text in enumerate(texts):
        size += min(len(text), LONGEST) + 1
        if size > _TOGETHER:
            found += _together(texts[start:at])
            start, size = at, min(len(text), LONGEST) + 1
    return found + _together(texts[start:])


_TOGETHER = 4 * LONGEST
"""Bytes of texts that are read together: their sums should stay in the processor's nearest memory."""


def _together(texts: Sequence[bytes]) -> list[Buckets]:
    """`buckets_of` each of a few texts. They stand behind one another with a space between, which parts words."""
    if not texts:
        return []
    cut = [text[:LONGEST] for text in texts]
    codes = _CODES[np.frombuffer(b" ".join(cut), dtype=np.uint8)]
    n = len(codes)
    sums = _zeros(n + 1)
    np.cumsum(codes * _POWERS[:n], out=sums[1:])
    within = np.zeros(n + 2, dtype=np.int8)
    np.not_equal(codes, _SPACE, out=within[1:-1].view(np.bool_))
    edges = np.flatnonzero(within[1:] != within[:-1])
    starts, stops = edges[::2], edges[1::2]
    words = (sums[stops] - sums[starts]) * _INVERSES[starts]
    pairs = _bucket(words[:-1] * _PAIR + words[1:] + _PAIR_SALT)
    single = _bucket(words + _WORD_SALT)
    grams = _bucket((sums[CHARACTERS:] - sums[:-CHARACTERS]) * _INVERSES[: max(0, n + 1 - CHARACTERS)])
    found = []
    begin = 0
    firsts = np.searchsorted(starts, np.cumsum([len(text) + 1 for text in cut])).tolist()
    first = 0
    for text, last in zip(cut, firsts, strict=True):
        # Of a text's last word and characters on, pairs and n-grams reach into the next text.
        parts = [single[first:last], pairs[first : max(last - 1, first)]]
        if len(text) > CHARACTERS:
            parts.append(grams[begin : begin + len(text) + 1 - CHARACTERS])
        found.append(_different(np.concatenate(parts)))
        begin += len(text) + 1
        first = last
    return found


def _bucket(hashed: npt.NDArray[np.uint64]) -> Buckets:
    hashed *= _MIX
    hashed >>= _SHIFT
    return hashed.view(np.int64)


def word_count(text: bytes) -> int:
    """Words of a text as far as it is read."""
    return len(text[:LONGEST].split())


def _different(buckets: Buckets) -> Buckets:
    """Each bucket once: the one entry that finds itself again after all have written their place into their bucket."""
    places = _PLACES[: len(buckets)]
    last = _scratch.last
    last[buckets] = places
    return np.asarray(buckets[last[buckets] == places])


class _Scratch(local):
    """Where buckets are marked: one array a thread, as making one takes longer than all the rest."""

    def __init__(self) -> None:
        self.last = np.zeros(BUCKETS, dtype=np.uint16)


_scratch = _Scratch()
_PLACES = np.arange(3 * LONGEST, dtype=np.uint16)


def _zeros(n: int) -> npt.NDArray[np.uint64]:
    sums = np.empty(n, dtype=np.uint64)
    sums[0] = 0
    return sums


def _powers(base: int) -> npt.NDArray[np.uint64]:
    powers, power = [], 1
    for _ in range(_TOGETHER + LONGEST + 1):
        powers.append(power)
        power = power * base % 2**64
    return np.array(powers, dtype=np.uint64)


def _codes() -> npt.NDArray[np.uint64]:
    """What each byte counts as: letters and bytes of other scripts as themselves, digits as 0, all else as a space."""
    codes = np.full(256, 0x20, dtype=np.uint64)
    for byte in range(256):
        if chr(byte).isascii():
            if chr(byte).isalpha():
                codes[byte] = ord(chr(byte).lower())
            elif chr(byte).isdigit():
                codes[byte] = ord("0")
        else:
            codes[byte] = byte
    return codes


_SPACE = np.uint64(0x20)
_CODES = _codes()
_POWERS = _powers(_BASE)
_INVERSES = _powers(pow(_BASE, -1, 2**64))
