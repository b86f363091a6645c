"""Keys of texts that come again and again (addresses, hosts, charsets), remembered within bounds."""

from __future__ import annotations

from functools import lru_cache

from detection.keys import key_of

_LONGEST_REMEMBERED = 256


def recurring_key(text: str) -> int:
    """`key_of(text)`, from memory for short texts seen lately. Long ones are not kept: an attacker chooses them."""
    return _remembered(text) if len(text) <= _LONGEST_REMEMBERED else key_of(text)


_remembered = lru_cache(maxsize=1 << 16)(key_of)
