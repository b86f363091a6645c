"""QR codes (ISO/IEC 18004): version 5, error correction L, byte mode, mask 0: enough for a link of 106 bytes."""

from __future__ import annotations

from functools import lru_cache

from onboarding.sources.simulated.files import png

SIDE = 37
"""Modules of a version 5 symbol's side."""
CAPACITY = 106
_DATA, _CHECK = 108, 26
_FORMAT = 0b111011111000100
"""Format information for level L and mask 0, masked (Table C.1)."""
_QUIET = 4
_SCALE = 3


def qr_picture(text: str) -> bytes:
    """A PNG of the QR code that says `text`, with its quiet zone. Raises ValueError when the text is too long."""
    modules = qr_modules(text)
    side = (SIDE + 2 * _QUIET) * _SCALE
    rows = bytearray(b"\xff" * side * side)
    for y in range(SIDE):
        for x in range(SIDE):
            if modules[y][x]:
                for line in range(_SCALE):
                    start = ((y + _QUIET) * _SCALE + line) * side + (x + _QUIET) * _SCALE
                    rows[start : start + _SCALE] = bytes(_SCALE)
    return png(side, side, bytes(rows))


def qr_modules(text: str) -> list[list[bool]]:
    """The symbol's modules, `[row][column]`, True for dark."""
    raw = text.encode()
    if len(raw) > CAPACITY:
        raise ValueError(f"a version 5 QR code holds {CAPACITY} bytes, not {len(raw)}")
    modules, fixed = _patterns()
    words = _codewords(raw)
    bits = ((word >> shift) & 1 for word in (*words, *_check(words)) for shift in range(7, -1, -1))
    for x, y in _places():
        if not fixed[y][x]:
            modules[y][x] = bool(next(bits, 0)) ^ ((x + y) % 2 == 0)
    return modules


def _codewords(raw: bytes) -> list[int]:
    number = (0b0100 << 8 | len(raw)) << 8 * len(raw) | int.from_bytes(raw, "big")
    words = list((number << 4).to_bytes(len(raw) + 2, "big"))
    return words + [(0xEC, 0x11)[i % 2] for i in range(_DATA - len(words))]


def _times(a: int, b: int) -> int:
    """Product in GF(256) modulo x^8 + x^4 + x^3 + x^2 + 1."""
    product = 0
    for shift in range(7, -1, -1):
        product = (product << 1) ^ (product >> 7) * 0x11D
        product ^= (b >> shift & 1) * a
    return product


@lru_cache(maxsize=1)
def _generator() -> tuple[int, ...]:
    poly = [0] * (_CHECK - 1) + [1]
    root = 1
    for _ in range(_CHECK):
        for i in range(_CHECK):
            poly[i] = _times(poly[i], root) ^ (poly[i + 1] if i + 1 < _CHECK else 0)
        root = _times(root, 2)
    return tuple(poly)


def _check(words: list[int]) -> list[int]:
    """Reed-Solomon check words."""
    rest = [0] * _CHECK
    for word in words:
        factor = word ^ rest.pop(0)
        rest.append(0)
        for i, coefficient in enumerate(_generator()):
            rest[i] ^= _times(coefficient, factor)
    return rest


def _patterns() -> tuple[list[list[bool]], list[list[bool]]]:
    """Finder, timing, alignment and format patterns, and which modules they take."""
    modules = [[False] * SIDE for _ in range(SIDE)]
    fixed = [[False] * SIDE for _ in range(SIDE)]

    def put(x: int, y: int, dark: bool) -> None:
        if 0 <= x < SIDE and 0 <= y < SIDE:
            modules[y][x], fixed[y][x] = dark, True

    for i in range(SIDE):
        put(6, i, i % 2 == 0)
        put(i, 6, i % 2 == 0)
    for cx, cy in ((3, 3), (SIDE - 4, 3), (3, SIDE - 4)):
        for dy in range(-4, 5):
            for dx in range(-4, 5):
                put(cx + dx, cy + dy, max(abs(dx), abs(dy)) not in (2, 4))
    for dy in range(-2, 3):
        for dx in range(-2, 3):
            put(30 + dx, 30 + dy, max(abs(dx), abs(dy)) != 1)
    for i in range(15):
        dark = bool(_FORMAT >> i & 1)
        if i < 6:
            put(8, i, dark)
        elif i < 8:
            put(8, i + 1, dark)
        elif i == 8:
            put(7, 8, dark)
        else:
            put(14 - i, 8, dark)
        if i < 8:
            put(SIDE - 1 - i, 8, dark)
        else:
            put(8, SIDE - 15 + i, dark)
    put(8, SIDE - 8, True)
    return modules, fixed


def _places() -> list[tuple[int, int]]:
    """Modules in the order in which data fills them: pairs of columns from the right, up and down in turn."""
    places = []
    upwards = True
    for right in (*range(SIDE - 1, 6, -2), 5, 3, 1):
        for step in range(SIDE):
            y = SIDE - 1 - step if upwards else step
            places += [(right, y), (right - 1, y)]
        upwards = not upwards
    return places
