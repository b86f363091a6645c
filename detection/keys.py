"""The one way text and identities become 64-bit keys.

Facts, columns and look-ups all speak in keys, so that a baseline holds no address in the clear on its hot path
and two spellings of one rule cannot drift apart.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
import numpy.typing as npt

Keys = npt.NDArray[np.uint64]

NO_KEY = 0
"""The key of a value that is not there. No text hashes to it (probability 2**-64; `key_of` maps it to 1)."""


def key_of(text: str) -> int:
    """The key of one text: 64 bits of BLAKE2b over its UTF-8; the empty text is `NO_KEY`.

    >>> key_of("")
    0
    >>> key_of("a@example.com") == key_of("a@example.com")
    True
    """
    if not text:
        return NO_KEY
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") or 1


def combine(first: Keys, *rest: Keys) -> Keys:
    """Keys of ordered tuples, element by element (splitmix64 finaliser: Steele, Lea and Flood 2014).

    `combine(a, b)` differs from `combine(b, a)`. If any part is `NO_KEY` the result is `NO_KEY`: a pair with an
    unknown half is unknown.
    """
    missing = first == NO_KEY
    mixed = _finalise(first.copy())
    for part in rest:
        missing |= part == NO_KEY
        mixed ^= part
        mixed += _GOLDEN
        mixed = _finalise(mixed)
    np.maximum(mixed, _ONE, out=mixed)
    mixed[missing] = NO_KEY
    return mixed


_GOLDEN, _ONE = np.uint64(0x9E3779B97F4A7C15), np.uint64(1)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)
_BY_30, _BY_27, _BY_31 = np.uint64(30), np.uint64(27), np.uint64(31)


def _finalise(x: Keys) -> Keys:
    """In place: of many keys the cost is memory. Products of arrays wrap around, without a warning."""
    x ^= x >> _BY_30
    x *= _FIRST
    x ^= x >> _BY_27
    x *= _SECOND
    x ^= x >> _BY_31
    return x
